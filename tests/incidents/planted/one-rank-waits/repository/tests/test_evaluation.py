import unittest
from unittest.mock import Mock

from pair.evaluation import evaluate


class Evaluation(unittest.TestCase):
    def test_rank_0_measures_every_so_often(self):
        measure = Mock()
        comm = Mock(rank=0)
        for step in range(1, 7):
            evaluate(comm, step, 3, measure)
        self.assertEqual([call.args[0] for call in measure.call_args_list], [3, 6])

    def test_the_other_rank_measures_nothing(self):
        measure = Mock()
        evaluate(Mock(rank=1), 3, 3, measure)
        measure.assert_not_called()
