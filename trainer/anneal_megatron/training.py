"""The job's course, whatever computes the steps: inputs, minibatches, saves, stops, result. No torch.

Every rank runs this; rank 0 writes. All of them decide alike, because they read the same job and agree on stopping.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Protocol, Sequence

import numpy as np

from anneal_trainer import metrics
from anneal_trainer.atomic import describe, write_json
from anneal_trainer.batch import Sample, parse_batch, sample_id
from anneal_trainer.failures import BUG, JobFailure, Problem, bad_configuration
from anneal_trainer.metrics import Tokens
from anneal_trainer.packing import pieces
from anneal_trainer.schedule import Schedule, plan
from anneal_trainer.store import Ref, Store, parse_ref
from anneal_trainer.tracing import OFF, Span

from . import checkpoints, routing
from .document import MegatronJob
from .manifest import Manifest
from .packing import divide, lay_out


class Stopped(Exception):
    """The ranks have agreed to stop; what was to be saved is saved."""


@dataclass(frozen=True)
class Facts:
    """Of the model, as the engine knows it."""

    vocabulary: int
    layers: int
    experts: int
    experts_per_token: int


@dataclass(frozen=True)
class StepOutcome:
    """Of the whole minibatch, the same on every rank."""

    tokens: Tokens
    grad_norm: float


class Engine(Protocol):
    """What Megatron does (megatron.py); a scripted one in tests."""

    rank: int
    data_rank: int

    def facts(self) -> Facts: ...
    def load(self, checkpoint: Path | None) -> None: ...
    def step(self, rows: Sequence[Any], routes: Sequence[np.ndarray | None], total: int) -> StepOutcome: ...
    def save(self, folder: Path) -> None: ...
    def agree(self, stop: bool) -> bool: ...
    def barrier(self) -> None: ...
    def export(self, version: int) -> Manifest: ...


class Course:
    """One run of one job by one rank."""

    def __init__(
        self, work: MegatronJob, folder: Path, shared: Path, engine: Engine, store: Store,
        stopping: Callable[[], bool], log: Callable[[str], None], span: Span = OFF, attempt: int = 0,
    ) -> None:  # fmt: skip
        """`attempt`: the same for all ranks, and no other try's of this job; 0 where nobody counts them."""
        self._work, self._folder, self._shared = work, folder, shared
        self._engine, self._store, self._stopping, self._log = engine, store, stopping, log
        self._span, self._attempt = span, attempt
        self._first = engine.rank == 0

    def run(self) -> None:
        """Raises JobFailure or Stopped."""
        start = time.monotonic()
        job, engine = self._work.job, self._engine
        samples, routes = self._inputs()
        longest = self._work.layout.sequence_tokens
        algorithm = job.algorithm
        schedule = plan(samples, algorithm.steps, job.version_from, algorithm.max_staleness, job.seed, longest)
        for dropped in schedule.dropped:
            self._say(f"load: rollout {dropped.id} dropped, {dropped.reason}")
        if self._first and self._shared != self._folder:
            checkpoints.forget_earlier(self._shared, self._say)
        found = checkpoints.latest(self._shared, job.spec_hash, self._say)
        done = found[0] if found else 0
        with self._span.span("restore"):
            engine.load(found[1] if found else None)
        self._span.set(steps=len(schedule.minibatches), resumed_from=done)
        self._say(f"load: going on after step {done}" if done else "load: model ready")
        loaded = time.monotonic()
        journal = metrics.Journal(self._folder, done) if self._first else None
        for index in range(done, len(schedule.minibatches)):
            if engine.agree(self._stopping()):
                self._stop(index)
            with self._span.span("step", step=index + 1):
                line = self._step(index, schedule.minibatches[index], routes)
            if journal is not None:
                journal.append(line)
            self._say(f"train: step {index + 1}/{len(schedule.minibatches)}, loss {line['loss']:+.4f}")
            if (index + 1) % job.checkpoint_every == 0 and index + 1 < len(schedule.minibatches):
                self._save(index + 1)
        trained = time.monotonic()
        if engine.agree(self._stopping()):
            self._stop(len(schedule.minibatches))
        with self._span.span("export"):
            manifest = engine.export(job.version_to)
        if journal is not None:
            now = time.monotonic()
            seconds = {"load": loaded - start, "train": trained - loaded, "export": now - trained, "total": now - start}
            self._result(schedule, journal, manifest, seconds)
        engine.barrier()

    def _inputs(self) -> tuple[list[Sample], dict[str, np.ndarray]]:
        facts = self._engine.facts()
        job = self._work.job
        if facts.layers != self._work.layout.layers or facts.experts != self._work.layout.experts:
            got = f"{facts.layers} layers, {facts.experts} experts"
            problem = Problem("layout", f"those of {job.base}: {got}", f"{self._work.layout.layers}, {self._work.layout.experts}")
            raise bad_configuration("job.configuration", "the layout is another model's", [problem])
        data, problems = self._store.read(job.batch, "inputs.batch")
        samples: list[Sample] = []
        routes: dict[str, np.ndarray] = {}
        if data is not None:
            samples, problems = parse_batch(data, "inputs.batch", facts.vocabulary, job.version_from)
            if not problems:
                routes, problems = self._routes(data, samples, facts)
        if problems:
            raise bad_configuration("job.configuration", f"the job's inputs have {len(problems)} problem(s)", problems)
        return samples, routes

    def _routes(self, data: bytes, samples: Sequence[Sample], facts: Facts) -> tuple[dict[str, np.ndarray], list[Problem]]:
        """By sample. Replay needs those of every sample: with some of them two kinds of gradients would be mixed."""
        refs: dict[str, Ref] = {}
        problems: list[Problem] = []
        for number, text in enumerate(data.splitlines(), 1):
            line = json.loads(text)
            if line.get("routing") is not None:
                ref, bad = parse_ref(line["routing"], f"inputs.batch:{number}.routing")
                problems += bad
                if ref is not None:
                    refs[sample_id(line)] = ref
        if facts.experts == 0 or len(refs) < len(samples):
            if refs:
                self._say(f"load: {len(refs)} of {len(samples)} samples have their experts: none is replayed")
            return {}, problems
        found: dict[str, np.ndarray] = {}
        for sample in samples:
            path = f"routing of {sample.id}"
            text, bad = self._store.read(refs[sample.id], path)
            problems += bad
            if text is None:
                continue
            try:
                array = routing.decode(text.decode("ascii"))
            except ValueError as error:
                problems.append(Problem(path, "experts of each token", str(error)))
                continue
            count = len(sample.prompt) + len(sample.completion)
            problems += routing.check(array, count, facts.layers, facts.experts_per_token, facts.experts, path)
            found[sample.id] = array
        return found, problems

    def _step(self, index: int, samples: Sequence[Sample], routes: Mapping[str, np.ndarray]) -> dict[str, Any]:
        job, layout, facts = self._work.job, self._work.layout, self._engine.facts()
        began = time.monotonic()
        shares = divide(samples, layout.sequence_tokens // pieces(), layout.token_multiple, layout.parallel.data)
        rows = [lay_out(row, layout.token_multiple) for row in shares[self._engine.data_rank]]
        experts = [
            routing.of_row(row, routes, facts.layers, facts.experts_per_token, facts.experts) if routes else None
            for row in rows
        ]
        total = sum(len(sample.completion) for sample in samples)
        outcome = self._engine.step(rows, experts, total)
        values = metrics.policy_metrics(outcome.tokens, job.algorithm.loss)
        if not all(map(np.isfinite, (outcome.grad_norm, *values.values()))):
            raise JobFailure(BUG, "diverged", f"step {index + 1}: loss or gradient is not finite")
        fresh = index == 0 and all(s.policy_version == job.version_from for s in samples)
        gap = metrics.mismatch(outcome.tokens) if fresh else {"mean": None, "p99": None}
        return {
            "step": index + 1,
            "policyVersion": job.version_to,
            **metrics.sample_metrics(samples, job.version_from, index),
            **values,
            "gradNorm": outcome.grad_norm,
            "learningRate": job.algorithm.learning_rate,
            "mismatchMean": gap["mean"],
            "mismatchP99": gap["p99"],
            "rows": sum(len(share) for share in shares),
            "replayed": bool(routes),
            "seconds": time.monotonic() - began,
        }

    def _stop(self, step: int) -> None:
        """Terabytes are not written in a preemption's notice: then the last periodic save counts."""
        if self._work.layout.save_on_stop and step > 0:
            self._save(step)
        self._say(f"stop: after step {step}")
        raise Stopped

    def _save(self, step: int) -> None:
        engine, root = self._engine, self._shared
        with self._span.span("checkpoint", step=step):
            begun = checkpoints.begin(root, step, self._attempt) if self._first else None
            engine.barrier()
            engine.save(checkpoints.partial_of(root, step, self._attempt))
            engine.barrier()
            if begun is not None:
                checkpoints.commit(root, step, begun, self._work.job.spec_hash, {"job": self._work.job.name})
                self._say(f"train: checkpoint of step {step} written")
            engine.barrier()

    def _result(self, schedule: Schedule, journal: metrics.Journal, manifest: Manifest, seconds: dict[str, float]) -> None:
        job = self._work.job
        write_json(self._folder / "weights.json", manifest.document())
        result = {
            "schema": "anneal/job-result/v1",
            "name": job.name,
            "specHash": job.spec_hash,
            "status": "done",
            "policyVersion": job.version_to,
            "steps": len(schedule.minibatches),
            "trained": list(dict.fromkeys(s.of for batch in schedule.minibatches for s in batch)),
            "dropped": [{"id": d.id, "reason": d.reason} for d in schedule.dropped],
            "outputs": {"weights": describe(self._folder / "weights.json")},
            "weights": manifest.tag,
            "metrics": metrics.summary(journal.lines),
            "seconds": {key: round(value, 3) for key, value in seconds.items()},
        }
        write_json(self._folder / "result.json", result)

    def _say(self, text: str) -> None:
        if self._first:
            self._log(text)
