"""CISPO's loss, as anneal_trainer/losses.py has it, on log-probabilities: for numpy arrays and torch tensors alike.

    J = (1 / Σ|o_i|) Σ_i Σ_t sg(min(ρ_t, 1 + ε_high)) · Â_t · log π(o_t),   ρ_t = π(o_t) / μ(o_t)

The weight is cut from above only, and no gradient flows through it. Megatron divides by the tokens of the minibatch after
it has added up the gradients of all ranks (`calculate_per_token_loss`), so that what is returned here is the sum.
"""

from __future__ import annotations

from typing import Any

# exp overflows at 709 in float64 and at 88 in float32; a ratio of e^60 says as much.
LARGEST_GAP = 60.0


def weights(logp: Any, behaviour: Any, advantages: Any, valid: Any, clip_high: float) -> Any:
    """What log π is multiplied with, per token; 0 where `valid` is 0. A constant for the gradient."""
    logp = logp.detach() if hasattr(logp, "detach") else logp
    gap = (logp - behaviour).clip(max=LARGEST_GAP)
    return _exp(gap).clip(max=1 + clip_high) * advantages * valid


def loss_sum(logp: Any, behaviour: Any, advantages: Any, valid: Any, clip_high: float) -> Any:
    """-J · Σ|o_i|: to be divided by the tokens of the whole minibatch."""
    return -(weights(logp, behaviour, advantages, valid, clip_high) * logp * valid).sum()


def _exp(value: Any) -> Any:
    if hasattr(value, "exp"):
        return value.exp()
    import numpy as np

    return np.exp(value)
