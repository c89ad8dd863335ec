import unittest

from letters.table import Embedding
from letters.vocabulary import encode, size


class Letters(unittest.TestCase):
    def test_a_word_stands_between_its_marks(self):
        self.assertEqual(encode("ab"), [27, 0, 1, 28])

    def test_letters_have_a_place_in_the_table(self):
        table = Embedding(size())
        for token in encode("hello world"):
            table.of(token)
