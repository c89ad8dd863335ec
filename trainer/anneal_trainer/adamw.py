"""AdamW (arXiv 1711.05101) with clipping by the global norm, on flat numpy arrays.

In numpy because an adapter has under a million parameters: a compiled step would cost more in
compile time than it saves, and plain float32 array arithmetic is bit-reproducible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .job import Algorithm
from .lora import Flat


@dataclass(frozen=True)
class Moments:
    """Running averages of the gradient (m) and of its square (v), and updates made so far."""

    step: int
    m: Flat
    v: Flat

    @staticmethod
    def zero(parameters: Flat) -> "Moments":
        return Moments(
            0,
            {n: np.zeros_like(p) for n, p in parameters.items()},
            {n: np.zeros_like(p) for n, p in parameters.items()},
        )


def global_norm(gradient: Flat) -> float:
    """The norm of all tensors as one vector; by name, since a float sum depends on its order."""
    return float(
        np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for _, g in sorted(gradient.items())))
    )


def update(
    parameters: Flat, gradient: Flat, moments: Moments, a: Algorithm
) -> tuple[Flat, Moments, float]:
    """New parameters and moments (the old ones stay as they were), and the norm before clipping."""
    norm = global_norm(gradient)
    clip = np.float32(min(1.0, a.max_grad_norm / norm) if norm > 0 else 1.0)
    step = moments.step + 1
    # Zero-started averages are too small by 1 - beta^step.
    fix1, fix2 = 1 - a.beta1**step, 1 - a.beta2**step
    out, m_out, v_out = {}, {}, {}
    for name, p in parameters.items():
        g = gradient[name] * clip
        m = m_out[name] = a.beta1 * moments.m[name] + (1 - a.beta1) * g
        v = v_out[name] = a.beta2 * moments.v[name] + (1 - a.beta2) * g * g
        move = (m / fix1) / (np.sqrt(v / fix2) + a.epsilon)
        out[name] = (p - a.learning_rate * (move + a.weight_decay * p)).astype(p.dtype)
    return out, Moments(step, m_out, v_out), norm
