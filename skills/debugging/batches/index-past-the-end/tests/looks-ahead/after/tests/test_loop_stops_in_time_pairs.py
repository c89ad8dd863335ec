"""data/pairs.py:4: pairs reads behind the end; its range stops at len(tokens) - 1."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.pairs import pairs


class LoopStopsInTime(unittest.TestCase):
    def test_loop_stops_in_time_pairs(self):
        pairs(tokens=[1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
