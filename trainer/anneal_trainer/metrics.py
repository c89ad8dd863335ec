"""What a step did, measured on the host in float64 from the tokens' log-probabilities."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from . import losses
from .atomic import write_atomic
from .batch import Sample
from .job import METRICS_FILE


@dataclass(frozen=True)
class Tokens:
    """Per target token of a minibatch, [n]: log π before the update, log μ, entropy, advantage, which sample it is of, |o_i| of its rollout.

    `sample` and `length` may be absent where the loss compares tokens.
    """

    logp: np.ndarray
    behaviour: np.ndarray
    entropy: np.ndarray
    advantage: np.ndarray
    sample: np.ndarray | None = None
    length: np.ndarray | None = None


def policy_metrics(t: Tokens, loss: losses.Loss) -> dict[str, float]:
    """Loss and ratios of tokens, of GSPO those of sequences; nats.

    kl is k3 = mean(ρ - 1 - ln ρ), an unbiased, never negative estimate of KL(μ ‖ π) from
    samples of μ.
    """
    gap = t.logp.astype(np.float64) - t.behaviour
    sample = np.zeros(len(gap), int) if t.sample is None else t.sample
    tokens = (t.logp.astype(np.float64), t.behaviour)
    every = np.ones(len(gap), bool)
    ratio = losses.ratios(loss, *tokens, every, sample)
    weight = losses.weights(loss, *tokens, t.advantage, every, sample, lengths=t.length)
    # Each of a rollout's |o_i| tokens is one of |o_i|: together they are the rollouts.
    rollouts = len(np.unique(sample)) if t.length is None else np.sum(1 / t.length)
    total = rollouts if loss.by_sample else len(gap)
    # exp overflows at 709.
    bounded = np.minimum(gap, losses.LARGEST_GAP)
    return {
        "loss": float(-np.sum(weight * t.logp) / total),
        "meanRatio": float(np.mean(ratio)),
        "maxRatio": float(np.max(ratio)),
        "clipFraction": float(np.mean(losses.cut(loss, ratio, t.advantage))),
        # Of tokens, whatever the loss compares.
        "kl": float(np.mean(np.exp(bounded) - 1 - bounded)),
        "entropy": float(np.mean(t.entropy, dtype=np.float64)),
    }


def mismatch(t: Tokens) -> dict[str, float]:
    """|log π - log μ| where both are the same policy: how far trainer and sampler disagree."""
    gap = np.abs(t.logp.astype(np.float64) - t.behaviour)
    return {"mean": float(np.mean(gap)), "p99": float(np.quantile(gap, 0.99))}


def sample_metrics(samples: Sequence[Sample], version_from: int, step: int) -> dict[str, Any]:
    """`step` counts from 0: the updates that the minibatch has already missed."""
    behind = [version_from - s.policy_version + step for s in samples]
    return {
        "samples": len(samples),
        "tokens": sum(len(s.completion) for s in samples),
        "meanReward": math.fsum(s.reward for s in samples) / len(samples),
        "meanAdvantage": math.fsum(s.advantage for s in samples) / len(samples),
        "stalenessMin": min(behind),
        "stalenessMax": max(behind),
    }


class Journal:
    """metrics.jsonl, a line a step, in order, each step once even when the job was resumed."""

    def __init__(self, folder: Path, finished: int) -> None:
        """Keeps the lines of the first `finished` steps: what follows them is done again."""
        self._path = folder / METRICS_FILE
        self.lines = self._whole_lines()[:finished]
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        write_atomic(self._path, text.encode())

    def _whole_lines(self) -> list[dict[str, Any]]:
        """Steps 1, 2, 3 ... as far as they are readable."""
        lines: list[dict[str, Any]] = []
        try:
            text = self._path.read_text()
        except OSError:
            return lines
        for number, line in enumerate(text.splitlines(), 1):
            try:
                value = json.loads(line)
            except ValueError:
                break  # cut off by a kill
            if not isinstance(value, dict) or value.get("step") != number:
                break
            lines.append(value)
        return lines

    def append(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        with open(self._path, "a") as f:
            f.write(json.dumps(line, allow_nan=False) + "\n")
            f.flush()
            os.fsync(f.fileno())


def summary(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the whole job: sums of counts, token-weighted means of the rest, the last loss."""
    if not lines:
        return {"samples": 0, "tokens": 0}
    tokens = sum(line["tokens"] for line in lines)

    def mean(key: str) -> float:
        return math.fsum(line[key] * line["tokens"] for line in lines) / tokens

    keys = ("meanRatio", "clipFraction", "kl", "entropy", "gradNorm", "meanReward")
    return {
        "samples": sum(line["samples"] for line in lines),
        "tokens": tokens,
        "loss": lines[-1]["loss"],
        **{key: mean(key) for key in keys},
        "stalenessMin": min(line["stalenessMin"] for line in lines),
        "stalenessMax": max(line["stalenessMax"] for line in lines),
        "mismatchMean": lines[0]["mismatchMean"],
        "mismatchP99": lines[0]["mismatchP99"],
    }
