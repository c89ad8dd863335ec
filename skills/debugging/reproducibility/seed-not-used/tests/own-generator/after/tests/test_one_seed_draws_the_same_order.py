"""data/order.py:4: order takes seed and draws without it."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.order import order


class OneSeedDrawsTheSame(unittest.TestCase):
    def test_one_seed_draws_the_same_order(self):
        first = repr(order(size=8, seed=7))
        self.assertEqual([repr(order(size=8, seed=7)) for _ in range(5)], [first] * 5, "one seed gives the same each time")


if __name__ == "__main__":
    unittest.main()
