import unittest

from arms.learn import learn
from arms.policy import entropy, probabilities


class Arms(unittest.TestCase):
    def test_equal_preferences_have_the_most_entropy(self):
        self.assertGreater(entropy(probabilities([0.0, 0.0])), entropy(probabilities([1.0, 0.0])))

    def test_what_pays_is_preferred(self):
        after = learn([0.0, 0.0], [0, 1], [1.0, 0.0])
        self.assertGreater(after[0], after[1])
