"""The checkpoint on a node's disk: brought to a version by what the store has, and hashed whole before anybody loads it.

`state.json` says which version lies there; while files are changed in place it also says toward which. Overwrite deltas
heal what a kill left half done, when they are applied again from the first on.
"""

from __future__ import annotations

import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Sequence

from anneal_trainer.atomic import digest_file, sync_dir, write_json
from anneal_trainer.failures import CONFIGURATION, JobFailure, Problem, bad_configuration
from anneal_trainer.store import Ref, Store

from . import delta
from .manifest import File, Manifest, parse_manifest

# Hashing and reading release the interpreter's lock.
WORKERS = 16
STATE = "state.json"


def describe(folder: Path) -> dict[str, Any] | None:
    """`{"tag", "toward"}` of what lies there; None when that is nothing whole."""
    try:
        state = json.loads((folder / STATE).read_bytes())
        return {"tag": str(state["tag"]), "toward": state["toward"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


class WeightCache:
    """One folder, shared by the worker processes of a node: the first that needs a version makes it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store

    @property
    def files(self) -> Path:
        return self._folder / "files"

    def describe(self) -> dict[str, Any] | None:
        return describe(self._folder)

    def bring(self, target: Ref, base: Ref | None, deltas: Sequence[Ref]) -> Manifest:
        """The checkpoint of `target` lies in `files`, byte for byte. Raises JobFailure."""
        manifest = self.manifest(target)
        with self._alone():
            if self.describe() == {"tag": manifest.tag, "toward": None}:
                return manifest
            if base is not None:
                self._fetch_all(self.manifest(base))
            state = self.describe()
            if state is None:
                problem = Problem("base", "a full checkpoint", "nothing", "this disk has no checkpoint to begin with")
                raise bad_configuration("weights.incomplete", "there is nothing to apply deltas to", [problem])
            if deltas:
                self._say(state["tag"], manifest.tag)
                for ref in deltas:
                    self._apply(self.manifest(ref))
            self._verify(manifest)
            self._say(manifest.tag, None)
        return manifest

    def fetch(self, target: Ref) -> Manifest:
        """Like `bring`, having found out what is needed: from the target back to what lies here, or to a full checkpoint."""
        here = self.describe()
        deltas: list[Ref] = []
        seen: list[str] = []
        at = target
        while True:
            manifest = self.manifest(at)
            whole = manifest.parent is None or manifest.deltas is None
            if whole:
                return self.bring(target, at, deltas[::-1])
            deltas.append(at)
            seen.append(manifest.tag)
            tag, at = manifest.parent
            if here and here["tag"] == tag and here["toward"] in (None, *seen):
                return self.bring(target, None, deltas[::-1])

    def manifest(self, ref: Ref) -> Manifest:
        data, problems = self._store.read(ref, "manifest")
        if data is not None:
            manifest, problems = parse_manifest(data, ref.uri)
            if manifest is not None:
                return manifest
        raise bad_configuration("weights.corrupt", f"the weight manifest {ref.uri} cannot be used", problems)

    def _fetch_all(self, manifest: Manifest) -> None:
        (self._folder / STATE).unlink(missing_ok=True)
        self.files.mkdir(parents=True, exist_ok=True)
        for stranger in {path.name for path in self.files.iterdir()} - {file.path for file in manifest.files}:
            (self.files / stranger).unlink()

        def fetch(file: File) -> list[Problem]:
            place = self.files / file.path
            if _is(place, file):  # from a fetch that was broken off
                return []
            temporary = place.with_name(f".{file.path}.tmp")
            ref = Ref(f"store:objects/{file.sha256[:2]}/{file.sha256}", file.sha256, file.bytes)
            problems = self._store.fetch(ref, file.path, temporary)
            if not problems:
                os.replace(temporary, place)
            return problems

        _refuse(self._each(fetch, manifest.files), f"weights {manifest.tag} cannot be fetched")
        sync_dir(self.files)
        self._say(manifest.tag, None)

    def _apply(self, manifest: Manifest) -> None:
        def change(one: tuple[str, Ref]) -> list[Problem]:
            path, ref = one
            local = self._folder / f".{path}.delta"
            try:
                problems = self._store.fetch(ref, path, local)
                if problems:
                    return problems
                place = self.files / path
                # A file that the parent did not have begins empty.
                with open(local, "rb") as source, open(place, "r+b" if place.exists() else "w+b") as file:
                    delta.apply(source, file)
                    os.fsync(file.fileno())
                return []
            except delta.Damaged as damage:
                return [Problem(path, "a weight delta", str(damage))]
            finally:
                local.unlink(missing_ok=True)

        _refuse(self._each(change, manifest.deltas or ()), f"weights {manifest.tag} cannot be made")

    def _verify(self, manifest: Manifest) -> None:
        """The hash of the whole: of every file, by what is on the disk now."""

        def check(file: File) -> list[Problem]:
            if _is(self.files / file.path, file):
                return []
            return [Problem(file.path, f"{file.sha256} ({file.bytes} bytes)", "other bytes", "it will be fetched whole")]

        problems = self._each(check, manifest.files)
        if problems:
            (self._folder / STATE).unlink(missing_ok=True)
        _refuse(problems, f"what is on this disk did not become {manifest.tag}")

    def _each(self, work: Any, items: Sequence[Any]) -> list[Problem]:
        with ThreadPoolExecutor(WORKERS) as pool:
            return [problem for found in pool.map(work, items) for problem in found]

    def _say(self, tag: str, toward: str | None) -> None:
        write_json(self._folder / STATE, {"tag": tag, "toward": toward})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _is(path: Path, file: File) -> bool:
    try:
        return path.stat().st_size == file.bytes and digest_file(path)[0] == file.sha256
    except OSError:
        return False


def _refuse(problems: list[Problem], message: str) -> None:
    if problems:
        raise JobFailure(CONFIGURATION, "weights.corrupt", message, problems)
