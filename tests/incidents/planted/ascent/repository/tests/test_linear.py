import unittest

from linear.data import points
from linear.model import gradients
from linear.optimiser import update


class Linear(unittest.TestCase):
    def test_points_are_the_same_for_a_seed(self):
        self.assertEqual(points(4, seed=1), points(4, seed=1))

    def test_a_perfect_line_has_no_loss(self):
        loss, grads = gradients([2.0, 1.0], [(0.0, 1.0), (1.0, 3.0)])
        self.assertEqual((loss, grads), (0.0, [0.0, 0.0]))

    def test_no_gradient_moves_nothing(self):
        self.assertEqual(update([1.0, 2.0], [0.0, 0.0], 0.1), [1.0, 2.0])
