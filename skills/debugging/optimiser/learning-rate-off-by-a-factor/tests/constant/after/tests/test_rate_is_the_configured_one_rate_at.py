"""train/schedule.py:4: the rate is 3, and config.json says learning_rate: 0.003."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train.schedule import rate_at


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class RateIsTheConfiguredOne(unittest.TestCase):
    def test_rate_is_the_configured_one_rate_at(self):
        rates = [max(numbers(one)) for one in ([rate_at(step=step, total_steps=1000) for step in range(0, 1000, 7)])]
        self.assertTrue(rates)
        self.assertGreater(max(rates), 0)
        self.assertLessEqual(max(rates), 0.003 * 1.0001, "no rate is above the one that config.json names")


if __name__ == "__main__":
    unittest.main()
