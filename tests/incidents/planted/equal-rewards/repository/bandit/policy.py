import math


def probabilities(preferences):
    most = max(preferences)
    raised = [math.exp(one - most) for one in preferences]
    return [one / sum(raised) for one in raised]
