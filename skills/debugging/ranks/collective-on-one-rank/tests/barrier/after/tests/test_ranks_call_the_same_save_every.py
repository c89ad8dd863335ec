"""ddp/saving.py:6: only some ranks come to barrier; all of them do."""

import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ddp.saving import save_every


class RanksCallTheSame(unittest.TestCase):
    def test_ranks_call_the_same_save_every(self):
        def called_by(rank):
            told = unittest.mock.MagicMock()
            told.rank = rank
            told.local_rank = rank
            told.size = told.world_size = 2
            told.get_rank.return_value = rank
            told.Get_rank.return_value = rank
            told.get_world_size.return_value = 2
            told.is_main_process = told.is_main = rank == 0
            save_every(comm=told, step=0, state=told, write=told)
            return [name for name, *_ in told.mock_calls if name.split(".")[-1] in ('barrier',)]
        first, second = called_by(0), called_by(1)
        self.assertTrue(first or second)
        self.assertEqual(first, second, "every rank comes to the same collective operations")


if __name__ == "__main__":
    unittest.main()
