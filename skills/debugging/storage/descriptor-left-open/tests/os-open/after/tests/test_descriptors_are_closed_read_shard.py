"""shards/read.py:5: nobody closes the descriptor that read_shard opens."""

import resource
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shards.read import read_shard


class DescriptorsAreClosed(unittest.TestCase):
    def test_descriptors_are_closed_read_shard(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name) / "file")
        Path(path).write_text("1 2 3\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        try:
            for _ in range(100):
                read_shard(path=path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    unittest.main()
