"""Rewards of a group, against each other."""
import math


def advantages(rewards):
    mean = sum(rewards) / len(rewards)
    std = math.sqrt(sum((reward - mean) ** 2 for reward in rewards) / len(rewards))
    return [(reward - mean) / std for reward in rewards]
