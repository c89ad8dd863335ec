"""The losses on the tiny model in plain numpy, a token at a time and nothing shared: slow and obvious.

Written from the formulas, not from the code under test; float64.
"""

from __future__ import annotations

import numpy as np

from anneal_trainer.batch import Sample
from anneal_trainer.transformer import Shape


def logprobs(
    shape: Shape, weights: dict, lora: dict | None, scale: float, s: Sample, temperature: float
) -> np.ndarray:
    """ln π of each completion token at a sampling temperature, from an ordinary causal pass over prompt + completion."""
    ids = np.array(s.prompt + s.completion)
    x = weights["embedding"][ids].astype(np.float64)
    first = shape.layers if lora is None else shape.layers - len(lora["attn_q"]["a"])
    for i in range(shape.layers):

        def linear(name: str, h: np.ndarray) -> np.ndarray:
            w = weights["blocks"][name][i].astype(np.float64)
            if lora is not None and i >= first:
                w = w + scale * lora[name]["b"][i - first] @ lora[name]["a"][i - first]
            return h @ w.T

        h = rms(x, weights["blocks"]["attn_norm"][i], shape.epsilon)
        q, k, v = linear("attn_q", h), linear("attn_k", h), linear("attn_v", h)
        out = np.zeros((len(ids), shape.heads * shape.head))
        for head in range(shape.heads):
            shared = head // (shape.heads // shape.kv_heads)
            here = slice(head * shape.head, (head + 1) * shape.head)
            there = slice(shared * shape.head, (shared + 1) * shape.head)
            for t in range(len(ids)):
                scores = np.array(
                    [
                        rotate(q[t, here], t, shape) @ rotate(k[u, there], u, shape)
                        for u in range(t + 1)
                    ]
                )
                p = softmax(scores / np.sqrt(shape.head))
                out[t, here] = p @ v[: t + 1, there]
        x = x + linear("attn_output", out)
        h = rms(x, weights["blocks"]["ffn_norm"][i], shape.epsilon)
        gate = linear("ffn_gate", h)
        x = x + linear("ffn_down", gate / (1 + np.exp(-gate)) * linear("ffn_up", h))
    logits = rms(x, weights["output_norm"], shape.epsilon) @ weights["embedding"].T / temperature
    start = len(s.prompt)
    return np.array(
        [np.log(softmax(logits[t - 1])[ids[t]]) for t in range(start, len(ids))]
    )


def cispo_loss(all_logp: list[np.ndarray], batch: list[Sample], clip_high: float) -> float:
    """-(1/Σ|o|) Σ min(ρ, 1 + ε) Â ln π."""
    total, tokens = 0.0, 0
    for logp, s in zip(all_logp, batch):
        for lp, mu in zip(logp, s.logprobs):
            total += min(np.exp(lp - mu), 1 + clip_high) * s.advantage * lp
            tokens += 1
    return -total / tokens


def clipped_loss(
    name: str, all_logp: list[np.ndarray], batch: list[Sample], low: float, high: float
) -> float:
    """GRPO: -(1/N) Σ (1/|o|) Σ min(ρ Â, clip(ρ) Â); GSPO: s in ρ's place; REINFORCE++: over all tokens alike."""
    total, tokens = 0.0, 0
    for logp, s in zip(all_logp, batch):
        gaps = logp - np.array(s.logprobs)
        if name == "gspo":
            gaps = np.full(len(gaps), gaps.mean())
        terms = [
            min(r * s.advantage, min(max(r, 1 - low), 1 + high) * s.advantage) for r in np.exp(gaps)
        ]
        total += sum(terms) if name == "reinforce++" else sum(terms) / len(terms)
        tokens += len(terms)
    return -total / (tokens if name == "reinforce++" else len(batch))


def rms(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) * weight


def rotate(x: np.ndarray, position: int, shape: Shape) -> np.ndarray:
    """Rotary embedding over pairs (2i, 2i + 1)."""
    out = np.empty_like(x)
    for i in range(0, shape.head, 2):
        angle = position * shape.rope_base ** (-i / shape.head)
        c, s = np.cos(angle), np.sin(angle)
        out[i] = x[i] * c - x[i + 1] * s
        out[i + 1] = x[i] * s + x[i + 1] * c
    return out


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()
