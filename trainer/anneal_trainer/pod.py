"""A pod's entry point: fetch the job from the store, train, and leave everything in the store.

The trainer runs as it does on one machine, as a child process on a folder; this process keeps folder and
store alike. A pod may be killed at any moment: the next one goes on from the newest checkpoint in the store.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Callable

from . import failures, podlog, tracing
from .atomic import write_json
from .failures import JobFailure, Problem, bad_configuration, classify
from .mirror import Mirror
from .store import KEY_PART, open_store

POLL_SECONDS = 0.25
# After a failed upload the training goes on; the next try waits this long.
PAUSE_SECONDS = 5.0
# How long the last uploads are tried. Kubernetes gives 30 s after SIGTERM unless told otherwise.
PATIENCE_SECONDS, HURRIED_SECONDS = 120.0, 20.0
WAITING = (failures.ACCELERATOR, failures.NO_SPACE)  # of a store: out of reach, full
TERMINATION_BYTES = 4096  # what Kubernetes keeps


class Pod:
    """One attempt at one job."""

    def __init__(self, name: str, attempt: int, work: Path, termination: Path) -> None:
        self._name, self._attempt, self._termination = name, attempt, termination
        self._folder = work / name if KEY_PART.fullmatch(name) else work
        self._kept = podlog.PodLog(self._folder / "log")
        self._span = tracing.begin("pod", job=name, attempt=attempt)
        self._child: subprocess.Popen[bytes] | None = None
        self._mirror: Mirror | None = None
        self._stopping = False
        # Nothing is lost by leaving at once: before the trainer was started, and when all is done.
        self._idle = True
        self._lock = -1

    def run(self) -> int:
        """The exit code. The caller leaves with it at once, so that no SIGTERM can come in between."""
        signal.signal(signal.SIGTERM, self._on_sigterm)
        try:
            code = self._job()
        except Exception as error:
            code = self._fail(error)
        self._idle = True
        self._span.leave(code)
        return failures.CHECKPOINTED if self._stopping and code == failures.DONE else code

    def _on_sigterm(self, *_: object) -> None:
        self._stopping = True
        if self._idle:
            os._exit(self._span.leave(failures.CHECKPOINTED))
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)

    def _job(self) -> int:
        if not KEY_PART.fullmatch(self._name) or self._attempt < 1:
            got = f"{self._name}, {self._attempt}"
            problem = Problem("--name, --attempt", f"{KEY_PART.pattern} and 1 or more", got)
            raise bad_configuration("job.configuration", "bad command line", [problem])
        self._exclusive()
        store = open_store()
        mirror = Mirror(store, self._name, self._folder, self._log, self._span)
        document = mirror.document()
        self._mirror = mirror
        if mirror.finished(document["specHash"]):
            self._log("pod: already done: the store has the result of this job")
            return failures.DONE
        self._log(f"pod: job {self._name}, attempt {self._attempt}")
        # Shows before hours of training that the store takes what is written.
        self._keep_log()
        with self._span.span("restore"):
            mirror.restore()
        (self._folder / "error.json").unlink(missing_ok=True)
        return self._train(mirror, document["specHash"])

    def _train(self, mirror: Mirror, spec_hash: str) -> int:
        self._idle = False
        child = self._spawn()
        again = 0.0
        while child.poll() is None:
            try:
                child.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            if time.monotonic() < again:
                continue
            try:
                saved = mirror.upload(newest_first=self._stopping)
                # A pod that is killed can leave no more. While it is told to stop, what counts goes first.
                if not self._stopping and (saved or self._kept.is_due()):
                    self._keep_log()
                if mirror.rivalled and not self._stopping:
                    mirror.rivalled = False
                    if mirror.finished(spec_hash):
                        return self._outrun(child)
            except Exception as error:
                failure = classify(error)
                if failure.exit_code == failures.CONFIGURATION:
                    self._end(child)
                    raise
                self._log(f"pod: not uploaded yet: {failure}")
                again = time.monotonic() + PAUSE_SECONDS
        self._tee.join(5)
        code = child.returncode
        if self._stopping and code == -signal.SIGTERM:
            code = failures.CHECKPOINTED  # it had not come so far as to have anything to lose
        if code not in (failures.DONE, failures.CHECKPOINTED):
            self._attend(lambda: mirror.upload(), also=True)
            return self._died(code)
        self._attend(lambda: mirror.upload(newest_first=True))
        if code == failures.DONE and not self._published(mirror):
            mirror.finished(spec_hash)  # or it is another job's: 42
            self._log("pod: another pod has finished this job; its result counts")
        self._leave_log()
        return code

    def _published(self, mirror: Mirror) -> Any:
        with self._span.span("publish"):
            return self._attend(mirror.publish)

    def _outrun(self, child: "subprocess.Popen[bytes]") -> int:
        child.kill()
        child.wait()
        self._log("pod: another pod has finished this job; its result counts, this one ends")
        self._leave_log()
        return failures.DONE

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        child.terminate()
        try:
            child.wait(HURRIED_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        """From the main thread, whose end the child does not survive."""
        child = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **self._environment()},
        )  # fmt: skip
        self._child = child
        if self._stopping:
            child.send_signal(signal.SIGTERM)

        def tee() -> None:
            while data := os.read(child.stdout.fileno(), 65536):
                self._kept.write(data)

        self._tee = threading.Thread(target=tee, name="tee", daemon=True)
        self._tee.start()
        return child

    def _environment(self) -> dict[str, str]:
        about = {tracing.ATTEMPT: str(self._attempt), podlog.START: repr(podlog.begun())}
        return {**about, **self._span.environment()}

    def _command(self) -> list[str]:
        """What trains, on the folder; anneal_megatron has another."""
        command = [sys.executable, "-m", "anneal_trainer", "train", "--job", str(self._folder)]
        return [*command, "--parent", str(os.getpid())]

    def _attend(self, work: Callable[[], Any], also: bool = False) -> Any:
        """Repeats the last uploads while the store is out of reach. `also`: something worse has happened already."""
        start = time.monotonic()
        while True:
            try:
                return work()
            except JobFailure as failure:
                left = start + (HURRIED_SECONDS if self._stopping or also else PATIENCE_SECONDS) - time.monotonic()
                if failure.exit_code not in WAITING or left <= 0:
                    if also:
                        self._log(f"pod: not uploaded: {failure}")
                        return None
                    raise
                self._log(f"pod: not uploaded yet: {failure}")
                time.sleep(min(left, PAUSE_SECONDS / 2))

    def _died(self, code: int) -> int:
        """The trainer failed: its own words, or what can be said from outside."""
        if code < 0:
            reason = "perhaps for lack of memory" if code == -signal.SIGKILL else "which it did not expect"
            text = f"the trainer was ended by signal {-code}, {reason}"
            write_json(self._folder / "error.json", {"code": "killed", "message": text, "problems": []})
            code = 128 - code
        try:
            said = json.loads((self._folder / "error.json").read_bytes())
        except (OSError, ValueError):
            said = {"code": "internal", "message": f"the trainer exited with {code}", "problems": []}
        self._tell(said, store=True)
        return code

    def _fail(self, error: Exception) -> int:
        failure = classify(error)
        if failure.exit_code == failures.BUG:
            self._log("".join(traceback.format_exception(error)).rstrip())
        self._log(f"error: {failure.message} [{failure.code}]")
        for problem in failure.problems:
            self._log(f"  {problem.line()}")
        problems = [vars(problem) for problem in failure.problems]
        said = {"code": failure.code, "message": failure.message, "problems": problems}
        # A store that has just refused or not answered is not asked again.
        self._tell(said, store=not failure.code.startswith("store."))
        return failure.exit_code

    def _tell(self, said: dict[str, Any], store: bool) -> None:
        _write_termination(self._termination, said)
        if not store or self._mirror is None:
            return
        try:
            self._mirror.report(self._attempt, "error", (json.dumps(said, indent=2) + "\n").encode())
            self._keep_log(last=True)
        except JobFailure as failure:
            self._log(f"pod: error and log were not stored: {failure}")

    def _leave_log(self) -> None:
        self._attend(lambda: self._keep_log(last=True), also=True)

    def _keep_log(self, last: bool = False) -> None:
        self._kept.leave(lambda what, data: self._mirror.report(self._attempt, what, data), last)

    def _exclusive(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._folder / ".pod.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = f"another pod is at work in {self._folder}"
            raise JobFailure(failures.ACCELERATOR, "job_busy", text) from None

    def _log(self, text: str) -> None:
        self._kept.say(text)


def _write_termination(file: Path, said: dict[str, Any]) -> None:
    """JSON that fits: the last problems are left out first, then the end of the message."""
    said = {**said, "message": str(said.get("message", ""))[:900], "problems": list(said.get("problems", []))}
    while len(data := json.dumps(said, ensure_ascii=False).encode()) > TERMINATION_BYTES and said["problems"]:
        said["problems"].pop()
    try:
        if file.exists():
            file.write_bytes(data[:TERMINATION_BYTES])
    except OSError:
        pass
