"""tokens/encode.py:9: CACHE takes every new key and never lets one go; it keeps the newest 1024."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tokens.encode as module
from tokens.encode import encode


class CacheHasABound(unittest.TestCase):
    def test_cache_has_a_bound_encode(self):
        for each in range(3 * 1024):
            encode(text=each)
        self.assertLessEqual(len(module.CACHE), 1024, "a cache has a bound")
        self.assertGreater(len(module.CACHE), 1)


if __name__ == "__main__":
    unittest.main()
