import unittest

from grams.features import features


class Features(unittest.TestCase):
    def test_pairs_are_counted(self):
        self.assertEqual(features("aba")[1], 1)

    def test_the_same_text_is_looked_up(self):
        self.assertIs(features("hello"), features("hello"))
