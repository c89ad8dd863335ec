"""features.py:8: self._cache takes every new key and never lets one go; it keeps the newest 1024."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import Features


class CacheHasABound(unittest.TestCase):
    def test_cache_has_a_bound_features_of(self):
        subject = Features()
        for each in range(3 * 1024):
            subject.of(key=each)
        self.assertLessEqual(len(subject._cache), 1024, "a cache has a bound")
        self.assertGreater(len(subject._cache), 1)


if __name__ == "__main__":
    unittest.main()
