"""The job document: `job.json`, schema anneal/job/v1, kind train.

Everything wrong with it is reported at once: a person fixes a document in one go, not by a
run per mistake.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from .failures import Problem, bad_configuration
from .losses import CLIPPING, NAMES, Loss
from .store import SHA256, Ref, parse_ref

SCHEMA = "anneal/job/v1"
# What lies in a job's folder and is read by more than who writes it.
METRICS_FILE = "metrics.jsonl"
CHECKPOINT_NAME = re.compile(r"step-(\d{5})")


@dataclass(frozen=True)
class LoraSpec:
    """`layers` counts from the top: the last `layers` blocks carry the adapter."""

    rank: int
    alpha: float
    layers: int


@dataclass(frozen=True)
class Algorithm:
    """The loss and how its steps are taken."""

    loss: Loss
    learning_rate: float
    steps: int
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float
    max_grad_norm: float
    max_staleness: int


@dataclass(frozen=True)
class Job:
    name: str
    spec_hash: str
    seed: int
    base: str
    lora: LoraSpec
    algorithm: Algorithm
    temperature: float
    version_from: int
    version_to: int
    batch: Ref
    adapter: Ref | None
    optimizer: Ref | None
    checkpoint_every: int
    max_seconds: float


def load_job(folder: Path) -> Job:
    """Read and check `folder`/job.json. Raises JobFailure (42) with every problem found."""
    file = folder / "job.json"
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        problem = Problem("job.json", "a readable file", error.strerror or str(error))
        raise bad_configuration("job.configuration", f"cannot read {file}", [problem]) from None
    except ValueError as error:
        problem = Problem("job.json", "a JSON document", str(error))
        raise bad_configuration("job.configuration", f"{file} is not JSON", [problem]) from None
    job, problems = parse_job(document)
    if job is None:
        raise bad_configuration("job.configuration", f"job.json has {len(problems)} problem(s)", problems)
    return job


def parse_job(document: Any) -> tuple[Job | None, list[Problem]]:
    """The job, or every problem with the document."""
    top = _Fields(document, "", problems := [])
    top.const("schema", SCHEMA)
    top.const("kind", "train")
    name = top.text("name")
    spec_hash = top.text("specHash", SHA256.fullmatch, "64 lower-case hex digits")
    seed = top.integer("seed", 0)
    every = top.integer("checkpointEverySteps", 1)
    seconds = top.number("maxSeconds", above=0)

    model = top.object("model")
    base = model.text("base")
    lora = model.object("lora")
    spec = LoraSpec(
        lora.integer("rank", 1, 512), lora.number("alpha", above=0), lora.integer("layers", 1)
    )

    algo = top.object("algorithm")
    algorithm = Algorithm(
        loss=_loss(algo),
        learning_rate=algo.number("learningRate", above=0),
        steps=algo.integer("steps", 1),
        beta1=algo.number("beta1", least=0, below=1),
        beta2=algo.number("beta2", least=0, below=1),
        epsilon=algo.number("epsilon", above=0),
        weight_decay=algo.number("weightDecay", least=0),
        max_grad_norm=algo.number("maxGradNorm", above=0),
        max_staleness=algo.integer("maxStaleness", 0),
    )
    if not problems and algorithm.steps > algorithm.max_staleness + 1:
        # Minibatch k is k steps behind even for fresh samples: it could never hold any.
        problems.append(
            Problem(
                "algorithm.steps",
                f"at most maxStaleness + 1 = {algorithm.max_staleness + 1}",
                str(algorithm.steps),
                "each optimizer step makes the samples one version staler",
            )
        )

    sampling = top.object("sampling")
    temperature = sampling.number("temperature", above=0)

    versions = top.object("policyVersion")
    before, after = versions.integer("from", 0), versions.integer("to", 1)
    if not problems and after <= before:
        problems.append(Problem("policyVersion.to", f"more than from ({before})", str(after)))

    inputs = top.object("inputs")
    batch = inputs.ref("batch")
    adapter = inputs.ref("adapter", optional=True)
    optimizer = inputs.ref("optimizer", optional=True)
    if optimizer is not None and adapter is None:
        hint = "moments belong to the adapter they were gathered on"
        problems.append(Problem("inputs.optimizer", "null without an adapter", "a reference", hint))

    top.leave("code")  # which files it is run from: whoever starts it has laid them out

    for fields in (lora, model, algo, sampling, versions, inputs, top):
        fields.no_others()
    if problems:
        return None, problems
    return (
        Job(
            name, spec_hash, seed, base, spec, algorithm, temperature, before, after, batch, adapter, optimizer,
            every, seconds,
        ),
        [],
    )  # fmt: skip


def _loss(algo: "_Fields") -> Loss:
    name = algo.text("name", NAMES.__contains__, f"one of {', '.join(NAMES)}")
    clip_high = algo.number("clipHigh", least=0)
    if name not in CLIPPING:
        return Loss(name, clip_high)
    cap = algo.number("ratioCap", least=1) if algo.has("ratioCap") else None
    return Loss(name, clip_high, algo.number("clipLow", least=0, below=1), cap)


class _Fields:
    """Reads an object's fields, gathering problems; a bad field reads as a harmless value."""

    def __init__(self, value: Any, path: str, problems: list[Problem]) -> None:
        self._path, self._problems, self._seen = path, problems, set[str]()
        self._value = value if isinstance(value, dict) else {}
        self._missing = not isinstance(value, dict)
        if self._missing:
            self._bad(path or "job.json", "an object", value)

    def has(self, key: str) -> bool:
        return key in self._value

    def const(self, key: str, want: str) -> None:
        got = self._take(key)
        if got != want:
            self._bad(self._at(key), json.dumps(want), got)

    def text(
        self, key: str, ok: Callable[[str], object] = bool, expected: str = "a non-empty text"
    ) -> str:
        got = self._take(key)
        if isinstance(got, str) and ok(got):
            return got
        self._bad(self._at(key), expected, got)
        return ""

    def integer(self, key: str, least: int, most: int | None = None) -> int:
        got = self._take(key)
        whole = isinstance(got, int) and not isinstance(got, bool)
        if whole and got >= least and (most is None or got <= most):
            return got
        upto = f" and at most {most}" if most is not None else ""
        self._bad(self._at(key), f"a whole number, at least {least}{upto}", got)
        return least

    def number(
        self,
        key: str,
        least: float | None = None,
        above: float | None = None,
        below: float | None = None,
    ) -> float:
        got = self._take(key)
        if (
            isinstance(got, (int, float))
            and not isinstance(got, bool)
            and math.isfinite(got)
            and (least is None or got >= least)
            and (above is None or got > above)
            and (below is None or got < below)
        ):
            return float(got)
        limits = (("at least", least), ("more than", above), ("less than", below))
        text = " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
        self._bad(self._at(key), f"a number {text}", got)
        return 0.0

    def object(self, key: str) -> "_Fields":
        if self._missing:
            self._seen.add(key)
            child = _Fields({}, self._at(key), [])  # the parent is already reported
            child._missing = True
            return child
        return _Fields(self._take(key), self._at(key), self._problems)

    def ref(self, key: str, optional: bool = False) -> Ref | None:
        got = self._take(key)
        if self._missing or (optional and got is None):
            return None
        ref, problems = parse_ref(got, self._at(key))
        self._problems.extend(problems)
        return ref

    def leave(self, key: str) -> None:
        """A field that is somebody else's to read."""
        self._seen.add(key)

    def no_others(self) -> None:
        for key in sorted(set(self._value) - self._seen):
            known = ", ".join(sorted(self._seen))
            problem = Problem(self._at(key), "no such field", "present", f"known here: {known}")
            self._problems.append(problem)

    def _take(self, key: str) -> Any:
        self._seen.add(key)
        return self._value.get(key)

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _bad(self, path: str, expected: str, got: Any) -> None:
        if self._missing and path != (self._path or "job.json"):
            return  # one line for the missing object, not one for each field of it
        text = "nothing" if got is None else json.dumps(got)[:80]
        self._problems.append(Problem(path, expected, text))
