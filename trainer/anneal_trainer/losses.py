"""Losses, as what log π of each token is multiplied with.

    L = -(1 / D) Σ_t sg(w_t) · log π(o_t)

has the gradient of every loss here: no gradient flows through w. ρ_t = π(o_t) / μ(o_t) compares
with the policy that sampled the token, by the log-probabilities that the sampler recorded.

    name          w_t                                   D       source
    cispo         min(ρ_t, 1 + ε_high) Â                tokens  arXiv 2506.13585, eq. 4-5
    grpo          ρ_t Â / |o_i|, 0 where it is clipped   samples arXiv 2402.03300, eq. 3, without its KL term
    gspo          s_i Â / |o_i|, 0 where it is clipped   samples arXiv 2507.18071, eq. 5-7, 10
    reinforce++   ρ_t Â, 0 where it is clipped           tokens  arXiv 2501.03262, without its KL reward
    sft           1                                     tokens  maximum likelihood

o_i is everything that a rollout said: one reply, or all completions of its turns together, in
whichever rows they lie. D counts rollouts where it counts samples. A sequence is one completion:
s_i = exp(mean_t ln ρ_t) is one ratio for a whole sequence. Clipped: min(ρ Â, clip(ρ, 1 - ε_low,
1 + ε_high) Â) takes its second argument, a constant: ρ > 1 + ε_high where Â > 0, ρ < 1 - ε_low
where Â < 0. CISPO clips the weight instead, so that a clipped token still contributes.

`ratio_cap` is truncated importance sampling: the ratio counts as at most that much. Where Â < 0
nothing else bounds it from above. CISPO's own is 1 + ε_high.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

CLIPPING = ("grpo", "gspo", "reinforce++")
NAMES = ("cispo", *CLIPPING, "sft")
# exp overflows at 709 in float64 and at 88 in float32; a ratio of e^60 says as much.
LARGEST_GAP = 60.0


@dataclass(frozen=True)
class Loss:
    """`clip_low` is 0 where the name does not clip from below; `ratio_cap` None where there is none."""

    name: str
    clip_high: float
    clip_low: float = 0.0
    ratio_cap: float | None = None

    @property
    def by_sample(self) -> bool:
        """Whether D counts rollouts, each with the same say, instead of tokens."""
        return self.name in ("grpo", "gspo")


def weights(
    loss: Loss, logp: Any, behaviour: Any, advantages: Any, valid: Any, sequence: Any, xp: Any = np,
    lengths: Any = None,
) -> Any:
    """w_t, [T]; 0 where `valid` is false.

    `sequence` [T]: which sample of the row a token belongs to, from 0. `xp`: numpy or jax.numpy.
    `lengths` [T]: |o_i| of its rollout; None: each sample is a rollout of its own.
    """
    if loss.name == "sft":
        return xp.where(valid, 1.0, 0.0).astype(logp.dtype)
    ratio = ratios(loss, logp, behaviour, valid, sequence, xp)
    if loss.name == "cispo":
        weight = xp.minimum(ratio, 1 + loss.clip_high) * advantages
    else:
        capped = ratio if loss.ratio_cap is None else xp.minimum(ratio, loss.ratio_cap)
        weight = xp.where(_clipped(loss, ratio, advantages, xp), 0, capped * advantages)
    if loss.by_sample:
        if lengths is None:
            lengths = _sums(xp.where(valid, 1.0, 0.0), sequence, xp)
        weight = weight / xp.maximum(lengths, 1)
    return xp.where(valid, weight, 0)


def ratios(loss: Loss, logp: Any, behaviour: Any, valid: Any, sequence: Any, xp: Any = np) -> Any:
    """ρ_t, or s_i of the token's sequence, [T]."""
    gap = xp.where(valid, logp - behaviour, 0)
    if loss.name == "gspo":
        gap = _sums(gap, sequence, xp) / xp.maximum(_sums(xp.where(valid, 1.0, 0.0), sequence, xp), 1)
    return xp.exp(xp.minimum(gap, LARGEST_GAP))


def cut(loss: Loss, ratio: Any, advantages: Any, xp: Any = np) -> Any:
    """[T] whether the loss holds a token back: by its weight's bound, or altogether."""
    if loss.name == "sft":
        return xp.zeros_like(ratio, dtype=bool)
    if loss.name == "cispo":
        return ratio > 1 + loss.clip_high
    beyond = ratio > loss.ratio_cap if loss.ratio_cap is not None else xp.zeros_like(ratio, dtype=bool)
    return _clipped(loss, ratio, advantages, xp) | beyond


def _clipped(loss: Loss, ratio: Any, advantages: Any, xp: Any) -> Any:
    above = (advantages > 0) & (ratio > 1 + loss.clip_high)
    return above | ((advantages < 0) & (ratio < 1 - loss.clip_low))


def _sums(values: Any, sequence: Any, xp: Any) -> Any:
    """The sum over each token's sequence, [T]."""
    if xp is np:
        return np.bincount(sequence, values, len(values))[sequence]
    return xp.zeros_like(values).at[sequence].add(values)[sequence]
