"""Bytes as tokens."""

CACHE = {}


def encode(text):
    if text not in CACHE:
        encoded = [byte for byte in str(text).encode()]
        CACHE[text] = encoded
    return CACHE[text]
