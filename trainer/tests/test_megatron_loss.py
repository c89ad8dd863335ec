"""CISPO for Megatron against the CPU trainer's, in value and gradient; and in torch where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from anneal_megatron import cispo

CLIP = 0.2


def tokens(seed: int, count: int = 200) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    logp = -rng.exponential(2, count)
    return {
        "logp": logp,
        # Some ratios are far beyond the cut, some far below 1.
        "behaviour": logp + rng.normal(0, 0.7, count),
        "advantages": rng.normal(0, 1, count),
        "valid": (rng.random(count) < 0.7).astype(float),
    }


def by_hand(t: dict[str, np.ndarray]) -> tuple[float, np.ndarray]:
    """-J · Σ|o_i| and its gradient, a token after the other."""
    loss, slope = 0.0, np.zeros(len(t["logp"]))
    for i, (logp, mu, advantage, valid) in enumerate(zip(t["logp"], t["behaviour"], t["advantages"], t["valid"])):
        if valid:
            weight = min(np.exp(logp - mu), 1 + CLIP) * advantage
            loss -= weight * logp
            slope[i] = -weight
    return loss, slope


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_formula(seed: int) -> None:
    t = tokens(seed)
    loss, slope = by_hand(t)
    assert cispo.loss_sum(**t, clip_high=CLIP) == pytest.approx(loss, rel=1e-12)
    weights = cispo.weights(**t, clip_high=CLIP)
    assert np.allclose(-weights, slope, rtol=1e-12)
    # One-sided: a ratio far below 1 - clip is left as it is, and one above 1 + clip still has a gradient.
    ratio = np.exp(t["logp"] - t["behaviour"])
    low, high = (ratio < 1 - CLIP) & (t["valid"] > 0), (ratio > 1 + CLIP) & (t["valid"] > 0)
    assert low.any() and high.any()
    assert np.allclose(weights[low], (ratio * t["advantages"])[low])
    assert np.allclose(weights[high], ((1 + CLIP) * t["advantages"])[high])


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_cpu_trainers_in_value_and_gradient(seed: int) -> None:
    """The other works on hidden states of a row; of a model whose output is the identity they are logits."""
    import jax
    import jax.numpy as jnp

    from anneal_trainer.gradient import token_logprobs

    rng = np.random.default_rng(seed)
    count, vocabulary = 64, 17
    with jax.enable_x64(True):
        logits = jnp.asarray(rng.normal(0, 2, (count, vocabulary)))
        targets = jnp.asarray(rng.integers(0, vocabulary, count))
        valid = jnp.asarray(rng.random(count) < 0.8)
        behaviour = jnp.asarray(-rng.exponential(2, count))
        advantages = jnp.asarray(rng.normal(0, 1, count))
        total = float(valid.sum())

        def theirs(x: jax.Array) -> jax.Array:
            logp, _ = token_logprobs(x, jnp.eye(vocabulary), targets, valid)
            ratio = jnp.exp(logp - behaviour)
            weight = jax.lax.stop_gradient(jnp.minimum(ratio, 1 + CLIP)) * advantages
            return -jnp.sum(jnp.where(valid, weight * logp, 0)) / total

        value, gradient = jax.value_and_grad(theirs)(logits)
    # Ours: weights by token, and d log p / d logits = e_target - softmax.
    x = np.asarray(logits, np.float64)
    softmax = np.exp(x - x.max(1, keepdims=True))
    softmax /= softmax.sum(1, keepdims=True)
    y, ok = np.asarray(targets), np.asarray(valid, float)
    logp = np.log(softmax[np.arange(count), y])
    parts = dict(logp=logp, behaviour=np.asarray(behaviour), advantages=np.asarray(advantages), valid=ok, clip_high=CLIP)
    assert cispo.loss_sum(**parts) / total == pytest.approx(float(value), rel=1e-9)
    slope = -cispo.weights(**parts)[:, None] * (np.eye(vocabulary)[y] - softmax) / total
    assert np.allclose(slope, np.asarray(gradient), rtol=1e-7, atol=1e-12)


def test_no_gradient_flows_through_the_weight_in_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch is not among the CPU trainer's packages")
    t = tokens(7)
    loss, slope = by_hand(t)
    given = {key: torch.tensor(value) for key, value in t.items()}
    given["logp"].requires_grad_()
    value = cispo.loss_sum(**given, clip_high=CLIP)
    value.backward()
    assert float(value) == pytest.approx(loss, rel=1e-12)
    assert np.allclose(given["logp"].grad.numpy(), slope, rtol=1e-12)


def test_a_ratio_beyond_all_numbers_stays_finite() -> None:
    t = {"logp": np.array([-1.0]), "behaviour": np.array([-1e6]), "advantages": np.array([1.0]), "valid": np.array([1.0])}
    assert np.isfinite(cispo.loss_sum(**t, clip_high=CLIP))
