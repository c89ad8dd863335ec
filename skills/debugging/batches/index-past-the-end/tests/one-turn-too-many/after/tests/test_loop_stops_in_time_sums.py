"""windows.py:2: sums reads behind the end; its range stops at len(values)."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from windows import sums


class LoopStopsInTime(unittest.TestCase):
    def test_loop_stops_in_time_sums(self):
        sums(values=[[1, 2], [3, 4], [5, 6]], start=[1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
