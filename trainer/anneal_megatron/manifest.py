"""Weight manifests (contracts/weight-update.ts): which files a checkpoint has, and the hash of the whole."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Sequence

from anneal_trainer.failures import Problem
from anneal_trainer.store import SHA256, Ref, parse_ref

SCHEMA = "anneal/weights/v1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class File:
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`deltas` by path; None when every file is an object of its own hash."""

    version: int
    base: str
    files: tuple[File, ...]
    parent: tuple[str, Ref] | None = None
    deltas: tuple[tuple[str, Ref], ...] | None = None

    @property
    def digest(self) -> str:
        return digest_of(self.files)

    @property
    def tag(self) -> str:
        return f"{self.version}-{self.digest[:16]}"

    def document(self) -> dict[str, Any]:
        content: dict[str, Any] = {"kind": "full"}
        if self.deltas is not None and self.parent is not None:
            content = {
                "kind": "delta",
                "parent": {"tag": self.parent[0], "manifest": vars(self.parent[1])},
                "deltas": [{"path": path, "delta": vars(ref)} for path, ref in self.deltas],
            }
        return {
            "schema": SCHEMA,
            "version": self.version,
            "base": self.base,
            "files": [vars(file) for file in self.files],
            "digest": self.digest,
            "content": content,
        }


def digest_of(files: Sequence[File]) -> str:
    """SHA-256 of the canonical JSON, as contracts/canonical.ts writes it."""
    text = json.dumps([vars(f) for f in files], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parse_manifest(data: bytes, path: str) -> tuple[Manifest | None, list[Problem]]:
    """The manifest, or what is wrong with it."""
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is {document['schema']!r}")
        files = tuple(_file(entry) for entry in document["files"])
        content = document["content"]
        parent, deltas = None, None
        if content["kind"] == "delta":
            parent = (str(content["parent"]["tag"]), _ref(content["parent"]["manifest"]))
            deltas = tuple((str(d["path"]), _ref(d["delta"])) for d in content["deltas"])
        elif content["kind"] != "full":
            raise ValueError(f"content of kind {content['kind']!r}")
        manifest = Manifest(int(document["version"]), str(document["base"]), files, parent, deltas)
        names = [file.path for file in files]
        if not names or len(set(names)) < len(names):
            raise ValueError("it names no file, or one twice")
        if manifest.digest != document["digest"]:
            raise ValueError("its digest is not that of its files")
        if strange := [name for name, _ in deltas or () if name not in names]:
            raise ValueError(f"it has a delta for {strange[0]}, which is none of its files")
    except (ValueError, KeyError, TypeError) as error:
        text = f"no {error}" if isinstance(error, KeyError) else str(error)
        return None, [Problem(path, "a weight manifest", text)]
    return manifest, []


def _file(entry: dict[str, Any]) -> File:
    file = File(entry["path"], entry["bytes"], entry["sha256"])
    if not NAME.fullmatch(file.path) or not SHA256.fullmatch(file.sha256) or type(file.bytes) is not int:
        raise ValueError(f"not a file: {json.dumps(entry)[:80]}")
    return file


def _ref(value: Any) -> Ref:
    ref, problems = parse_ref(value, "ref")
    if ref is None:
        raise ValueError(problems[0].line())
    return ref
