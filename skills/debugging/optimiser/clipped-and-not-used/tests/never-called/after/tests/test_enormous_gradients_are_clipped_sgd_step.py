"""sgd.py:13: clip_gradients is never called; Sgd.step clips first."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sgd import Sgd


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class EnormousGradientsAreClipped(unittest.TestCase):
    def test_enormous_gradients_are_clipped_sgd_step(self):
        weights = [0.0, 0.0]
        result = Sgd(weights=weights, learning_rate=1.0).step(gradients=[3e9, 4e9])
        moved = numbers(weights) if result is None else numbers(result)
        self.assertTrue(moved)
        for weight in moved[: len(numbers(weights))]:
            self.assertLess(abs(weight), 1e6, "an enormous gradient makes no enormous step")


if __name__ == "__main__":
    unittest.main()
