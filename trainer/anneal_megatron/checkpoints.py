"""Resume checkpoints of a job on many GPUs: Megatron's own files, and a manifest that is written last.

    checkpoints/step-00003/{__0_0.distcp, …, .metadata, common.pt, manifest.json}

They hold 14 bytes a parameter, terabytes for a large model, so that they lie in a folder that all nodes share
(ANNEAL_SHARED) and are not carried to the artifact store; on one node they lie in the job's folder, and are.
The manifest has sizes, not hashes: hashing terabytes would take as long as training for a while. Megatron's loader
finds a file that is cut short, and a checkpoint without a manifest is none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Callable

from anneal_trainer.atomic import sync_dir, write_json
from anneal_trainer.job import CHECKPOINT_NAME

SCHEMA = "anneal/megatron-checkpoint/v1"
# contracts/ids.ts, trainingJobName
ROUND = re.compile(r"(.+)-r(\d+)-train")
# Two, so that one is whole while the next is written.
KEPT = 2


def place(root: Path, step: int) -> Path:
    return root / "checkpoints" / f"step-{step:05d}"


def begin(root: Path, step: int) -> Path:
    """An empty folder to write into, under a name that nobody takes for a checkpoint. By one rank."""
    partial = _partial(root, step)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def partial_of(root: Path, step: int) -> Path:
    """The same folder, for the ranks that did not make it."""
    return _partial(root, step)


def commit(root: Path, step: int, spec_hash: str, about: dict[str, Any]) -> Path:
    """When every rank has written its files: manifest, then name. By one rank."""
    partial = _partial(root, step)
    files = [{"path": path.name, "bytes": path.stat().st_size} for path in sorted(partial.iterdir())]
    document = {"schema": SCHEMA, "specHash": spec_hash, "step": step, "files": files, **about}
    write_json(partial / "manifest.json", document)
    final = place(root, step)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    sync_dir(final.parent)
    for old in _steps(root)[KEPT:]:
        shutil.rmtree(place(root, old), ignore_errors=True)
    return final


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
    try:
        names = os.listdir(root / "checkpoints")
    except FileNotFoundError:
        return []
    return sorted((int(m[1]) for m in map(CHECKPOINT_NAME.fullmatch, names) if m), reverse=True)


def _partial(root: Path, step: int) -> Path:
    return root / "checkpoints" / f".step-{step:05d}.tmp"
