"""Builds jobs on the tiny random model and runs the trainer on them as the runner does."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

from anneal_trainer.batch import Sample

TRAINER = Path(__file__).parent.parent


def samples(groups: int = 4, size: int = 4, seed: int = 0, vocabulary: int = 256) -> list[Sample]:
    """Groups sharing a prompt; completions of 1 to 9 tokens; rewards 0 or 1."""
    rng = random.Random(seed)
    made = []
    for g in range(groups):
        prompt = tuple(rng.randrange(vocabulary) for _ in range(rng.randint(3, 12)))
        rewards = [float(rng.random() < 0.5) for _ in range(size)]
        for i, reward in enumerate(rewards):
            length = rng.randint(1, 9)
            made.append(
                Sample(
                    id=f"g{g}-s{i}",
                    group=f"g{g}",
                    prompt=prompt,
                    completion=tuple(rng.randrange(vocabulary) for _ in range(length)),
                    logprobs=tuple(-rng.uniform(3, 8) for _ in range(length)),
                    advantage=reward - sum(rewards) / size,
                    reward=reward,
                    policy_version=0,
                )
            )
    return made


def sessions(seed: int, vocabulary: int = 256, name: str = "g") -> list[Sample]:
    """Rollouts of several turns on one prompt: most go on exactly where they ended, some are compacted or rewritten."""
    rng = random.Random(seed)

    def some(least: int, most: int) -> tuple[int, ...]:
        return tuple(rng.randrange(vocabulary) for _ in range(rng.randint(least, most)))

    first, made = some(4, 10), []
    for rollout in range(3):
        history = first
        for turn in range(rng.randint(1, 4)):
            completion = some(1, 6)
            logprobs = tuple(-rng.uniform(3, 8) for _ in completion)
            made.append(
                Sample(f"{name}-s{rollout}-c{turn}", name, history, completion, logprobs, rng.uniform(-1, 1), 0.0, 0)
            )
            history += completion + some(1, 5)
            if rng.random() < 0.25:
                # Forgets its middle, or words its last token anew.
                history = history[: len(first)] + some(2, 4) if rng.random() < 0.5 else history[:-1] + some(1, 1)
    # A server that samples the same twice.
    made.append(replace(made[0], id=f"{name}-again", advantage=-made[0].advantage))
    return made


def line(s: Sample, **changed: Any) -> dict[str, Any]:
    """A sample as the batch has it."""
    return {
        "id": s.id, "group": s.group, "promptIds": s.prompt, "completionIds": s.completion,
        "logprobs": s.logprobs, "advantage": s.advantage, "reward": s.reward,
        "policyVersion": s.policy_version,
    } | changed  # fmt: skip


@dataclass
class Bench:
    """A store and job folders under one temporary folder."""

    folder: Path
    cache: Path
    running: list[subprocess.Popen[str]]

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def put(self, data: bytes) -> dict[str, Any]:
        """Store an object; returns its reference."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.store / "objects" / digest[:2] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {
            "uri": f"store:objects/{digest[:2]}/{digest}", "sha256": digest, "bytes": len(data)
        }  # fmt: skip

    def document(self, lines: list[dict[str, Any]] | None = None, **algorithm: Any) -> dict[str, Any]:
        batch = [line(s) for s in samples()] if lines is None else lines
        data = "".join(json.dumps(value) + "\n" for value in batch).encode()
        return {
            "schema": "anneal/job/v1",
            "name": "quickstart-r1-train-g1",
            "kind": "train",
            "specHash": hashlib.sha256(data).hexdigest(),
            "seed": 7,
            "model": {"base": "tiny-random", "lora": {"rank": 4, "alpha": 8, "layers": 2}},
            "algorithm": {
                "name": "cispo", "clipHigh": 2.0, "learningRate": 0.01, "steps": 3, "beta1": 0.9,
                "beta2": 0.95, "epsilon": 1e-15, "weightDecay": 0, "maxGradNorm": 1.0,
                "maxStaleness": 2, **algorithm,
            },
            "sampling": {"temperature": 1.0},
            "policyVersion": {"from": 0, "to": 1},
            "inputs": {"batch": self.put(data), "adapter": None, "optimizer": None},
            "checkpointEverySteps": 1,
            "maxSeconds": 100,
        }  # fmt: skip

    def job(self, name: str, document: dict[str, Any]) -> Path:
        folder = self.folder / name
        folder.mkdir()
        (folder / "job.json").write_text(json.dumps(document))
        return folder

    def start(self, folder: Path, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "anneal_trainer", "train", "--job", str(folder)],
            env={**self.environment(), **env},
            stdout=subprocess.DEVNULL,
            stderr=open(folder / "log", "a"),
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, folder: Path, **env: str) -> int:
        return self.start(folder, **env).wait(timeout=100)

    def environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(TRAINER),
            "ANNEAL_STORE": self.store.as_uri(),
            "ANNEAL_JAX_CACHE": str(self.cache),
            "PATH": os.environ.get("PATH", ""),
        }


def metrics(folder: Path) -> list[dict[str, Any]]:
    try:
        text = (folder / "metrics.jsonl").read_text()
    except OSError:
        return []
    return [json.loads(row) for row in text.splitlines(keepends=True) if row.endswith("\n")]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def wait_for_step(folder: Path, step: int) -> None:
    """Until the metrics of `step` steps are written; a checkpoint, if any is due, comes after them."""
    wait_for(lambda: len(metrics(folder)) >= step, f"step {step} in {folder / 'metrics.jsonl'}")


def wait_for_checkpoint(folder: Path, step: int) -> None:
    checkpoint = folder / "checkpoints" / f"step-{step:05}"
    wait_for(checkpoint.exists, f"the checkpoint of step {step} in {folder}")


def kill(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> int:
    process.send_signal(number)
    return process.wait(timeout=20)


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def same_outputs(a: Path, b: Path) -> bool:
    """Byte for byte; and the same metrics but for the clock."""
    names = ("adapter.safetensors", "adapter.gguf", "optimizer.safetensors")
    files = all((a / n).read_bytes() == (b / n).read_bytes() for n in names)
    rows = [[{**m, "seconds": 0} for m in metrics(folder)] for folder in (a, b)]
    return files and rows[0] == rows[1]


def children(pid: int) -> list[int]:
    """Of a process, as /proc has them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if text[text.rindex(")") + 2 :].split()[1] == str(pid):
            found.append(int(stat.parent.name))
    return found
