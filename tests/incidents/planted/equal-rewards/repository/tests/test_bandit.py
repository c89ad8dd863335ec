import unittest

from bandit.advantage import advantages
from bandit.policy import probabilities


class Bandit(unittest.TestCase):
    def test_probabilities_sum_to_one(self):
        self.assertAlmostEqual(sum(probabilities([1.0, 2.0, 3.0])), 1)

    def test_the_better_half_has_positive_advantages(self):
        self.assertEqual([a > 0 for a in advantages([0.0, 1.0])], [False, True])
