VOCAB_SIZE = 256
WIDTH = 4


def table():
    return [[0.0] * WIDTH for _ in range(VOCAB_SIZE)]
