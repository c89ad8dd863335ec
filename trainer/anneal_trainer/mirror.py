"""A job's folder and its names in the store: what an earlier pod left comes down, what appears goes up.

    jobs/NAME/job                          job.json, there before the pod
    jobs/NAME/metrics/000001               lines of metrics.jsonl; of a step that is there twice the last line counts
    jobs/NAME/checkpoints/step-00001       {"files": [{path, sha256, bytes}]}, after the objects that it lists
    jobs/NAME/result                       result.json, last of all

Each is created once, so of two pods at the same job only one is heard, whichever is first. The metrics
up to a step go up before its checkpoint: a checkpoint that can be seen has its whole history.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Callable

from .atomic import digest_file, sync_dir, write_atomic
from .failures import Problem, bad_configuration
from .job import CHECKPOINT_NAME, METRICS_FILE
from .store import KEY_PART, Damaged, Ref, Store, parse_ref, ref_of
from .tracing import OFF, Span

CHUNK = re.compile(r"\d{6}")
Lines = dict[int, str]


class Mirror:
    """Of one job, by one process. Every method may raise JobFailure; calling it again is safe."""

    def __init__(
        self, store: Store, name: str, folder: Path, log: Callable[[str], None], span: Span = OFF
    ) -> None:
        self._store, self._folder, self._log, self._span = store, folder, log, span
        self._root = f"jobs/{name}"
        self._next = 1
        self._lines: Lines = {}
        self._steps: set[int] = set()
        self._looked: tuple[int, ...] = ()
        # A name that only another pod can have created was in the way.
        self.rivalled = False

    def document(self) -> dict[str, Any]:
        """The job document, written to the folder. Raises JobFailure (42) when there is none."""
        key = f"{self._root}/job"
        data = self._store.read_name(key)
        hint = "the orchestrator writes it before it starts the pod; compare ANNEAL_STORE and --name with what it used"
        if data is None:
            problem = Problem(key, "the job document", "nothing in the store", hint)
            raise bad_configuration("job.configuration", f"there is no job at {key}", [problem])
        try:
            document = json.loads(data)
            named = document["name"], document["specHash"]
        except (ValueError, KeyError, TypeError):
            problem = Problem(key, "JSON with name and specHash", repr(data[:60]))
            raise bad_configuration("job.configuration", f"{key} is no job document", [problem]) from None
        if f"jobs/{named[0]}" != self._root:
            problem = Problem(f"{key}#name", self._root.removeprefix("jobs/"), str(named[0]))
            raise bad_configuration("job.configuration", f"{key} is another job's document", [problem])
        write_atomic(self._folder / "job.json", data)
        return document

    def finished(self, spec_hash: str) -> bool:
        """Whether the store has the result of this very job. Raises JobFailure (42) on another's."""
        data = self._store.read_name(f"{self._root}/result")
        if data is None:
            return False
        try:
            got = json.loads(data)["specHash"]
        except (ValueError, KeyError, TypeError):
            got = "no specHash"
        if got == spec_hash:
            return True
        problem = Problem(f"{self._root}/result#specHash", spec_hash, str(got), "give each job its own name")
        raise bad_configuration("job.conflict", f"{self._root} has another job's result", [problem])

    def restore(self) -> None:
        """The newest checkpoint that is whole, with the metrics up to it."""
        stored = self._stored_lines()
        history = 0
        while history + 1 in stored:
            history += 1
        steps = [name for name in self._names("checkpoints") if CHECKPOINT_NAME.fullmatch(name)]
        self._steps = {_step_of(name) for name in steps}
        for name in sorted(steps, reverse=True):
            reason = self._fetch(name) if _step_of(name) <= history else f"only {history} steps have metrics"
            if not reason:
                self._log(f"pod: {name} is restored")
                break
            # To be uploaded again when it was made again: equal bytes heal it.
            self._steps.discard(_step_of(name))
            self._log(f"pod: {name} is passed over: {reason}")
        # A restarted container finds its own lines, which may go further.
        lines = stored | _lines_of(self._folder / METRICS_FILE)
        whole = "".join(lines[step] + "\n" for step in range(1, len(lines) + 1) if step in lines)
        if whole:
            write_atomic(self._folder / METRICS_FILE, whole.encode())

    def upload(self, newest_first: bool = False) -> bool:
        """Whatever is in the folder and not in the store yet; nothing to do costs two looks at files. Whether a checkpoint went."""
        steps = self._local_steps()  # before the metrics are read: a checkpoint is written after its metrics
        self._upload_metrics()
        fresh = steps - self._steps
        for step in sorted(fresh, reverse=newest_first):
            with self._span.span("upload", step=step):
                self._upload_checkpoint(step)
        return len(fresh) > 0

    def publish(self) -> bool:
        """The outputs, then the result. False when another result was there first."""
        data = (self._folder / "result.json").read_bytes()
        for output in json.loads(data)["outputs"].values():
            ref = self._store.put(self._folder / output["path"])
            if (ref.sha256, ref.bytes) != (output["sha256"], output["bytes"]):
                raise RuntimeError(f"{output['path']} is not what result.json says")
        key = f"{self._root}/result"
        # The same bytes: this pod's own, from a write whose answer was lost.
        return self._store.create_name(key, data) or self._store.read_name(key) == data

    def report(self, attempt: int, what: str, data: bytes) -> None:
        self._store.write_name(f"{self._root}/attempts/{attempt}/{what}", data)

    def _names(self, below: str) -> list[str]:
        prefix = f"{self._root}/{below}/"
        return [key.removeprefix(prefix) for key in self._store.list_names(prefix)]

    def _stored_lines(self) -> Lines:
        lines: Lines = {}
        for chunk in filter(CHUNK.fullmatch, self._names("metrics")):
            self._next = int(chunk) + 1
            try:
                data = self._store.read_name(f"{self._root}/metrics/{chunk}") or b""
            except Damaged as damage:
                self._log(f"pod: {damage}")
                continue
            lines |= _parsed(data)
        self._lines = dict(lines)
        return lines

    def _fetch(self, name: str) -> str:
        """Puts a checkpoint into the folder; otherwise says why not."""
        key = f"{self._root}/checkpoints/{name}"
        try:
            manifest = json.loads(self._store.read_name(key) or b"null")
            files = [(entry["path"], _checked_ref(entry)) for entry in manifest["files"]]
        except Damaged as damage:
            return str(damage)
        except (ValueError, KeyError, TypeError) as error:
            return f"its manifest cannot be read: {error}"
        if not files or not all(KEY_PART.fullmatch(path) for path, _ in files):
            return f"its manifest names {[path for path, _ in files]}"
        parent = self._folder / "checkpoints"
        final = parent / name
        if all(_is(final / path, ref) for path, ref in files):
            return ""
        # Named as the trainer names its unfinished ones, which it clears away.
        partial = parent / f".{name}.{os.getpid()}.tmp"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for path, ref in files:
            problems = self._store.fetch(ref, path, partial / path)
            if problems:
                shutil.rmtree(partial)
                return problems[0].line()
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        sync_dir(parent)
        return ""

    def _local_steps(self) -> set[int]:
        try:
            names = os.listdir(self._folder / "checkpoints")
        except FileNotFoundError:
            return set()
        return {_step_of(name) for name in names if CHECKPOINT_NAME.fullmatch(name)}

    def _upload_metrics(self) -> None:
        file = self._folder / METRICS_FILE
        try:
            about = file.stat()
        except FileNotFoundError:
            return
        looked = (about.st_ino, about.st_size, about.st_mtime_ns)
        if looked == self._looked:
            return
        fresh = {step: line for step, line in _lines_of(file).items() if self._lines.get(step) != line}
        if fresh:
            data = "".join(f"{line}\n" for line in fresh.values()).encode()
            while not self._store.create_name(f"{self._root}/metrics/{self._next:06d}", data):
                self._rival(f"metrics/{self._next:06d}")
                self._next += 1
            self._next += 1
            self._lines |= fresh
        self._looked = looked

    def _upload_checkpoint(self, step: int) -> None:
        name = f"step-{step:05d}"
        files = []
        for path in sorted((self._folder / "checkpoints" / name).iterdir()):
            ref = self._store.put(path)
            files.append({"path": path.name, "sha256": ref.sha256, "bytes": ref.bytes})
        data = (json.dumps({"files": files}) + "\n").encode()
        key = f"{self._root}/checkpoints/{name}"
        if not self._store.create_name(key, data):
            self._rival(f"checkpoints/{name}")
            if self._store.read_name(key) != data:
                self._log(f"pod: {name} is in the store with other content, which counts")
        else:
            self._log(f"pod: {name} is in the store")
        self._steps.add(step)

    def _rival(self, name: str) -> None:
        if not self.rivalled:
            self._log(f"pod: {name} is in the store already: another pod may be at work on this job")
        self.rivalled = True


def _checked_ref(entry: dict[str, Any]) -> Ref:
    ref = ref_of(str(entry["sha256"]), entry["bytes"])
    checked, problems = parse_ref(vars(ref), "files")
    if checked is None:
        raise ValueError(problems[0].line())
    return checked


def _is(file: Path, ref: Ref) -> bool:
    try:
        return digest_file(file) == (ref.sha256, ref.bytes)
    except OSError:
        return False


def _step_of(name: str) -> int:
    return int(name.removeprefix("step-"))


def _lines_of(file: Path) -> Lines:
    try:
        return _parsed(file.read_bytes())
    except FileNotFoundError:
        return {}


def _parsed(data: bytes) -> Lines:
    """Whole lines by step, as they stand there; a line that a kill cut off has no end."""
    lines: Lines = {}
    for line in data.decode(errors="replace").splitlines(keepends=True):
        try:
            step = json.loads(line)["step"] if line.endswith("\n") else None
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(step, int):
            lines[step] = line.rstrip("\n")
    return lines
