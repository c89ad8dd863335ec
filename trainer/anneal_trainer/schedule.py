"""Splits a round's samples into minibatches: one pass, one optimizer step each.

Minibatch k is used after k updates, so a sample in it is
`(policyVersion.from - sample.policyVersion) + k` versions behind the weights it meets.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Sequence

from .batch import LONGEST_SAMPLE, Sample
from .packing import fewest


@dataclass(frozen=True)
class Dropped:
    """A rollout, with all of its samples."""

    id: str
    reason: str


@dataclass(frozen=True)
class Schedule:
    """Never-empty minibatches in order of use, and the samples left out with why."""

    minibatches: tuple[tuple[Sample, ...], ...]
    dropped: tuple[Dropped, ...]


def plan(
    samples: Sequence[Sample],
    steps: int,
    version_from: int,
    max_staleness: int,
    seed: int,
    longest: int = LONGEST_SAMPLE,
) -> Schedule:
    """Deterministic in its arguments.

    A rollout stays whole, whatever happens: its advantage is that of all its tokens. Groups do
    unless there are fewer groups than steps: a group shares its prompt's
    evaluation, or its sessions' turns, and its baseline. The longest go first, each to the lightest minibatch it may
    enter (LPT, within 4/3 of the best balance); older samples may only enter early ones.
    """
    usable, dropped = _usable(samples, version_from, max_staleness, longest)
    bundles = _bundles(usable, min(steps, len({s.of for s in usable})), seed)
    loads = [0] * min(steps, len(bundles))
    chosen: list[list[Sample]] = [[] for _ in loads]

    def latest(bundle: Sequence[Sample]) -> int:
        return max_staleness - max(version_from - s.policy_version for s in bundle)

    # Tightest deadline first, else fresh groups fill the only minibatch an old one may enter.
    for bundle in sorted(bundles, key=lambda b: (min(latest(b), len(loads)), -_tokens(b))):
        k = min(range(min(latest(bundle) + 1, len(loads))), key=lambda k: (loads[k], k))
        chosen[k].extend(bundle)
        loads[k] += _tokens(bundle)
    # Deadlines can leave a middle minibatch empty; closing the gap only makes others fresher.
    return Schedule(tuple(tuple(c) for c in chosen if c), tuple(dropped))


def _usable(
    samples: Sequence[Sample], version_from: int, max_staleness: int, longest: int
) -> tuple[list[Sample], list[Dropped]]:
    why: dict[str, str] = {}
    for s in samples:
        behind = version_from - s.policy_version
        length = len(s.prompt) + len(s.completion)
        if behind > max_staleness:
            why.setdefault(s.of, f"stale: {behind} versions behind, at most {max_staleness}")
        elif length > longest:
            why.setdefault(s.of, f"too_long: {length} tokens, at most {longest}")
    return [s for s in samples if s.of not in why], [Dropped(*one) for one in why.items()]


def _bundles(samples: Sequence[Sample], at_least: int, seed: int) -> list[list[Sample]]:
    """Groups in an order drawn from `seed`, the largest halved until there are enough."""
    groups: dict[str, dict[str, list[Sample]]] = {}
    for s in samples:
        groups.setdefault(s.group, {}).setdefault(s.of, []).append(s)
    bundles = [list(rollouts.values()) for rollouts in groups.values()]
    random.Random(seed).shuffle(bundles)
    while len(bundles) < at_least:
        i = max(range(len(bundles)), key=lambda i: len(bundles[i]))
        whole = bundles[i]
        half = (len(whole) + 1) // 2
        bundles[i : i + 1] = [whole[:half], whole[half:]]
    return [[s for rollout in bundle for s in rollout] for bundle in bundles]


def _tokens(bundle: Sequence[Sample]) -> int:
    """What evaluating the bundle costs: what its samples share once."""
    return fewest(bundle)
