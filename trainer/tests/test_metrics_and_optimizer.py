"""The numbers a step reports, the journal they go to, and the update itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anneal_trainer import adamw
from anneal_trainer.job import Algorithm
from anneal_trainer.losses import Loss
from anneal_trainer.metrics import Journal, Tokens, mismatch, policy_metrics


def test_policy_metrics_by_hand() -> None:
    logp, mu = np.log([0.5, 0.2, 0.9]), np.log([0.25, 0.4, 0.1])
    tokens = Tokens(logp, mu, np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 2.0]))
    got = policy_metrics(tokens, Loss("cispo", 2.0))
    ratio = np.array([2.0, 0.5, 9.0])
    assert got["meanRatio"] == pytest.approx(ratio.mean()) and got["maxRatio"] == pytest.approx(9)
    assert got["clipFraction"] == pytest.approx(1 / 3)
    assert got["kl"] == pytest.approx(np.mean(ratio - 1 - np.log(ratio)))
    assert got["entropy"] == pytest.approx(2.0)
    weights = np.array([2.0, 0.5, 3.0]) * tokens.advantage
    assert got["loss"] == pytest.approx(-np.mean(weights * logp))
    gap = np.abs(logp - mu)
    assert mismatch(tokens) == {
        "mean": pytest.approx(gap.mean()), "p99": pytest.approx(np.quantile(gap, 0.99))
    }  # fmt: skip


def test_a_hopeless_token_does_not_overflow() -> None:
    tokens = Tokens(np.array([0.0]), np.array([-2000.0]), np.array([0.0]), np.array([1.0]))
    assert all(np.isfinite(v) for v in policy_metrics(tokens, Loss("cispo", 2.0)).values())


def test_the_journal_keeps_finished_steps_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 0)
    for step in (1, 2, 3):
        journal.append({"step": step})
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text() + '{"step": 4, "lo')  # cut off by a kill
    resumed = Journal(tmp_path, 2)
    assert resumed.lines == [{"step": 1}, {"step": 2}]
    resumed.append({"step": 3, "again": True})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [{"step": 1}, {"step": 2}, {"step": 3, "again": True}]


def settings(**changed: Any) -> Algorithm:
    plain = dict(
        loss=Loss("cispo", 2.0), learning_rate=0.1, steps=1, beta1=0.9, beta2=0.95, epsilon=1e-15,
        weight_decay=0.0, max_grad_norm=1.0, max_staleness=2,
    )  # fmt: skip
    return Algorithm(**plain | changed)


def test_two_updates_by_hand() -> None:
    a = settings(weight_decay=0.01, max_grad_norm=2.5)
    parameters = {"w": np.array([1.0, -2.0], np.float32)}
    moments = adamw.Moments.zero(parameters)
    p, m, v = parameters["w"].astype(float), np.zeros(2), np.zeros(2)
    for step, g in enumerate(([3.0, 4.0], [0.1, -0.2]), 1):
        g = np.array(g)
        parameters, moments, norm = adamw.update(
            parameters, {"w": g.astype(np.float32)}, moments, a
        )
        assert norm == pytest.approx(np.linalg.norm(g))
        g = g * min(1, 2.5 / np.linalg.norm(g))
        m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g**2
        move = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.95**step)) + 1e-15)
        p = p - 0.1 * (move + 0.01 * p)
        np.testing.assert_allclose(parameters["w"], p, rtol=1e-5)
    assert moments.step == 2 and parameters["w"].dtype == np.float32


def test_no_gradient_moves_nothing() -> None:
    parameters = {"w": np.ones(3, np.float32)}
    zero = {"w": np.zeros(3, np.float32)}
    after, _, norm = adamw.update(parameters, zero, adamw.Moments.zero(parameters), settings())
    assert norm == 0 and np.array_equal(after["w"], parameters["w"])
