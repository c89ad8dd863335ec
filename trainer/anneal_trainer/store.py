"""Reads objects from the artifact store and proves that they are what the job names.

A reference is `{"uri": "store:objects/ab/<sha256>", "sha256": ..., "bytes": N}`; the store's
root comes from ANNEAL_STORE. Only a `file://` root is read for now.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping
from urllib.parse import unquote, urlsplit

from .failures import Problem

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Ref:
    uri: str
    sha256: str
    bytes: int


def parse_ref(value: Any, path: str) -> tuple[Ref | None, list[Problem]]:
    """A checked reference, or every problem with it."""
    shape = '{"uri", "sha256", "bytes"}'
    if not isinstance(value, dict):
        return None, [Problem(path, f"a reference {shape}", _short(value))]
    problems = [
        Problem(f"{path}.{key}", "no such field", "present", f"a reference is {shape}")
        for key in sorted(set(value) - {"uri", "sha256", "bytes"})
    ]
    uri, sha256, size = value.get("uri"), value.get("sha256"), value.get("bytes")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        problems.append(Problem(f"{path}.sha256", "64 lower-case hex digits", _short(sha256)))
    elif uri != (want := f"store:objects/{sha256[:2]}/{sha256}"):
        problems.append(Problem(f"{path}.uri", want, _short(uri), "the uri is derived from sha256"))
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        problems.append(Problem(f"{path}.bytes", "a whole number of bytes, 0 or more", _short(size)))
    return (None, problems) if problems else (Ref(uri, sha256, size), [])


def store_root(env: Mapping[str, str] = os.environ) -> tuple[Path | None, list[Problem]]:
    """The store's folder, from ANNEAL_STORE."""
    value = env.get("ANNEAL_STORE", "")
    parts = urlsplit(value)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return Path(unquote(parts.path)), []
    got = _short(value) if value else "nothing"
    hint = "other stores are not read by this trainer yet" if parts.scheme else ""
    return None, [Problem("env ANNEAL_STORE", "file:///absolute/path", got, hint)]


def read_object(root: Path, ref: Ref, path: str) -> tuple[bytes | None, list[Problem]]:
    """The object's bytes, checked; otherwise what is wrong, `path` naming the job's field."""
    file = root / ref.uri.removeprefix("store:")
    try:
        data = file.read_bytes()
    except OSError as error:
        return None, [Problem(path, f"a readable object at {ref.uri}", error.strerror or "no file")]
    problems = []
    if len(data) != ref.bytes:
        problems.append(Problem(f"{path}.bytes", str(ref.bytes), f"{len(data)} in the store"))
    digest = hashlib.sha256(data).hexdigest()
    if digest != ref.sha256:
        hint = "the object is damaged; produce it again or restore it"
        problems.append(Problem(f"{path}.sha256", ref.sha256, f"{digest} in the store", hint))
    return (None, problems) if problems else (data, [])


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
