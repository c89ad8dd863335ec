class Features:
    def __init__(self, width=8):
        self.width = width
        self._cache = {}

    def of(self, key):
        if key not in self._cache:
            self._cache[key] = [hash((key, at)) % 97 for at in range(self.width)]
        return self._cache[key]
