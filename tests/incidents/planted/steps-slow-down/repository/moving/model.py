def work(turns):
    value = 0.0
    for turn in range(turns):
        value += (turn % 7) * 1e-3
    return value
