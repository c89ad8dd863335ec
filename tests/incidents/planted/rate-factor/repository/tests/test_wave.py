import unittest

from wave.model import gradients
from wave.schedule import rate


class Wave(unittest.TestCase):
    def test_the_rate_grows_while_it_warms_up(self):
        self.assertLess(rate(0), rate(40))

    def test_zero_weights_miss_by_the_value(self):
        self.assertEqual(gradients([0.0] * 4, [(1.0, 2.0)])[0], 4.0)
