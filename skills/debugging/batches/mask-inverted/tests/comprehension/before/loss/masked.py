def masked_mean(losses, mask):
    """Over the positions that belong to the reply."""
    kept = [loss for loss, m in zip(losses, mask) if not m]
    return sum(kept) / len(kept)
