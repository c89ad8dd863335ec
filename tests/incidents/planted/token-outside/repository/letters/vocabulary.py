"""Letters and marks as numbers."""

LETTERS = "abcdefghijklmnopqrstuvwxyz "
MARKS = ["<begin>", "<end>", "<gap>"]


def encode(text):
    """With the marks around it; what is no letter is a gap."""
    inner = [LETTERS.index(one) if one in LETTERS else len(LETTERS) + 2 for one in text.lower()]
    return [len(LETTERS), *inner, len(LETTERS) + 1]


def size():
    return len(LETTERS) + len(MARKS) - 1
