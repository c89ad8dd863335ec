"""The train job: from job.json to result.json, resumable at every point.

Only files decide what is left to do, so the same command after any kind of death goes on from
the newest whole checkpoint and ends with the same bytes.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import threading
import time
from pathlib import Path
from typing import Any, Callable

from . import checkpoint, metrics
from .atomic import describe, write_json
from .failures import ACCELERATOR, BUG, JobFailure, Problem, bad_configuration
from .inputs import Inputs, read_inputs
from .job import Job
from .podlog import stamped
from .schedule import Schedule, plan
from .tracing import OFF, Span

STEP_DELAY = "ANNEAL_TRAINER_STEP_DELAY"  # test hook: seconds slept inside each step
LOCK_SECONDS = 10.0


class Stopped(Exception):
    """Raised inside the work when a stop was asked for; nothing is lost by it."""


class TrainJob:
    """One run of one job. `run` is called in a worker thread, `save_now` from the main one."""

    def __init__(self, folder: Path, job: Job, stopping: Callable[[], bool], span: Span = OFF) -> None:
        self._folder, self._job, self._stopping, self._span = folder, job, stopping, span
        self._start = time.monotonic()
        # Held while files that belong together are written: a stop waits for it.
        self._files = threading.RLock()
        self._state: checkpoint.State | None = None
        self._saved = 0

    def log(self, text: str) -> None:
        print(stamped(text), file=os.sys.stderr, flush=True)

    def run(self) -> None:
        """Train and write result.json. Raises JobFailure, Stopped, or what went wrong."""
        job = self._job
        lock = self._exclusive()
        checkpoint.remove_partial(self._folder)
        self.log(f"load: job {job.name}, policy {job.version_from} -> {job.version_to}")
        with self._span.span("load"):
            inputs = read_inputs(job)
            schedule = plan(
                inputs.samples, job.algorithm.steps, job.version_from, job.algorithm.max_staleness, job.seed
            )
            for d in schedule.dropped:
                self.log(f"load: rollout {d.id} dropped, {d.reason}")
            engine = self._engine(inputs)
        loaded = time.monotonic()
        with self._span.span("restore"):
            self._resume(inputs)
        self._span.set(steps=len(schedule.minibatches), resumed_from=self._state.step)
        journal = metrics.Journal(self._folder, self._state.step)
        self._steps(engine, schedule, journal)
        trained = time.monotonic()
        with self._files, self._span.span("export"):
            outputs = self._export(inputs)
            now = time.monotonic()
            seconds = {
                "load": loaded - self._start,
                "compile": engine.compile_seconds,
                "train": trained - loaded - engine.compile_seconds,
                "export": now - trained,
                "total": now - self._start,
            }
            self._write_result(schedule, journal, outputs, seconds)
        self.log(
            "done: " + ", ".join(f"{k} {v:.2f} s" for k, v in seconds.items())
            + f", peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
        )  # fmt: skip
        os.close(lock)

    def save_now(self) -> None:
        """Checkpoint the last finished step if it is not on disk yet."""
        with self._files:
            if self._state is not None and self._state.step > self._saved:
                self._save(self._state)
                self.log(f"stop: checkpoint of step {self._saved} written")

    def _exclusive(self) -> int:
        """Only one process may write into the folder; the kernel frees the lock on any death."""
        fd = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except OSError:
                if time.monotonic() > deadline:
                    text = f"another trainer is at work in {self._folder}"
                    raise JobFailure(ACCELERATOR, "job_busy", text) from None
                self._check()
                time.sleep(0.1)

    def _engine(self, inputs: Inputs) -> Any:
        self._check()
        from .engine import Engine, keep_memory, use_cache

        keep_memory()
        if cache := os.environ.get("ANNEAL_JAX_CACHE"):
            use_cache(cache)
        weights = inputs.base.load()
        self.log("load: model ready")
        job = self._job
        return Engine(inputs.base.shape, weights, job.lora, job.algorithm.loss, job.temperature)

    def _resume(self, inputs: Inputs) -> None:
        state = checkpoint.latest(self._folder, self._job, self.log)
        if state is None:
            state = checkpoint.State(0, inputs.adapter, inputs.moments)
        else:
            self.log(f"load: resuming after step {state.step}")
        with self._files:
            self._state, self._saved = state, state.step

    def _steps(self, engine: Any, schedule: Schedule, journal: metrics.Journal) -> None:
        from .packing import ROW, pack, pieces

        if (count := pieces()) > 1:
            self.log(f"memory: rows of {ROW // count} tokens, after attempts that ran out of it")
        packed = [pack(samples, ROW // count) for samples in schedule.minibatches]
        delay = float(os.environ.get(STEP_DELAY, "0"))
        for index in range(self._state.step, len(packed)):
            self._check()
            rows = packed[index]
            engine.prepare(rows, self._state.adapter, self.log, self._span)
            start = time.monotonic()
            with self._span.span("step", step=index + 1, rows=len(rows)):
                self._sleep(delay)
                line, state = self._step(engine, index, schedule.minibatches[index], rows)
            line["seconds"] = time.monotonic() - start
            with self._files:
                self._check()  # a stop that came during the step has already saved the one before
                journal.append(line)
                self._state = state
                last = state.step == len(packed)
                if state.step % self._job.checkpoint_every == 0 or last:
                    self._save(state)
            self.log(
                f"train: step {state.step}/{len(packed)}, {line['samples']} samples, "
                f"{line['tokens']} tokens, {len(rows)} rows, loss {line['loss']:+.4f}, "
                f"kl {line['kl']:.4f}, entropy {line['entropy']:.3f}, {line['seconds']:.2f} s"
            )

    def _save(self, state: checkpoint.State) -> None:
        with self._span.span("checkpoint", step=state.step):
            checkpoint.save(self._folder, self._job, state)
        self._saved = state.step

    def _step(
        self, engine: Any, index: int, samples: Any, rows: Any
    ) -> tuple[dict[str, Any], checkpoint.State]:
        from .adamw import update

        job, state = self._job, self._state
        gradient, tokens = engine.minibatch(state.adapter, rows, self._check)
        adapter, moments, norm = update(state.adapter, gradient, state.moments, job.algorithm)
        values = metrics.policy_metrics(tokens, job.algorithm.loss)
        if not all(map(_finite, (norm, *values.values()))):
            raise JobFailure(BUG, "diverged", f"step {index + 1}: loss or gradient is not finite")
        # Only before the first update are trainer and sampler the same policy.
        fresh = index == 0 and all(s.policy_version == job.version_from for s in samples)
        gap = metrics.mismatch(tokens) if fresh else {"mean": None, "p99": None}
        line = {
            "step": index + 1,
            "policyVersion": job.version_to,
            **metrics.sample_metrics(samples, job.version_from, index),
            **values,
            "gradNorm": norm,
            "learningRate": job.algorithm.learning_rate,
            "mismatchMean": gap["mean"],
            "mismatchP99": gap["p99"],
            "rows": len(rows),
            "rowTokens": sum(row.length for row in rows),
        }
        return line, checkpoint.State(index + 1, adapter, moments)

    def _export(self, inputs: Inputs) -> dict[str, Any]:
        from .adapterfile import adapter_bytes, optimizer_bytes
        from .ggufadapter import write_adapter

        job, folder, state = self._job, self._folder, self._state
        about = {"base": job.base, "alpha": job.lora.alpha}
        outputs = {
            "adapter": checkpoint.publish(
                folder / "adapter.safetensors", adapter_bytes(state.adapter, job.base, job.lora)
            )
        }
        partial = folder / f".adapter.gguf.{os.getpid()}.tmp"
        write_adapter(partial, state.adapter, about)
        os.replace(partial, folder / "adapter.gguf")
        outputs["adapterGguf"] = describe(folder / "adapter.gguf")
        outputs["optimizer"] = checkpoint.publish(
            folder / "optimizer.safetensors", optimizer_bytes(state.moments)
        )
        return outputs

    def _write_result(
        self, schedule: Schedule, journal: metrics.Journal, outputs: Any, seconds: Any
    ) -> None:
        job = self._job
        result = {
            "schema": "anneal/job-result/v1",
            "name": job.name,
            "specHash": job.spec_hash,
            "status": "done",
            "policyVersion": job.version_to,
            "steps": self._state.step,
            "trained": list(dict.fromkeys(s.of for batch in schedule.minibatches for s in batch)),
            "dropped": [{"id": d.id, "reason": d.reason} for d in schedule.dropped],
            "outputs": outputs,
            "metrics": metrics.summary(journal.lines),
            "seconds": {k: round(v, 3) for k, v in seconds.items()},
        }
        write_json(self._folder / "result.json", result)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._check()
            time.sleep(0.02)

    def _check(self) -> None:
        if self._stopping():
            raise Stopped


def finished(folder: Path, job: Job) -> bool:
    """Whether result.json shows this very job done. Raises JobFailure (42) on another's."""
    path = folder / "result.json"
    try:
        got = json.loads(path.read_bytes())["specHash"]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return False  # renamed into place, so only a foreign hand can have damaged it
    if got == job.spec_hash:
        return True
    hint = "give each job its own folder"
    problem = Problem("result.json#specHash", job.spec_hash, str(got), hint)
    raise bad_configuration("job.conflict", f"{folder} holds another job's result", [problem])


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
