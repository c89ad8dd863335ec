"""loss/masked.py:3: masked_mean counts what its mask leaves out."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loss.masked import masked_mean


def numbers(value):
    """Every number in it, whatever lies around them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


class MaskMarksWhatCounts(unittest.TestCase):
    def test_mask_marks_what_counts_masked_mean(self):
        values = numbers(masked_mean(losses=[1.0, 3.0, 9000.0], mask=[1, 1, 0]))
        self.assertTrue(values)
        for value in values:
            self.assertLess(abs(value), 100, "what the mask leaves out does not count")
        self.assertGreater(max(values), 0)


if __name__ == "__main__":
    unittest.main()
