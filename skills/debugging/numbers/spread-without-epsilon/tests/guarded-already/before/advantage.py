def advantages(rewards, std):
    return [one / (std + 1e-8) for one in rewards]


def share(part, whole):
    return part / whole
