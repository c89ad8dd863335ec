"""The loss and its gradient, against plain numpy, finite differences, and unpacked rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator

import jax
import numpy as np
import pytest

import reference
from anneal_trainer import lora as layout
from anneal_trainer.batch import Sample
from anneal_trainer import losses
from anneal_trainer.engine import FIELDS, Engine
from anneal_trainer.gradient import row_gradient, token_logprobs
from anneal_trainer.job import LoraSpec
from anneal_trainer.losses import Loss
from anneal_trainer.packing import Row, pack
from anneal_trainer.transformer import Shape, random_weights
from support import samples, sessions

SHAPE = Shape(
    layers=3, width=16, heads=4, kv_heads=2, head=4, hidden=24, vocabulary=40,
    rope_base=1e4, epsilon=1e-5,
)  # fmt: skip
SPEC = LoraSpec(rank=2, alpha=4, layers=2)
SCALE = SPEC.alpha / SPEC.rank
CLIP = 0.5
TEMPERATURE = 0.7
CISPO = Loss("cispo", CLIP)
CLIPPING = [Loss(name, CLIP, 0.4) for name in losses.CLIPPING]
RUNS: dict[Loss, Any] = {}


def run_of(loss: Loss) -> Any:
    return RUNS.setdefault(loss, jax.jit(row_gradient(SHAPE, SCALE, loss, TEMPERATURE)))


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


def gradient(
    rows: list[Row], weights: dict, lora: dict, of: Loss = CISPO
) -> tuple[float, np.ndarray, dict]:
    """Sum over rows of loss and gradient, with the log-probabilities of all targets."""
    rollouts = {s.of for r in rows for s, _ in r.spans}
    total = float(len(rollouts) if of.by_sample else sum(r.valid.sum() for r in rows))
    loss, slope, logp = 0.0, None, []
    for row in rows:
        arrays = {name: getattr(row, name) for name in FIELDS}
        (part, (lp, _)), g = run_of(of)(lora, weights, arrays, total)
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


@pytest.mark.parametrize("of", CLIPPING, ids=lambda of: of.name)
def test_the_other_losses_have_the_gradient_of_their_objectives(f64: None, of: Loss) -> None:
    """Of the published objective, ratios and clips differentiated with all the rest."""
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    batch = batch_near(weights, lora)
    rows = pack(batch, dtype=np.float64)
    _, _, slope = gradient(rows, weights, lora, of)
    packed = [s for row in rows for s, _ in row.spans]

    def objective(moved: dict) -> float:
        _, logp, _ = gradient(rows, weights, moved)
        ends = np.cumsum([len(s.completion) for s in packed])[:-1]
        return reference.clipped_loss(of.name, np.split(logp, ends), packed, of.clip_low, of.clip_high)

    rng = np.random.default_rng(1)
    for name in ("attn_q", "ffn_down"):
        for side, value in lora[name].items():
            index = tuple(rng.integers(0, value.shape))
            ends = []
            for move in (1e-6, -1e-6):
                moved = {n: dict(s) for n, s in lora.items()}
                moved[name][side] = value.copy()
                moved[name][side][index] += move
                ends.append(objective(moved))
            want = (ends[0] - ends[1]) / 2e-6
            assert slope[name][side][index] == pytest.approx(want, rel=1e-4, abs=1e-8), (name, side)


@pytest.mark.parametrize("of", [CISPO, CLIPPING[0]], ids=lambda of: of.name)
@pytest.mark.parametrize("row", [64, 512])
def test_a_rollout_of_several_turns_is_one_output(f64: None, of: Loss, row: int) -> None:
    """o_i is all that a rollout said: by the definition, written out here over its turns put together."""
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    # Three rollouts of up to four turns, and one of a single reply, each with one advantage.
    turns = [replace(s, rollout=s.id.rsplit("-", 1)[0]) for s in sessions(3, SHAPE.vocabulary)][:-1]
    credit = {name: 0.5 - i for i, name in enumerate(dict.fromkeys(s.of for s in turns))}
    batch = [replace(s, advantage=credit[s.of]) for s in turns]
    batch += [replace(samples(1, 1, 9, SHAPE.vocabulary)[0], advantage=0.75)]
    near = []
    for i, s in enumerate(batch):
        logp = reference.logprobs(SHAPE, weights, lora, SCALE, s, TEMPERATURE)
        near.append(replace(s, logprobs=tuple(logp - [(-0.9, 0.1, 0.7)[(i + t) % 3] for t in range(len(logp))])))
    outputs = {name: [s for s in near if s.of == name] for name in dict.fromkeys(s.of for s in near)}
    assert max(map(len, outputs.values())) > 1 and len(outputs) == 4

    def said(moved: dict, output: list[Sample]) -> tuple[np.ndarray, np.ndarray]:
        logp = [reference.logprobs(SHAPE, weights, moved, SCALE, s, TEMPERATURE) for s in output]
        return np.concatenate(logp), np.concatenate([s.logprobs for s in output])

    fixed = {name: np.minimum(np.exp(np.subtract(*said(lora, o))), 1 + CLIP) for name, o in outputs.items()}

    def objective(moved: dict) -> float:
        total = 0.0
        for name, output in outputs.items():
            (logp, mu), credit = said(moved, output), output[0].advantage
            if of.name == "cispo":
                total += np.sum(fixed[name] * credit * logp)
            else:
                ratio = np.exp(logp - mu)
                held = np.clip(ratio, 1 - of.clip_low, 1 + of.clip_high)
                total += np.mean(np.minimum(ratio * credit, held * credit))
        return -total / (sum(len(s.completion) for s in near) if of.name == "cispo" else len(outputs))

    rows = pack(near, row=row, dtype=np.float64)
    loss, _, slope = gradient(rows, weights, lora, of)
    if of.name == "cispo":
        assert loss == pytest.approx(objective(lora), rel=1e-6)
    rng = np.random.default_rng(1)
    for name in ("attn_q", "ffn_down"):
        for side, value in lora[name].items():
            index = tuple(rng.integers(0, value.shape))
            ends = []
            for move in (1e-6, -1e-6):
                moved = {n: dict(s) for n, s in lora.items()}
                moved[name][side] = value.copy()
                moved[name][side][index] += move
                ends.append(objective(moved))
            want = (ends[0] - ends[1]) / 2e-6
            assert slope[name][side][index] == pytest.approx(want, rel=1e-4, abs=1e-8), (name, side)


@pytest.mark.parametrize("of", [CISPO, *CLIPPING, Loss("sft", CLIP)], ids=lambda of: of.name)
def test_weights_by_hand(of: Loss) -> None:
    of = replace(of, clip_high=0.1, clip_low=0.1)
    rng = np.random.default_rng(2)
    lengths = [1, 4, 7, 2]
    owner = np.repeat(np.arange(len(lengths)), lengths)
    gap, advantage = rng.normal(0, 0.8, len(owner)), rng.normal(0, 1, len(owner))
    mu = -rng.exponential(2, len(owner))
    every = np.ones(len(owner), bool)
    got = losses.weights(of, mu + gap, mu, advantage, every, owner)
    capped = losses.weights(replace(of, ratio_cap=1.1), mu + gap, mu, advantage, every, owner)
    held = 0
    for i, a in enumerate(advantage):
        same = owner == owner[i]
        ratio = np.exp(gap[same].mean() if of.name == "gspo" else gap[i])
        share = same.sum() if of.by_sample else 1
        clipped = (a > 0 and ratio > 1 + of.clip_high) or (a < 0 and ratio < 1 - of.clip_low)
        if of.name == "sft":
            want = limited = 1.0
        elif of.name == "cispo":
            want = limited = min(ratio, 1 + of.clip_high) * a
        else:
            want, limited = (0, 0) if clipped else (ratio * a, min(ratio, 1.1) * a)
            held += clipped
        assert got[i] == pytest.approx(want / share) and capped[i] == pytest.approx(limited / share)
    assert held > 0 or of.name in ("cispo", "sft")


@pytest.mark.parametrize("of", [CISPO, *CLIPPING], ids=lambda of: of.name)
def test_packed_and_alone_give_the_same(f64: None, of: Loss) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    batch = samples(groups=5, size=4, seed=2, vocabulary=SHAPE.vocabulary)
    packed, narrow = pack(batch, dtype=np.float64), pack(batch, row=64, dtype=np.float64)
    alone = [row for s in batch for row in pack([s], dtype=np.float64)]
    assert len(packed) < len(narrow) < len(alone)
    want_loss, _, want = gradient(alone, weights, lora, of)
    for rows in (packed, narrow):
        loss, _, got = gradient(rows, weights, lora, of)
        assert loss == pytest.approx(want_loss, rel=1e-9)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10), got, want)


def test_merged_sessions_have_the_gradient_of_each_turn_alone(f64: None) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    batch = [s for n in (1, 2) for s in sessions(n, SHAPE.vocabulary, name=f"g{n}")]
    merged = pack(batch, dtype=np.float64)
    alone = [row for s in batch for row in pack([s], dtype=np.float64)]
    assert sum(row.used for row in merged) < sum(row.used for row in alone) / 2
    want_loss, want_logp, want = gradient(alone, weights, lora)
    loss, logp, got = gradient(merged, weights, lora)
    assert loss == pytest.approx(want_loss, rel=1e-9)
    by_sample = [s.id for row in merged for s, _ in row.spans]
    order = [s.id for s in batch]
    ends = np.cumsum([len(s.completion) for row in merged for s, _ in row.spans])[:-1]
    parts = dict(zip(by_sample, np.split(logp, ends)))
    np.testing.assert_allclose(np.concatenate([parts[i] for i in order]), want_logp, rtol=1e-9)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10), got, want)


def test_recomputing_activations_changes_nothing(f64: None, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, lora = random_weights(SHAPE, 0, np.float64), adapter()
    rows = pack(samples(vocabulary=SHAPE.vocabulary), dtype=np.float64)
    _, _, kept = gradient(rows, weights, lora)
    monkeypatch.setattr("anneal_trainer.transformer.RECOMPUTE_FROM", 1)
    RUNS.clear()
    jax.clear_caches()
    _, _, again = gradient(rows, weights, lora)
    RUNS.clear()
    jax.clear_caches()
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


@pytest.mark.parametrize("of", [CISPO, CLIPPING[1]], ids=lambda of: of.name)
def test_the_engine_normalises_over_the_minibatch(of: Loss) -> None:
    """Splitting a minibatch over rows must not change its gradient."""
    weights = random_weights(SHAPE, 0)
    flat = layout.unstack(adapter(np.float32), SHAPE, SPEC)
    batch = samples(groups=5, size=4, seed=2, vocabulary=SHAPE.vocabulary)
    engine = Engine(SHAPE, weights, SPEC, of, TEMPERATURE)
    got = []
    for rows in (pack(batch), pack(batch, row=64)):
        engine.prepare(rows, flat, lambda _: None)
        got.append(engine.minibatch(flat, rows, lambda: None)[0])
    for name in flat:
        np.testing.assert_allclose(got[0][name], got[1][name], rtol=2e-3, atol=2e-6)
