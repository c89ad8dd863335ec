import math


def negative_log_likelihood(chosen):
    """Of the probabilities that the right tokens had."""
    return -sum(math.log(p) for p in chosen) / len(chosen)
