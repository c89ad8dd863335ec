import unittest

from feed.loader import Loader


class Feed(unittest.TestCase):
    def test_all_records_come_in_order(self):
        self.assertEqual(list(Loader(["1 2", "3 4", "5 6"])), [(1, 2), (3, 4), (5, 6)])

    def test_no_records_are_an_end(self):
        self.assertEqual(list(Loader([])), [])
