"""optim/step.py:10: what clip_by_norm gives back is dropped; it is used."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from optim.step import apply_step


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class EnormousGradientsAreClipped(unittest.TestCase):
    def test_enormous_gradients_are_clipped_apply_step(self):
        weights = [0.0, 0.0]
        result = apply_step(weights=weights, gradients=[3e9, 4e9], rate=1.0)
        moved = numbers(weights) if result is None else numbers(result)
        self.assertTrue(moved)
        for weight in moved[: len(numbers(weights))]:
            self.assertLess(abs(weight), 1e6, "an enormous gradient makes no enormous step")


if __name__ == "__main__":
    unittest.main()
