"""y = a x + b, and how wrong it is."""


def gradients(weights, batch):
    """The mean squared error, and its gradient for each weight."""
    a, b = weights
    errors = [(a * x + b - y, x) for x, y in batch]
    loss = sum(e * e for e, _ in errors) / len(batch)
    return loss, [sum(2 * e * x for e, x in errors) / len(batch), sum(2 * e for e, _ in errors) / len(batch)]
