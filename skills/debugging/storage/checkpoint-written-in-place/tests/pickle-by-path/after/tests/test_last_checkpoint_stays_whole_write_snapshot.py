"""store.py:8: write_snapshot writes over the last checkpoint; a crash leaves half of one."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from store import write_snapshot


class LastCheckpointStaysWhole(unittest.TestCase):
    def test_last_checkpoint_stays_whole_write_snapshot(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = (Path(folder.name) / "checkpoint")
        good = {"step": 1, "weights": [1.0, 2.0]}
        bad = {"step": 2, "weights": [3.0] * 10_000, "never": lambda: None}
        write_snapshot(path=path, model=good)
        before = Path(path).read_bytes()
        self.assertTrue(before)
        with self.assertRaises(Exception):
            write_snapshot(path=path, model=bad)
        self.assertEqual(Path(path).read_bytes(), before, "a checkpoint that cannot be written leaves the last one whole")


if __name__ == "__main__":
    unittest.main()
