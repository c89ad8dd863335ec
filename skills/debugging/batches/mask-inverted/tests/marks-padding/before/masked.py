def mean(values, padding_mask):
    kept = [value for value, m in zip(values, padding_mask) if not m]
    return sum(kept) / len(kept)
