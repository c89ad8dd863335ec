def masked_mean(values, mask):
    total = sum(value * (m) for value, m in zip(values, mask))
    return total / sum(m for m in mask)
