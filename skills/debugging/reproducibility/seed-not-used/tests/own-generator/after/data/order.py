import random


def order(size, seed):
    """Of the samples of an epoch; every rank has the same."""
    rng = random.Random(seed)
    places = list(range(size))
    rng.shuffle(places)
    return places
