PEAK_LR = 0.003


def rate_at(step):
    return PEAK_LR / (1 + step)
