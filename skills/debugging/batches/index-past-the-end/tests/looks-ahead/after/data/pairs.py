def pairs(tokens):
    """Each token with the one that follows it."""
    found = []
    for at in range(len(tokens) - 1):
        found.append((tokens[at], tokens[at + 1]))
    return found
