"""Points near a line."""
import random


def points(count, seed):
    rng = random.Random(seed)
    xs = [rng.uniform(-1, 1) for _ in range(count)]
    return [(x, 3 * x - 1 + rng.gauss(0, 0.1)) for x in xs]
