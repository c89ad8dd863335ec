"""A Llama-style decoder in JAX on frozen weights, with a LoRA on its last blocks.

Weights keep llama.cpp's layout: its converter permutes the rows of Q and K for rotary
embedding over interleaved pairs (2i, 2i+1), so the same pairing is used here and an adapter
trained here is exported without permuting anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# Where a LoRA sits: every linear map of a block, by its GGUF name.
PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
NORMS = ("attn_norm", "ffn_norm")
# From this row length on activations are recomputed in the backward pass instead of kept:
# the attention scores of ten blocks would need gigabytes.
RECOMPUTE_FROM = 1024

Array = jax.Array
Weights = dict[str, Any]  # {"embedding", "output_norm", "blocks": {name: [layers, ...]}}
Lora = dict[str, dict[str, Array]]  # {projection: {"a": [n, r, in], "b": [n, out, r]}}


@dataclass(frozen=True)
class Shape:
    """Sizes of a base model; lengths in elements."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head: int
    hidden: int
    vocabulary: int
    rope_base: float
    epsilon: float

    def projection(self, name: str) -> tuple[int, int]:
        """(out, in) of a block's linear map."""
        q, kv = self.heads * self.head, self.kv_heads * self.head
        return {
            "attn_q": (q, self.width),
            "attn_k": (kv, self.width),
            "attn_v": (kv, self.width),
            "attn_output": (self.width, q),
            "ffn_gate": (self.hidden, self.width),
            "ffn_up": (self.hidden, self.width),
            "ffn_down": (self.width, self.hidden),
        }[name]


def random_weights(shape: Shape, seed: int, dtype: type = np.float32) -> Weights:
    """Weights of the right shapes for tests; activations stay near unit size."""
    rng = np.random.default_rng(seed)

    def matrix(*size: int) -> np.ndarray:
        return (rng.standard_normal(size) / np.sqrt(size[-1])).astype(dtype)

    blocks = {p: matrix(shape.layers, *shape.projection(p)) for p in PROJECTIONS}
    blocks |= {n: np.ones((shape.layers, shape.width), dtype) for n in NORMS}
    return {
        "embedding": matrix(shape.vocabulary, shape.width) * 4,
        "output_norm": np.ones(shape.width, dtype),
        "blocks": blocks,
    }


def hidden_states(
    shape: Shape,
    weights: Weights,
    lora: Lora | None,
    scale: float,
    tokens: Array,
    positions: Array,
    ends: Array,
) -> Array:
    """Normalised last-layer states [L, width] of one packed row (see packing.py).

    `scale` is alpha / rank. Blocks below the adapter run without gradients being kept.
    """
    x = weights["embedding"][tokens]
    cos, sin = _rotation(shape, positions, x.dtype)
    mask = _mask(ends)
    adapted = 0 if lora is None else next(iter(lora.values()))["a"].shape[0]
    plain = shape.layers - adapted
    blocks = weights["blocks"]

    def block(x: Array, w: dict[str, Array], ab: Any) -> Array:
        return _block(shape, x, w, ab, scale, cos, sin, mask)

    lower = {name: value[:plain] for name, value in blocks.items()}
    x, _ = jax.lax.scan(lambda x, w: (block(x, w, None), None), x, lower)
    if lora is not None:
        if len(tokens) >= RECOMPUTE_FROM:
            block = jax.checkpoint(block)
        upper = {name: value[plain:] for name, value in blocks.items()}
        x, _ = jax.lax.scan(lambda x, wl: (block(x, *wl), None), x, (upper, lora))
    return _rms(x, weights["output_norm"], shape.epsilon)


def _block(
    shape: Shape,
    x: Array,
    w: dict[str, Array],
    lora: Any,
    scale: float,
    cos: Array,
    sin: Array,
    mask: Array,
) -> Array:
    def linear(name: str, value: Array) -> Array:
        out = value @ w[name].T
        if lora is None:
            return out
        return out + scale * ((value @ lora[name]["a"].T) @ lora[name]["b"].T)

    length = x.shape[0]
    groups = shape.heads // shape.kv_heads
    h = _rms(x, w["attn_norm"], shape.epsilon)
    q = _rotate(linear("attn_q", h).reshape(length, shape.heads, shape.head), cos, sin)
    k = _rotate(linear("attn_k", h).reshape(length, shape.kv_heads, shape.head), cos, sin)
    v = linear("attn_v", h).reshape(length, shape.kv_heads, shape.head)
    # Query heads [g*j, g*j + g) share key head j.
    q = q.reshape(length, shape.kv_heads, groups, shape.head) * shape.head**-0.5
    scores = jnp.einsum("qjgd,kjd->jgqk", q, k)
    # A finite floor: a padding row sees nothing, and softmax over -inf alone would be NaN.
    attention = jax.nn.softmax(jnp.where(mask, scores, -1e30), axis=-1)
    mixed = jnp.einsum("jgqk,kjd->qjgd", attention, v).reshape(length, -1)
    x = x + linear("attn_output", mixed)
    h = _rms(x, w["ffn_norm"], shape.epsilon)
    return x + linear("ffn_down", jax.nn.silu(linear("ffn_gate", h)) * linear("ffn_up", h))


def _mask(ends: Array) -> Array:
    """[L, L] true where the query (row) may see the key (column): that lies on its way from the root."""
    index = jnp.arange(len(ends))
    return (index[None, :] <= index[:, None]) & (index[:, None] < ends[None, :])


def _rms(x: Array, weight: Array, epsilon: float) -> Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def _rotation(shape: Shape, positions: Array, dtype: Any) -> tuple[Array, Array]:
    """cos and sin [L, 1, head / 2] of the rotary angles; angles in f32 as llama.cpp has them."""
    frequency = shape.rope_base ** (-np.arange(0, shape.head, 2) / shape.head)
    angle = positions[:, None].astype(jnp.float32) * frequency.astype(np.float32)
    return jnp.cos(angle)[:, None].astype(dtype), jnp.sin(angle)[:, None].astype(dtype)


def _rotate(x: Array, cos: Array, sin: Array) -> Array:
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)
