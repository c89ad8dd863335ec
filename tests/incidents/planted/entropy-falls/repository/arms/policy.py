import math


def probabilities(preferences):
    most = max(preferences)
    raised = [math.exp(one - most) for one in preferences]
    total = sum(raised)
    return [one / total for one in raised]


def entropy(chances):
    return -sum(p * math.log(p + 1e-12) for p in chances)


def entropy_slopes(chances):
    """How the entropy changes with each preference."""
    own = entropy(chances)
    return [-p * (math.log(p + 1e-12) + own) for p in chances]
