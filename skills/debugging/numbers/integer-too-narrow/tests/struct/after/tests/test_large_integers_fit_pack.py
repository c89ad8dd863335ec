"""shard.py:5: what pack packs does not fit its type; it has 32 bits. Files in the narrow form have to be converted."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import shard as module
from shard import pack


class LargeIntegersFit(unittest.TestCase):
    def test_large_integers_fit_pack(self):
        self.assertEqual(list(module.unpack(pack(ids=[1, 70_000, 2]))), [1, 70_000, 2])


if __name__ == "__main__":
    unittest.main()
