"""normalise.py:14: spread can be zero, and Running.take divides by it."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from normalise import Running


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class EqualValuesAreFinite(unittest.TestCase):
    def test_equal_values_are_finite_running_take(self):
        for value in numbers(Running().take(batch=[1.0, 1.0, 1.0])):
            self.assertTrue(math.isfinite(value), "equal values have a finite result")


if __name__ == "__main__":
    unittest.main()
