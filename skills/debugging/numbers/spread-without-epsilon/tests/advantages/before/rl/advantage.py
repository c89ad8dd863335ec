import statistics


def advantages(rewards):
    mean = statistics.fmean(rewards)
    std = statistics.pstdev(rewards)
    return [(reward - mean) / std for reward in rewards]
