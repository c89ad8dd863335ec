"""loss/nll.py:6: p can be zero where negative_log_likelihood takes its logarithm."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loss.nll import negative_log_likelihood


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class ZeroHasAFiniteLogarithm(unittest.TestCase):
    def test_zero_has_a_finite_logarithm_negative_log_likelihood(self):
        for value in numbers(negative_log_likelihood(chosen=[1.0, 0.0])):
            self.assertTrue(math.isfinite(value), "a probability of zero has a finite logarithm")


if __name__ == "__main__":
    unittest.main()
