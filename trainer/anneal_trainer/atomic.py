"""Durable writes: a reader sees the old file, the new file, or none, never half of one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def sync_dir(path: Path) -> None:
    """Make a rename inside `path` survive a power cut (the entry lives in the directory)."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_synced(path: Path, data: bytes) -> None:
    """Write and fsync in place: only for files whose completeness a later manifest proves."""
    try:
        with open(path, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)  # write() itself does not name the file
        raise


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside `path`, fsync, rename over it."""
    # The pid keeps two processes apart that both believe they own the file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_synced(temporary, data)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_dir(path.parent)


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def describe(path: Path) -> dict[str, Any]:
    """`{path, sha256, bytes}` of a file, `path` being its name inside its folder."""
    digest, size = digest_file(path)
    return {"path": path.name, "sha256": digest, "bytes": size}


def digest_file(path: Path) -> tuple[str, int]:
    """Hex SHA-256 and size in bytes."""
    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
        return digest, f.tell()
