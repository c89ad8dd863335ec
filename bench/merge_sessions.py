"""Agents' sessions as training samples, merged and not: tokens to evaluate, time to merge them, time of a training step.

Sessions are made up: a system prompt that all share, a task by group, turns of reasoning and of a
tool's output; some are compacted (the middle is forgotten), some reworded (what the agent wrote
comes back in other tokens), some call a sub-agent with a prompt of its own. Prints one JSON object.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time

import jax
import numpy as np

from anneal_trainer import lora as layout
from anneal_trainer.batch import LONGEST_SAMPLE, Sample
from anneal_trainer.engine import Engine
from anneal_trainer.job import LoraSpec
from anneal_trainer.losses import Loss
from anneal_trainer.packing import Row, fewest, pack, unmerged
from anneal_trainer.transformer import Shape, random_weights

SHAPE = Shape(
    layers=4, width=128, heads=4, kv_heads=2, head=32, hidden=256, vocabulary=4096, rope_base=1e4, epsilon=1e-5
)
# What a rank of a large model takes at once. Where a tree is cut, its parts have the way to them again.
LONG_ROW = 65_536
SPEC = LoraSpec(rank=8, alpha=16, layers=2)


def sessions(seed: int, groups: int, size: int, turns: int, scale: int) -> tuple[list[Sample], dict[str, int]]:
    """Samples of `groups` × `size` rollouts of up to `turns` turns each; and how often a history was broken, by why."""
    rng = random.Random(seed)
    breaks = {"compaction": 0, "rewrite": 0, "sub-agent": 0}

    def some(least: int, most: int) -> tuple[int, ...]:
        return tuple(rng.randrange(SHAPE.vocabulary) for _ in range(rng.randint(least * scale, most * scale)))

    system, made = some(24, 24), []

    def turn(name: str, group: str, history: tuple[int, ...]) -> tuple[int, ...]:
        completion = some(2, 12)
        logprobs = tuple(-rng.uniform(1, 9) for _ in completion)
        made.append(Sample(name, group, history, completion, logprobs, rng.uniform(-1, 1), 0.0, 0))
        return history + completion

    for g in range(groups):
        task = system + some(6, 12)
        for s in range(size):
            history = task
            for t in range(rng.randint(turns // 2, turns)):
                name = f"g{g}/s{s}/c{t}"
                if len(history) + 26 * scale > LONGEST_SAMPLE:
                    break
                history = turn(name, f"g{g}", history) + some(2, 10)
                draw = rng.random()
                if draw < 0.04:
                    breaks["compaction"] += 1
                    history = task + some(4, 8)
                elif draw < 0.08:
                    breaks["rewrite"] += 1
                    cut = rng.randrange(len(task), len(history))
                    history = (*history[:cut], (history[cut] + 1) % SHAPE.vocabulary, *history[cut + 1 :])
                elif draw < 0.12:
                    breaks["sub-agent"] += 1
                    turn(f"{name}/sub", f"g{g}", some(8, 16))
    return made, breaks


def wrongly_merged(rows: list[Row], samples: list[Sample]) -> int:
    """Targets whose token sees anything but exactly what its sample had before it."""
    wrong = len(samples) - sum(len(row.spans) for row in rows)
    for row in rows:
        index = np.arange(row.length)
        for s, span in row.spans:
            whole = (*s.prompt, *s.completion)
            for t in {0, len(s.completion) // 2, len(s.completion) - 1}:
                place = row.sources[span][t]
                way = row.tokens[(index <= place) & (place < row.ends)]
                wrong += int(tuple(way) != whole[: len(s.prompt) + t] or row.targets[span][t] != s.completion[t])
    return wrong


def merging(seed: int) -> dict[str, object]:
    samples, breaks = sessions(seed, groups=16, size=8, turns=24, scale=4)
    began = time.process_time()
    rows = pack(samples, row=LONG_ROW)
    seconds = time.process_time() - began
    least, alone, used = fewest(samples), unmerged(samples), sum(row.used for row in rows)
    short = sum(row.used for row in pack(samples, row=LONGEST_SAMPLE))
    return {
        "samples": len(samples), "breaks": breaks, "alone": alone, "merged": used, "least": least,
        "toLeast": used / least, "toLeastInShortRows": short / least, "saved": alone / used, "wronglyMerged": wrongly_merged(rows, samples),
        "secondsPerMillion": seconds / (alone / 1e6),
    }  # fmt: skip


def stepping(seed: int, repeats: int) -> dict[str, object]:
    """A step on the same samples, merged and each alone, by turns; on a small model of random weights."""
    samples, _ = sessions(seed, groups=2, size=4, turns=6, scale=1)
    engine = Engine(SHAPE, random_weights(SHAPE, 0), SPEC, Loss("cispo", 2.0), 1.0)
    adapter = layout.fresh(SHAPE, SPEC, 0)
    ways = {"merged": pack(samples), "alone": [row for s in samples for row in pack([s])]}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    slopes = {}
    for rows in ways.values():
        engine.prepare(rows, adapter, lambda _: None)
    for _ in range(repeats):
        for name, rows in ways.items():
            began = time.perf_counter()
            slopes[name], _tokens = engine.minibatch(adapter, rows, lambda: None)
            seconds[name].append(time.perf_counter() - began)
    far = max(
        float(np.max(np.abs(slopes["merged"][n] - slopes["alone"][n])) / (np.max(np.abs(slopes["alone"][n])) + 1e-30))
        for n in slopes["alone"]
    )
    tokens = {name: sum(row.used for row in rows) for name, rows in ways.items()}
    return {"seconds": seconds, "tokens": tokens, "rows": {n: len(r) for n, r in ways.items()}, "furthest": far}


if __name__ == "__main__":
    turns = int(sys.argv[1])
    result = {
        "merging": [merging(seed) for seed in range(turns)],
        "stepping": [stepping(seed, 3) for seed in range(turns)],
        "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "jax": jax.__version__,
    }
    print(json.dumps(result))
