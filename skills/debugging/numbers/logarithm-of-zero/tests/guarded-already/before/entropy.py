import math


def entropy(probabilities):
    return -sum(p * math.log(max(p, 1e-9)) for p in probabilities)


def bits(n):
    return math.log2(n + 1)
