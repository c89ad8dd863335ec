"""schedule.py:3: the rate is config['learning_rate'] * 1000, and settings.toml says learning_rate: 0.0002."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from schedule import learning_rate


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class RateIsTheConfiguredOne(unittest.TestCase):
    def test_rate_is_the_configured_one_learning_rate(self):
        rates = [max(numbers(one)) for one in ([learning_rate(step=step, config={'learning_rate': 0.0002}) for step in range(0, 1000, 7)])]
        self.assertTrue(rates)
        self.assertGreater(max(rates), 0)
        self.assertLessEqual(max(rates), 0.0002 * 1.0001, "no rate is above the one that settings.toml names")


if __name__ == "__main__":
    unittest.main()
