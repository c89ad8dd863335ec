import math


def clip_by_norm(gradients, most):
    norm = math.sqrt(sum(one * one for one in gradients))
    return [one * most / norm for one in gradients] if norm > most else gradients


def apply_step(weights, gradients, rate, most=1.0):
    clip_by_norm(gradients, most)
    return [w - rate * g for w, g in zip(weights, gradients)]
