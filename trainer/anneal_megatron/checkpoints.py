"""Resume checkpoints of a job on many GPUs: Megatron's own files, and a manifest that is written last.

    checkpoints/step-00003/{__0_0.distcp, …, .metadata, common.pt, attempt, manifest.json}
    checkpoints/.step-00003.a2.tmp/     attempt 2 is writing it, or was killed while it did

They hold 14 bytes a parameter, terabytes for a large model, so that they lie in a folder that all nodes share
(ANNEAL_SHARED) and are not carried to the artifact store; on one node they lie in the job's folder, and are.
The manifest has sizes, not hashes: hashing terabytes would take as long as training for a while. Megatron's loader
finds a file that is cut short, and a checkpoint without a manifest is none.

Two attempts may write at once, since a lost node can come back. Each writes into a folder of its own, which becomes the
checkpoint whole or not at all; the first one counts. A later attempt ends what an earlier one is writing.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from anneal_trainer.atomic import sync_dir, write_json, write_synced
from anneal_trainer.failures import ACCELERATOR, JobFailure
from anneal_trainer.job import CHECKPOINT_NAME

SCHEMA = "anneal/megatron-checkpoint/v1"
# contracts/ids.ts, trainingJobName
ROUND = re.compile(r"(.+)-r(\d+)-train")
# Two, so that one is whole while the next is written.
KEPT = 2
# Says whose files lie in a folder, and stays with them.
MARK = "attempt"
UNFINISHED = re.compile(r"\.step-\d+\.a(\d+)\.(tmp|damaged)")


@dataclass(frozen=True)
class Unfinished:
    """A checkpoint that is being written. `mark` is of this beginning alone, known to the rank that made it."""

    folder: Path
    attempt: int
    mark: str


def place(root: Path, step: int) -> Path:
    return root / "checkpoints" / f"step-{step:05d}"


def begin(root: Path, step: int, attempt: int) -> Unfinished:
    """An empty folder to write into, under a name that nobody takes for a checkpoint. By one rank.

    What earlier attempts did not finish is removed: it is as large as a checkpoint, and they have been succeeded."""
    for name in _names(root):
        other = UNFINISHED.fullmatch(name)
        if other and int(other[1]) < attempt:
            shutil.rmtree(root / "checkpoints" / name, ignore_errors=True)
    folder = partial_of(root, step, attempt)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark = f"{attempt} {uuid.uuid4()}\n"
    write_synced(folder / MARK, mark.encode())
    return Unfinished(folder, attempt, mark)


def partial_of(root: Path, step: int, attempt: int) -> Path:
    """The same folder, for the ranks that did not make it."""
    return root / "checkpoints" / f".step-{step:05d}.a{attempt}.tmp"


def commit(root: Path, step: int, written: Unfinished, spec_hash: str, about: dict[str, Any]) -> Path:
    """When every rank has written its files: manifest, then name. By one rank.

    A whole checkpoint of this step that another attempt made counts, and this one is dropped. Raises JobFailure (43)
    when the files are not, or not only, those of this beginning."""
    partial, final = written.folder, place(root, step)
    try:
        if (partial / MARK).read_text() != written.mark:
            raise _succeeded(step)
        files = [{"path": path.name, "bytes": path.stat().st_size} for path in sorted(partial.iterdir())]
        document = {"schema": SCHEMA, "specHash": spec_hash, "step": step, "attempt": written.attempt}
        write_json(partial / "manifest.json", {**document, "files": files, **about})
        _take_place(partial, final, spec_hash)
    except FileNotFoundError:
        raise _succeeded(step) from None
    sync_dir(final.parent)
    for old in _steps(root)[KEPT:]:
        shutil.rmtree(place(root, old), ignore_errors=True)
    return final


def _take_place(partial: Path, final: Path, spec_hash: str) -> None:
    """One rename decides between two attempts, so that nobody sees files of both."""
    damaged = partial.with_suffix(".damaged")
    while _why_not(final, spec_hash):
        # Moved away whole: were it removed in its place, another attempt's could be caught half way.
        shutil.rmtree(damaged, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.rename(final, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
        try:
            return os.rename(partial, final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    shutil.rmtree(partial, ignore_errors=True)


def _succeeded(step: int) -> JobFailure:
    text = f"the checkpoint of step {step} was taken over while it was written: a later attempt is at work on this job"
    return JobFailure(ACCELERATOR, "job_busy", text)


def latest(root: Path, spec_hash: str, log: Callable[[str], None]) -> tuple[int, Path] | None:
    """The newest whole checkpoint of this very job; each one that is passed over is logged with why."""
    for step in _steps(root):
        folder = place(root, step)
        reason = _why_not(folder, spec_hash)
        if not reason:
            return step, folder
        log(f"checkpoint {folder.name} is passed over: {reason}")
    return None


def forget_earlier(shared: Path, log: Callable[[str], None]) -> None:
    """Terabytes of each earlier round of the campaign, in the folder that its jobs share: this one begins with what they made,
    which is in the artifact store. By one rank."""
    own = ROUND.fullmatch(shared.name)
    if own is None or not shared.parent.is_dir():
        return
    for folder in sorted(shared.parent.iterdir()):
        other = ROUND.fullmatch(folder.name)
        if other and other[1] == own[1] and int(other[2]) < int(own[2]):
            log(f"{folder.name}: its checkpoints are removed")
            shutil.rmtree(folder, ignore_errors=True)


def _why_not(folder: Path, spec_hash: str) -> str:
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["schema"] != SCHEMA or manifest["specHash"] != spec_hash:
            return "it belongs to another job"
        for file in manifest["files"]:
            size = (folder / file["path"]).stat().st_size
            if size != file["bytes"]:
                return f"{file['path']} has {size} bytes, not {file['bytes']}"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"unreadable: {error}"
    return ""


def _steps(root: Path) -> list[int]:
    return sorted((int(m[1]) for m in map(CHECKPOINT_NAME.fullmatch, _names(root)) if m), reverse=True)


def _names(root: Path) -> list[str]:
    try:
        return os.listdir(root / "checkpoints")
    except FileNotFoundError:
        return []
