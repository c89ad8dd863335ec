def sums(values, start=0):
    return [start + values[at] for at in range(0, len(values) + 1)]
