"""Token ids as bytes."""
from array import array


def encode(tokens):
    return array("h", tokens).tobytes()


def decode(data):
    tokens = array("h")
    tokens.frombytes(data)
    return tokens
