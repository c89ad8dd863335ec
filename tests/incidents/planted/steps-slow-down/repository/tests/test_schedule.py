import unittest

from moving.schedule import is_evaluated


class Schedule(unittest.TestCase):
    def test_the_first_steps_are_not_evaluated(self):
        self.assertFalse(any(is_evaluated(step, 10) for step in range(1, 10)))

    def test_the_tenth_is(self):
        self.assertTrue(is_evaluated(10, 10))
