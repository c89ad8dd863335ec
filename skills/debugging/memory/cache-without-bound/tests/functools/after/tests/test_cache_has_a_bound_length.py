"""lengths.py:4: what length has answered is kept for ever; it keeps the newest 1024."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lengths as module
from lengths import length


class CacheHasABound(unittest.TestCase):
    def test_cache_has_a_bound_length(self):
        for each in range(3 * 1024):
            length(text=each)
        self.assertLessEqual(module.length.cache_info().currsize, 1024, "a cache has a bound")
        self.assertGreater(module.length.cache_info().currsize, 1)


if __name__ == "__main__":
    unittest.main()
