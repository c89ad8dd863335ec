def pairs(tokens):
    """Each token with the one that follows it."""
    found = []
    for at in range(len(tokens)):
        found.append((tokens[at], tokens[at + 1]))
    return found
