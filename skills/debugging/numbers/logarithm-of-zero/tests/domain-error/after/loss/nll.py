import math


def negative_log_likelihood(chosen):
    """Of the probabilities that the right tokens had."""
    return -sum(math.log(max(p, 1e-12)) for p in chosen) / len(chosen)
