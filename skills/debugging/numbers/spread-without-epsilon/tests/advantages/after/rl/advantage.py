import statistics


def advantages(rewards):
    mean = statistics.fmean(rewards)
    std = statistics.pstdev(rewards)
    return [(reward - mean) / (std + 1e-8) for reward in rewards]
