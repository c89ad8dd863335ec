"""rl.py:11: std can be zero, and advantages divides by it."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rl import advantages


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class EqualValuesAreFinite(unittest.TestCase):
    def test_equal_values_are_finite_advantages(self):
        for value in numbers(advantages(rewards=[1.0, 1.0, 1.0])):
            self.assertTrue(math.isfinite(value), "equal values have a finite result")


if __name__ == "__main__":
    unittest.main()
