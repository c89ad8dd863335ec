"""Noise."""
import random


def noise(count, data_seed=0):
    """The same on each rank."""
    generator = random.Random(data_seed)
    return [generator.gauss(0, 1) for _ in range(count)]
