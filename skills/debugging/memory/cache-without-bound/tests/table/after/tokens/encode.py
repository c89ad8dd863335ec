"""Bytes as tokens."""

CACHE = {}


def encode(text):
    if text not in CACHE:
        encoded = [byte for byte in str(text).encode()]
        CACHE[text] = encoded
        while len(CACHE) > 1024:
            del CACHE[next(iter(CACHE))]
    return CACHE[text]
