import math


class Running:
    """Of what has been seen so far."""

    def __init__(self):
        self.values = []

    def take(self, batch):
        self.values.extend(batch)
        middle = sum(self.values) / len(self.values)
        spread = math.sqrt(sum((one - middle) ** 2 for one in self.values) / len(self.values))
        return [(one - middle) / spread for one in batch]
