import unittest

from rl.advantage import advantages


class Advantages(unittest.TestCase):
    def test_they_sum_to_zero(self):
        self.assertAlmostEqual(sum(advantages([1.0, 2.0, 6.0])), 0)
