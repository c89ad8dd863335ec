def pairs(tokens):
    return [(tokens[at], tokens[at + 1]) for at in range(len(tokens) - 1)]


def column(table, key):
    return table[key]
