import random


class Embedding:
    def __init__(self, rows, width=4, seed=0):
        rng = random.Random(seed)
        self.rows = [[rng.gauss(0, 0.1) for _ in range(width)] for _ in range(rows)]

    def of(self, token):
        if token >= len(self.rows):
            raise IndexError(f"token id {token} is out of range for an embedding with {len(self.rows)} rows")
        return self.rows[token]
