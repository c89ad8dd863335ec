"""Writes a version's weights as a checkpoint that is laid out like the one it came from, and says what changed.

The checkpoint before is the template: the same files, tensors, dtypes and offsets. So servers need no other configuration,
deltas are small, and tensors that no trained parameter stands for (multi-token prediction) stay as they were.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

import ml_dtypes
import numpy as np

from anneal_trainer.atomic import digest_file
from anneal_trainer.failures import BUG, JobFailure
from anneal_trainer.store import Ref, Store, ref_of

from . import delta
from .manifest import File, Manifest
from .precision import quantise

SCALE = "_scale_inv"
DTYPES = {
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
}
# A delta that is not much smaller than the whole only makes chains longer.
WORTH_A_DELTA = 0.5


@dataclass(frozen=True)
class Place:
    file: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    bytes: int


def places_of(folder: Path) -> dict[str, Place]:
    """Where each tensor lies in a folder of safetensors files."""
    places: dict[str, Place] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with open(file, "rb") as f:
            (size,) = struct.unpack("<Q", f.read(8))
            header = json.loads(f.read(size))
        for name, about in header.items():
            if name != "__metadata__":
                begin, end = about["data_offsets"]
                shape = tuple(about["shape"])
                places[name] = Place(file.name, about["dtype"], shape, 8 + size + begin, end - begin)
    return places


class Writer:
    """One node's share of the files; every node is given every tensor, and keeps those of its own files."""

    def __init__(self, template: Path, folder: Path, node: int, nodes: int) -> None:
        self._template, self._folder = template, folder
        self._places = places_of(template)
        names = sorted(path.name for path in template.iterdir() if path.is_file())
        self.files = [name for index, name in enumerate(names) if index % nodes == node]
        self._written: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.files:
            shutil.copyfile(template / name, folder / name)

    def write(self, name: str, value: np.ndarray) -> None:
        """A parameter by the name and shape that it has on the hub. Raises JobFailure (1) for another."""
        place = self._places.get(name)
        if place is None or place.shape != value.shape:
            want = "no such tensor" if place is None else f"{place.shape}"
            raise JobFailure(BUG, "export", f"{name} of shape {value.shape}: the checkpoint has {want}")
        scale = self._places.get(name + SCALE)
        if place.dtype == "F8_E4M3" and scale is not None:
            fp8, factors = quantise(value.astype(np.float32), value.shape[0] // scale.shape[0] if scale.shape[0] else 1)
            self._put(name, place, fp8)
            self._put(name + SCALE, scale, factors)
        else:
            self._put(name, place, value)

    def missing(self) -> list[str]:
        """Tensors of the template that were not written: as they were in the version before."""
        return sorted(set(self._places) - self._written)

    def _put(self, name: str, place: Place, value: np.ndarray) -> None:
        self._written.add(name)
        if place.file not in self.files:
            return
        dtype = DTYPES.get(place.dtype)
        if dtype is None:
            raise JobFailure(BUG, "export", f"{name} has the dtype {place.dtype}, which is not known here")
        data = np.ascontiguousarray(value.astype(dtype, copy=False)).view(np.uint8).tobytes()
        if len(data) != place.bytes:
            raise JobFailure(BUG, "export", f"{name} has {len(data)} bytes, expected {place.bytes}")
        with open(self._folder / place.file, "r+b") as file:
            file.seek(place.begin)
            file.write(data)


@dataclass(frozen=True)
class Made:
    """A file of the new version, and the delta to it; `delta` is None when nothing changed."""

    file: File
    delta: Ref | None


def describe(template: Path, folder: Path, names: Sequence[str], scratch: Path) -> list[Made]:
    """One node's files, with their deltas written below `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    made = []
    for name in names:
        change = scratch / f"{name}.delta"
        with open(template / name, "rb") as old, open(folder / name, "rb") as new, open(change, "wb") as out:
            sha256, size = delta.encode(old, new, out)
        if digest_file(template / name)[0] == sha256:
            change.unlink()
            made.append(Made(File(name, size, sha256), None))
        else:
            made.append(Made(File(name, size, sha256), ref_of(*digest_file(change))))
    return made


def manifest_of(
    made: Sequence[Made], version: int, base: str, parent: tuple[str, Ref] | None, want_delta: bool
) -> Manifest:
    """From what all nodes have made: whole, or as a delta where there is a parent and it saves enough."""
    every = sorted(made, key=lambda one: one.file.path)
    files = tuple(one.file for one in every)
    changes = tuple((one.file.path, one.delta) for one in every if one.delta is not None)
    small = sum(ref.bytes for _, ref in changes) < WORTH_A_DELTA * sum(file.bytes for file in files)
    if want_delta and parent is not None and small:
        return Manifest(version, base, files, parent, changes)
    return Manifest(version, base, files)


def upload(store: Store, manifest: Manifest, names: Sequence[str], folder: Path, scratch: Path) -> None:
    """One node's part of what the manifest names; the manifest itself comes after every node's."""
    if manifest.deltas is None:
        for name in names:
            store.put(folder / name)
        return
    for path, ref in manifest.deltas:
        if path in names and store.put(scratch / f"{path}.delta") != ref:
            raise RuntimeError(f"the delta of {path} is not what the manifest says")


def refuse_missing(missing: Sequence[str], may_stay: Callable[[str], bool]) -> None:
    """A trained parameter that was not exported would be served as it was before, and nobody would see it."""
    lost = [name for name in missing if not may_stay(name)]
    if lost:
        shown = ", ".join(lost[:5])
        raise JobFailure(BUG, "export", f"{len(lost)} tensors of the checkpoint were not exported: {shown}")


def stays(layers: int) -> Callable[[str], bool]:
    """Multi-token prediction: modules behind the last layer, which the bridge does not map."""

    def may(name: str) -> bool:
        parts = name.split(".")
        behind = len(parts) > 2 and parts[1] == "layers" and parts[2].isdigit() and int(parts[2]) >= layers
        return behind or "mtp" in name

    return may


def sync(folder: Path) -> None:
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
