"""noise.py:5: noise takes data_seed and draws without it."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from noise import noise


class OneSeedDrawsTheSame(unittest.TestCase):
    def test_one_seed_draws_the_same_noise(self):
        first = repr(noise(count=8, data_seed=7))
        self.assertEqual([repr(noise(count=8, data_seed=7)) for _ in range(5)], [first] * 5, "one seed gives the same each time")


if __name__ == "__main__":
    unittest.main()
