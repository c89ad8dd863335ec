import math


def entropy(probabilities):
    logs = [math.log(p) if p > 0 else float("-inf") for p in probabilities]
    return -sum(p * log for p, log in zip(probabilities, logs))
