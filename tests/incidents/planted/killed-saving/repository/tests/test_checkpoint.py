import os
import tempfile
import unittest

from counter.checkpoint import load, save


class Checkpoint(unittest.TestCase):
    def test_what_was_saved_is_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "c.json")
            save({"step": 2, "counts": {"a": 1}}, path)
            self.assertEqual(load(path), {"step": 2, "counts": {"a": 1}})

    def test_nothing_saved_is_a_beginning(self):
        self.assertEqual(load("/nowhere/c.json")["step"], 0)
