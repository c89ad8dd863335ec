def masked_mean(values, mask):
    total = sum(value * (1 - m) for value, m in zip(values, mask))
    return total / sum(1 - m for m in mask)
