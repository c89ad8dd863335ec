import os
import tempfile
import unittest

from trainer.checkpoint import load, save


class Checkpoint(unittest.TestCase):
    def test_what_was_saved_is_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state")
            save({"step": 3}, path)
            self.assertEqual(load(path), {"step": 3})
