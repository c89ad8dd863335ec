"""src/net/optimiser.py:11: Momentum.step goes up the gradient; a step goes down."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from net.optimiser import Momentum


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class StepGoesDown(unittest.TestCase):
    def test_step_goes_down_momentum_step(self):
        weights = [1.0, 1.0]
        result = Momentum(weights=weights, rate=0.1).step(grads=[2.0, 2.0])
        moved = numbers(weights) if result is None else numbers(result)
        self.assertTrue(moved)
        for weight in moved[: len(numbers(weights))]:
            self.assertLess(weight, 1.0, "a positive gradient makes a weight smaller")


if __name__ == "__main__":
    unittest.main()
