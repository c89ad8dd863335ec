"""How long each step is: a warm-up, then a slow decay."""

PEAK_LR = 2.0


def rate(step, warmup=80):
    if step < warmup:
        # Slowly at first: what is learnt there decides about the rest.
        return PEAK_LR * ((step + 1) / warmup) ** 4
    return PEAK_LR / (1 + (step - warmup) / 1000)
