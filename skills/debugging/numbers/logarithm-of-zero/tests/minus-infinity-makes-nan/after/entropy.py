import math


def entropy(probabilities):
    logs = [math.log(max(p, 1e-12)) for p in probabilities]
    return -sum(p * log for p, log in zip(probabilities, logs))
