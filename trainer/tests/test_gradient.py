"""The loss and its gradient, against plain numpy, finite differences, and unpacked rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

import jax
import numpy as np
import pytest

import reference
from anneal_trainer import lora as layout
from anneal_trainer.batch import Sample
from anneal_trainer.cispo import row_gradient, token_logprobs
from anneal_trainer.engine import FIELDS, Engine
from anneal_trainer.job import LoraSpec
from anneal_trainer.packing import Row, pack
from anneal_trainer.transformer import Shape, random_weights
from support import samples

SHAPE = Shape(
    layers=3, width=16, heads=4, kv_heads=2, head=4, hidden=24, vocabulary=40,
    rope_base=1e4, epsilon=1e-5,
)  # fmt: skip
SPEC = LoraSpec(rank=2, alpha=4, layers=2)
SCALE = SPEC.alpha / SPEC.rank
CLIP = 0.5
TEMPERATURE = 0.7
RUN = jax.jit(row_gradient(SHAPE, SCALE, CLIP, TEMPERATURE))


@pytest.fixture
def f64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def adapter(dtype: type = np.float64) -> dict:
    """Both halves random: with b = 0, as training starts, half of the gradient would be zero."""
    rng = np.random.default_rng(3)
    flat = layout.fresh(SHAPE, SPEC, 1)
    flat = {n: (rng.standard_normal(a.shape) * 0.3).astype(dtype) for n, a in flat.items()}
    return layout.stack(flat, SHAPE, SPEC)


def batch_near(weights: dict, lora: dict) -> list[Sample]:
    """Samples whose ratios lie on both sides of 1 + CLIP and well below 1 - CLIP."""
    made = []
    for i, s in enumerate(samples(groups=3, size=3, seed=5, vocabulary=SHAPE.vocabulary)):
        logp = reference.logprobs(SHAPE, weights, lora, SCALE, s, TEMPERATURE)
        gaps = [(-1.5, -0.2, 0.1, 0.9, 2.0)[(i + t) % 5] for t in range(len(logp))]
        made.append(replace(s, logprobs=tuple(logp - gaps)))
    return made


def gradient(rows: list[Row], weights: dict, lora: dict) -> tuple[float, np.ndarray, dict]:
    """Sum over rows of loss and gradient, with the log-probabilities of all targets."""
    total = float(sum(r.valid.sum() for r in rows))
    loss, slope, logp = 0.0, None, []
    for row in rows:
        arrays = {name: getattr(row, name) for name in FIELDS}
        (part, (lp, _)), g = RUN(lora, weights, arrays, total)
        loss += float(part)
        logp.append(np.asarray(lp)[row.valid])
        g = jax.tree.map(np.asarray, g)
        slope = g if slope is None else jax.tree.map(np.add, slope, g)
    return loss, np.concatenate(logp), slope


def test_loss_is_the_reference_with_a_one_sided_clip(f64: None) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    batch = batch_near(weights, lora)
    rows = pack(batch, dtype=np.float64)
    loss, logp, _ = gradient(rows, weights, lora)

    packed = [s for row in rows for s, _ in row.spans]
    want = [reference.logprobs(SHAPE, weights, lora, SCALE, s, TEMPERATURE) for s in packed]
    np.testing.assert_allclose(logp, np.concatenate(want), atol=1e-6)
    assert loss == pytest.approx(reference.cispo_loss(want, packed, CLIP), abs=1e-7)
    # The batch must tell a two-sided clip apart, or the line above proves nothing about it.
    ratio = np.exp(np.concatenate(want) - np.concatenate([s.logprobs for s in packed]))
    assert (ratio < 1 - CLIP).any() and (ratio > 1 + CLIP).any()


def test_gradient_is_that_of_finite_differences(f64: None) -> None:
    """Of Σ w · ln π with the weights w held fixed: nothing may flow through the ratio."""
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    rows = pack(batch_near(weights, lora), dtype=np.float64)
    _, logp, slope = gradient(rows, weights, lora)
    mu = np.concatenate([r.behaviour[r.valid] for r in rows])
    advantage = np.concatenate([r.advantages[r.valid] for r in rows])
    fixed = np.minimum(np.exp(logp - mu), 1 + CLIP) * advantage / len(logp)

    rng = np.random.default_rng(0)
    for name, sides in lora.items():
        for side, value in sides.items():
            for index in {tuple(rng.integers(0, value.shape)) for _ in range(3)}:
                ends = []
                for move in (1e-5, -1e-5):
                    moved = {n: dict(s) for n, s in lora.items()}
                    moved[name][side] = value.copy()
                    moved[name][side][index] += move
                    ends.append(-np.sum(fixed * gradient(rows, weights, moved)[1]))
                want = (ends[0] - ends[1]) / 2e-5
                got = slope[name][side][index]
                assert got == pytest.approx(want, rel=1e-5, abs=1e-9), (name, side, index)


def test_packed_and_alone_give_the_same(f64: None) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    batch = samples(groups=5, size=4, seed=2, vocabulary=SHAPE.vocabulary)
    packed, narrow = pack(batch, dtype=np.float64), pack(batch, row=64, dtype=np.float64)
    alone = [row for s in batch for row in pack([s], dtype=np.float64)]
    assert len(packed) < len(narrow) < len(alone)
    want_loss, _, want = gradient(alone, weights, lora)
    for rows in (packed, narrow):
        loss, _, got = gradient(rows, weights, lora)
        assert loss == pytest.approx(want_loss, rel=1e-9)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10), got, want)


def test_recomputing_activations_changes_nothing(f64: None, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    rows = pack(samples(vocabulary=SHAPE.vocabulary), dtype=np.float64)
    _, _, kept = gradient(rows, weights, lora)
    monkeypatch.setattr("anneal_trainer.transformer.RECOMPUTE_FROM", 1)
    RUN.clear_cache()
    _, _, again = gradient(rows, weights, lora)
    RUN.clear_cache()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), again, kept)


def test_entropy_is_that_of_the_distribution(f64: None) -> None:
    rng = np.random.default_rng(0)
    states, embedding = rng.standard_normal((64, 16)), rng.standard_normal((40, 16))
    valid = np.arange(64) < 10
    logp, entropy = jax.jit(token_logprobs)(states, embedding, np.zeros(64, np.int32), valid)
    p = np.array([reference.softmax(h @ embedding.T) for h in states[:10]])
    np.testing.assert_allclose(entropy[:10], -(p * np.log(p)).sum(1), rtol=1e-9)
    np.testing.assert_allclose(logp[:10], np.log(p[:, 0]), rtol=1e-9)
    assert not np.asarray(entropy[10:]).any() and not np.asarray(logp[10:]).any()


def test_the_engine_normalises_over_the_minibatch() -> None:
    """Splitting a minibatch over rows must not change its gradient."""
    weights = random_weights(SHAPE, 0)
    flat = layout.unstack(adapter(np.float32), SHAPE, SPEC)
    batch = samples(groups=5, size=4, seed=2, vocabulary=SHAPE.vocabulary)
    engine = Engine(SHAPE, weights, SPEC, CLIP, TEMPERATURE)
    got = []
    for rows in (pack(batch), pack(batch, row=64)):
        engine.prepare(rows, flat, lambda _: None)
        got.append(engine.minibatch(flat, rows, lambda: None)[0])
    for name in flat:
        np.testing.assert_allclose(got[0][name], got[1][name], rtol=2e-3, atol=2e-6)
