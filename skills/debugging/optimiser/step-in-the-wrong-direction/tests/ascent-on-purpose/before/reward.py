def gradient_ascent(weights, gradients, rate):
    """Maximises the reward."""
    return [w + rate * g for w, g in zip(weights, gradients)]


def blend(old, new, rate):
    return [a + rate * b for a, b in zip(old, new)]
