"""Why a job ended: the exit codes of the job contract and the error that carries one.

The orchestrator reads only the exit code and `error.json`; both come from here, so that a
new way to fail is added in one place.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

DONE = 0
BUG = 1  # an unexpected exception: a traceback is in the log
CONFIGURATION = 42  # job.json, an input or the model file: retrying cannot help
ACCELERATOR = 43  # backend, memory, another process holds the job: retrying may help
NO_SPACE = 44  # disk full: retrying helps once there is room
CHECKPOINTED = 85  # stopped on request; the same command goes on from the checkpoint


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what the job was given; `path` names the field or the file."""

    path: str
    expected: str
    got: str
    hint: str = ""

    def line(self) -> str:
        text = f"{self.path}: expected {self.expected}, got {self.got}"
        return f"{text} ({self.hint})" if self.hint else text


@dataclass
class JobFailure(Exception):
    """Ends the job with `exit_code`; `code` is the stable name that error pages use."""

    exit_code: int
    code: str
    message: str
    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        return self.message


def bad_configuration(code: str, message: str, problems: list[Problem]) -> JobFailure:
    return JobFailure(CONFIGURATION, code, message, problems)


def classify(error: BaseException) -> JobFailure:
    """Map any exception to how the job ends. Unknown ones are bugs (exit 1), never hidden."""
    if isinstance(error, JobFailure):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" while writing {error.filename}" if error.filename else ""
        return JobFailure(NO_SPACE, "no_space", f"no space left on the device{where}")
    if isinstance(error, MemoryError):
        return JobFailure(ACCELERATOR, "out_of_memory", "the process ran out of memory")
    # Matched by name: importing jax here would make even `--help` pay for it.
    if type(error).__name__ in ("XlaRuntimeError", "JaxRuntimeError"):
        return JobFailure(ACCELERATOR, "accelerator", f"the accelerator failed: {error}")
    return JobFailure(BUG, "internal", f"{type(error).__name__}: {error}")
