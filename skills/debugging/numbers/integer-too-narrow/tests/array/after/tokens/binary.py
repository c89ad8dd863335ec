"""Token ids as bytes."""
from array import array


def encode(tokens):
    return array("i", tokens).tobytes()


def decode(data):
    tokens = array("i")
    tokens.frombytes(data)
    return tokens
