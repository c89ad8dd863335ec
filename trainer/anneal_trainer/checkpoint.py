"""Checkpoints that are whole or ignored.

    checkpoints/step-00001/{adapter.safetensors, optimizer.safetensors, state.json, manifest.json}

The folder is filled under another name and renamed when complete; the manifest, written last,
holds the hash and size of every other file. Whatever a kill or a bad disk leaves behind fails
that check and the next older checkpoint is used.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from .adamw import Moments
from .adapterfile import adapter_bytes, moments_of, optimizer_bytes, read
from .atomic import describe, sync_dir, write_atomic, write_json, write_synced
from .job import CHECKPOINT_NAME, Job
from .lora import Flat

SCHEMA = "anneal/checkpoint/v1"
FILES = ("adapter.safetensors", "optimizer.safetensors", "state.json")


@dataclass(frozen=True)
class State:
    """Everything that the next step depends on. `step` counts this job's finished steps."""

    step: int
    adapter: Flat
    moments: Moments


def save(folder: Path, job: Job, state: State) -> Path:
    """Write step `state.step` under `folder`/checkpoints; returns its folder."""
    parent = folder / "checkpoints"
    parent.mkdir(exist_ok=True)
    final = parent / f"step-{state.step:05d}"
    partial = parent / f".{final.name}.{os.getpid()}.tmp"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    write_synced(partial / "adapter.safetensors", adapter_bytes(state.adapter, job.base, job.lora))
    write_synced(partial / "optimizer.safetensors", optimizer_bytes(state.moments))
    about = {"schema": SCHEMA, "job": job.name, "specHash": job.spec_hash, "step": state.step}
    write_synced(partial / "state.json", json.dumps(about).encode())
    files = [describe(partial / name) for name in FILES]
    write_json(partial / "manifest.json", {**about, "files": files})
    # Only a damaged checkpoint can be in the way: a good one would have been resumed from.
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    sync_dir(parent)
    return final


def latest(folder: Path, job: Job, log: Callable[[str], None]) -> State | None:
    """The newest whole checkpoint of this very job; each one passed over is logged with why."""
    parent = folder / "checkpoints"
    if not parent.is_dir():
        return None
    for leftover in parent.glob(".step-*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    steps = [p for p in parent.iterdir() if CHECKPOINT_NAME.fullmatch(p.name)]
    for path in sorted(steps, reverse=True):
        state, reason = _load(path, job)
        if state is not None:
            return state
        log(f"checkpoint {path.name} ignored: {reason}")
    return None


def _load(path: Path, job: Job) -> tuple[State | None, str]:
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        listed = {entry["path"]: entry for entry in manifest["files"]}
        for name in FILES:
            got = describe(path / name)
            if listed.get(name) != got:
                return None, f"{name} does not match its manifest ({got['bytes']} bytes)"
        about = json.loads((path / "state.json").read_bytes())
        if about["schema"] != SCHEMA or about["specHash"] != job.spec_hash:
            return None, "it belongs to another job specification"
        adapter, _, bad_adapter = read((path / FILES[0]).read_bytes(), FILES[0])
        flat, meta, bad_moments = read((path / FILES[1]).read_bytes(), FILES[1])
    except FileNotFoundError as error:
        return None, f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return None, f"unreadable: {error}"
    if bad_adapter or bad_moments:
        return None, (bad_adapter + bad_moments)[0].line()
    return State(int(about["step"]), adapter, moments_of(flat, meta)), ""


def remove_partial(folder: Path) -> None:
    """Half-written final outputs of an earlier process (named like atomic.write_atomic's)."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def publish(path: Path, data: bytes) -> dict[str, Any]:
    """Write an output of the job and describe it for result.json."""
    write_atomic(path, data)
    return describe(path)
