"""Warm-up, then a cosine."""
import math

PEAK_LR = 0.003
WARMUP = 20


def rate_at(step, total_steps):
    if step < WARMUP:
        return PEAK_LR * (step + 1) / WARMUP
    return PEAK_LR * 0.5 * (1 + math.cos(math.pi * min(step, total_steps) / total_steps))
