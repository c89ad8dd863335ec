"""tokens/binary.py:10: what encode packs does not fit its type; it has 32 bits. Files in the narrow form have to be converted."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tokens.binary as module
from tokens.binary import encode


class LargeIntegersFit(unittest.TestCase):
    def test_large_integers_fit_encode(self):
        self.assertEqual(list(module.decode(encode(tokens=[1, 70_000, 2]))), [1, 70_000, 2])


if __name__ == "__main__":
    unittest.main()
