"""Counts of pairs of letters."""

CACHE = {}


def features(text):
    if text not in CACHE:
        counts = [0] * 676
        letters = [ord(one) - 97 for one in text if "a" <= one <= "z"]
        for first, second in zip(letters, letters[1:]):
            counts[26 * first + second] += 1
        CACHE[text] = counts
    return CACHE[text]
