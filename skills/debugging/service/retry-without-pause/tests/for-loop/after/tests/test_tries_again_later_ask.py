"""client/ask.py:11: ask tries again at once; it waits twice as long each time."""

import sys
import unittest
import unittest.mock
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from client.ask import ask


class TriesAgainLater(unittest.TestCase):
    def test_tries_again_later_ask(self):
        told = unittest.mock.Mock(side_effect=[OSError('busy')] * 4 + [unittest.mock.MagicMock()] * 4)
        told.post = told.get = told.send = told.request = told.call = told.ask = told.complete = told.generate = told
        sleep = unittest.mock.patch("time.sleep").start()
        self.addCleanup(unittest.mock.patch.stopall)
        unittest.mock.patch("urllib.request.urlopen", told).start()
        try:
            ask(url='http://127.0.0.1:9/', body='x', tries=5)
        except OSError:
            pass
        finally:
            unittest.mock.patch.stopall()
        pauses = [call.args[0] for call in sleep.call_args_list]
        self.assertGreaterEqual(told.call_count, 2)
        self.assertGreaterEqual(len(pauses), told.call_count - 2)
        self.assertGreater(sum(pauses), 0)
        self.assertEqual(pauses, sorted(pauses), "each pause is at least as long as the one before")


if __name__ == "__main__":
    unittest.main()
