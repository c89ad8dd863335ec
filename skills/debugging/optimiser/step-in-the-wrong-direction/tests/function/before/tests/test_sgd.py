import unittest

from trainer.sgd import step


class Sgd(unittest.TestCase):
    def test_no_gradient_moves_nothing(self):
        self.assertEqual(step([1.0], [0.0], 0.1), [1.0])
