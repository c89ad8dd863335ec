"""trainer/checkpoint.py:6: save writes over the last checkpoint; a crash leaves half of one."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from trainer.checkpoint import save


class LastCheckpointStaysWhole(unittest.TestCase):
    def test_last_checkpoint_stays_whole_save(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name) / "checkpoint")
        good = {"step": 1, "weights": [1.0, 2.0]}
        bad = {"step": 2, "weights": [3.0] * 10_000, "never": object()}
        save(state=good, path=path)
        before = Path(path).read_bytes()
        self.assertTrue(before)
        with self.assertRaises(Exception):
            save(state=bad, path=path)
        self.assertEqual(Path(path).read_bytes(), before, "a checkpoint that cannot be written leaves the last one whole")


if __name__ == "__main__":
    unittest.main()
