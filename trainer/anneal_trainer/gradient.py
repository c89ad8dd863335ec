"""The loss of one packed row (losses.py) and its gradient.

π is the distribution that is sampled from, softmax(logits / temperature): at another temperature
than the rollouts' the ratio would compare two different things. What the loss is divided by
counts the whole minibatch, so rows simply add up.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from . import losses
from .packing import CHUNK
from .transformer import Lora, Shape, Weights, hidden_states


def row_loss(
    lora: Lora,
    weights: Weights,
    row: dict[str, Array],
    total: Array,
    shape: Shape,
    scale: float,
    loss: losses.Loss,
    temperature: float,
) -> tuple[Array, tuple[Array, Array]]:
    """One row's share of the minibatch's loss, with (log π, entropy) [T] of its targets.

    `total`: tokens, or rollouts, of the whole minibatch (Loss.by_sample).

    `row` holds the arrays of packing.Row; natural logarithms; entropy in nats.
    """
    states = hidden_states(
        shape, weights, lora, scale,
        row["tokens"], row["positions"], row["ends"],
    )  # fmt: skip
    logp, entropy = token_logprobs(
        states[row["sources"]] / temperature, weights["embedding"], row["targets"], row["valid"]
    )
    weight = losses.weights(
        loss, logp, row["behaviour"], row["advantages"], row["valid"], row["samples"], jnp,
        row["lengths"],
    )  # fmt: skip
    value = -jnp.sum(jax.lax.stop_gradient(weight) * logp) / total
    return value, (logp, entropy)


def row_gradient(shape: Shape, scale: float, loss: losses.Loss, temperature: float) -> Any:
    """f(lora, weights, row, total) -> ((loss, (logp, entropy)), gradient wrt lora)."""
    value = partial(row_loss, shape=shape, scale=scale, loss=loss, temperature=temperature)
    return jax.value_and_grad(value, has_aux=True)


@jax.custom_vjp
def token_logprobs(
    states: Array, embedding: Array, targets: Array, valid: Array
) -> tuple[Array, Array]:
    """log softmax(states @ embeddingᵀ)[target] and the softmax's entropy, both [T]; 0 if invalid.

    Logits of a row would be T x vocabulary (100 MB at 512): chunks of them are made and thrown
    away. The derivative d log p / d state = e_target - Σ_v p_v e_v is worked out while a chunk
    is at hand, so the backward pass neither keeps nor recomputes logits. The embedding is
    frozen and the entropy is only reported: neither gets a gradient.
    """
    return _forward(states, embedding, targets, valid)[0]


def _forward(states: Array, embedding: Array, targets: Array, valid: Array) -> Any:
    chunks = (
        states.reshape(-1, CHUNK, states.shape[-1]),
        targets.reshape(-1, CHUNK),
        valid.reshape(-1, CHUNK),
    )

    def work(h: Array, y: Array, ok: Array) -> tuple[Array, Array, Array]:
        logits = h @ embedding.T
        top = jnp.max(logits, axis=-1, keepdims=True)
        exp = jnp.exp(logits - top)
        total = jnp.sum(exp, axis=-1, keepdims=True)
        log_total = jnp.log(total[:, 0]) + top[:, 0]
        logp = jnp.take_along_axis(logits, y[:, None], axis=-1)[:, 0] - log_total
        entropy = log_total - jnp.sum(exp * logits, axis=-1) / total[:, 0]
        slope = embedding[y] - (exp @ embedding) / total
        return jnp.where(ok, logp, 0), jnp.where(ok, entropy, 0), jnp.where(ok[:, None], slope, 0)

    def skip(h: Array, y: Array, ok: Array) -> tuple[Array, Array, Array]:
        return jnp.zeros_like(h[:, 0]), jnp.zeros_like(h[:, 0]), jnp.zeros_like(h)

    # Targets come first in a row, so the chunks behind the last one cost nothing.
    logp, entropy, slope = jax.lax.map(lambda c: jax.lax.cond(jnp.any(c[2]), work, skip, *c), chunks)
    return (logp.reshape(-1), entropy.reshape(-1)), slope.reshape(states.shape)


def _save(states: Array, embedding: Array, targets: Array, valid: Array) -> Any:
    out, slope = _forward(states, embedding, targets, valid)
    return out, (slope, embedding)


def _backward(saved: Any, cotangents: tuple[Array, Array]) -> tuple[Array, Array, None, None]:
    slope, embedding = saved
    return cotangents[0][:, None] * slope, jnp.zeros_like(embedding), None, None


token_logprobs.defvjp(_save, _backward)
