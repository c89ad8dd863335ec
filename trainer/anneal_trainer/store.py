"""The artifact store: objects by content, and names, in a folder or in a bucket.

A reference is `{"uri": "store:objects/ab/<sha256>", "sha256": ..., "bytes": N}`; ANNEAL_STORE says
where the store is. Nothing that a store returns is believed before its hash was checked. A name has
numbered contents, of which the newest counts; each is created once and never changed.
"""

from __future__ import annotations

import abc
import hashlib
import io
import os
import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from .atomic import digest_file, sync_dir
from .failures import CONFIGURATION, JobFailure, Problem, bad_configuration

SHA256 = re.compile(r"[0-9a-f]{64}")
KEY_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
CHUNK_BYTES = 1 << 20
ENTRY = re.compile(r"@(\d{9})")


@dataclass(frozen=True)
class Ref:
    uri: str
    sha256: str
    bytes: int


class Damaged(JobFailure):
    """What the store holds is not what was put there."""

    def __init__(self, what: str, problems: list[Problem]) -> None:
        super().__init__(CONFIGURATION, "store.corrupt_object", f"{what} is damaged in the store", problems)


def ref_of(sha256: str, size: int) -> Ref:
    return Ref(f"store:objects/{sha256[:2]}/{sha256}", sha256, size)


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


class Store(abc.ABC):
    """What both adapters promise. Each method may raise JobFailure: 42 refused or damaged, 43 out of reach, 44 full."""

    def read(self, ref: Ref, path: str) -> tuple[bytes | None, list[Problem]]:
        """The object's bytes, checked; otherwise what is wrong, `path` naming the field that refers to it."""
        sink = io.BytesIO()
        problems = self._copy(ref, path, sink)
        return (None, problems) if problems else (sink.getvalue(), [])

    def fetch(self, ref: Ref, path: str, target: Path) -> list[Problem]:
        """Streams the object into a file, which appears whole or not at all; returns what is wrong."""
        with _beside(target) as temporary:
            with open(temporary, "xb") as sink:
                problems = self._copy(ref, path, sink)
                sink.flush()
                os.fsync(sink.fileno())
            if not problems:
                os.replace(temporary, target)
        return problems

    @abc.abstractmethod
    def put(self, file: Path) -> Ref:
        """Streams a file into the store. An object that is there already is written again, which heals a damaged one."""

    def create_name(self, key: str, data: bytes) -> bool:
        """Create a name once. False, and nothing changed, when it exists."""
        return self._create(checked_key(key), 1, data)

    def write_name(self, key: str, data: bytes) -> None:
        """Give a name its next content, whatever it had."""
        generation = self._newest(checked_key(key)) + 1
        while not self._create(key, generation, data):
            generation += 1

    def read_name(self, key: str) -> bytes | None:
        """The newest content, checked; None when there is no such name. Raises Damaged."""
        generation = self._newest(checked_key(key))
        while generation:
            data, problem = self._content(key, generation)
            if data is not None:
                return data
            # Old contents may be emptied: it is damage only if this one still is the newest.
            before, generation = generation, self._newest(key)
            if generation == before:
                raise Damaged(f"the name {key}", [problem])
        return None

    @abc.abstractmethod
    def list_names(self, prefix: str) -> list[str]:
        """Names that start with the prefix, sorted."""

    @abc.abstractmethod
    def _chunks(self, ref: Ref) -> Iterator[bytes]:
        """The object's bytes, unchecked. Raises OSError, with a reason, when it is not there."""

    @abc.abstractmethod
    def _create(self, key: str, generation: int, data: bytes) -> bool:
        """Write this content of a name unless it exists; atomic among all writers."""

    @abc.abstractmethod
    def _newest(self, key: str) -> int:
        """The number of the newest content; 0 when there is none."""

    @abc.abstractmethod
    def _content(self, key: str, generation: int) -> tuple[bytes | None, Problem]:
        """A content, or how it differs from what was written."""

    def _copy(self, ref: Ref, path: str, sink: BinaryIO) -> list[Problem]:
        digest, size, chunks = hashlib.sha256(), 0, self._chunks(ref)
        while True:
            try:
                chunk = next(chunks, b"")
            except OSError as error:
                return [Problem(path, f"a readable object at {ref.uri}", error.strerror or "no file")]
            if not chunk:
                break
            digest.update(chunk)
            size += len(chunk)
            if size <= ref.bytes:  # a wrong size must not decide how much memory or disk is taken
                sink.write(chunk)
        problems = []
        if size != ref.bytes:
            problems.append(Problem(f"{path}.bytes", str(ref.bytes), f"{size} in the store"))
        if digest.hexdigest() != ref.sha256:
            hint = "the object is damaged; produce it again or restore it"
            got = f"{digest.hexdigest()} in the store"
            problems.append(Problem(f"{path}.sha256", ref.sha256, got, hint))
        return problems


def open_store(env: Mapping[str, str] = os.environ) -> Store:
    """The store that ANNEAL_STORE names. Raises JobFailure (42)."""
    value = env.get("ANNEAL_STORE", "")
    parts = urlsplit(value)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FolderStore(Path(unquote(parts.path)))
    prefix = [part for part in parts.path.split("/") if part]
    plain = not parts.query and not parts.fragment and all(KEY_PART.fullmatch(part) for part in prefix)
    if parts.scheme == "s3" and BUCKET.fullmatch(parts.netloc) and plain:
        from .s3 import S3Store  # the SDK is installed only where a bucket is used

        return S3Store(parts.netloc, "/".join(prefix))
    got = _short(value) if value else "nothing"
    problem = Problem("env ANNEAL_STORE", "file:///absolute/path or s3://BUCKET/PREFIX", got)
    raise bad_configuration("job.configuration", "ANNEAL_STORE names no store", [problem])


class FolderStore(Store):
    """objects/ab/<sha256>, and names/<key>/@<number>: a hash line, then the content."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, file: Path) -> Ref:
        sha256, size = digest_file(file)
        ref = ref_of(sha256, size)
        place = self._root / ref.uri.removeprefix("store:")
        _make_folder(place.parent)
        with _beside(place) as temporary:
            digest = hashlib.sha256()
            with open(file, "rb") as source, open(temporary, "xb") as sink:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    sink.write(chunk)
                sink.flush()
                os.fsync(sink.fileno())
            unchanged(file, ref, digest.hexdigest())
            os.replace(temporary, place)
        sync_dir(place.parent)
        return ref

    def list_names(self, prefix: str) -> list[str]:
        root = self._root / "names"
        # A prefix need not end where a part ends; the folders above its last part are enough to start from.
        above = prefix.split("/")[:-1]
        if not all(KEY_PART.fullmatch(part) for part in above):
            return []
        found = {path.parent.relative_to(root).as_posix() for path in root.joinpath(*above).glob("**/@*")}
        return sorted(key for key in found if key.startswith(prefix))

    def _chunks(self, ref: Ref) -> Iterator[bytes]:
        with open(self._root / ref.uri.removeprefix("store:"), "rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def _create(self, key: str, generation: int, data: bytes) -> bool:
        folder = self._root / "names" / key
        _make_folder(folder)
        _make_folder(self._root / "tmp")
        temporary = self._root / "tmp" / uuid.uuid4().hex
        try:
            with open(temporary, "xb") as sink:
                sink.write(f"{_name_hash(key, generation, data)}\n".encode() + data)
                sink.flush()
                os.fsync(sink.fileno())
            os.link(temporary, folder / f"@{generation:09d}")  # the kernel lets one process succeed
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        sync_dir(folder)
        return True

    def _newest(self, key: str) -> int:
        try:
            entries = os.listdir(self._root / "names" / key)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        return max((int(m[1]) for m in map(ENTRY.fullmatch, entries) if m), default=0)

    def _content(self, key: str, generation: int) -> tuple[bytes | None, Problem]:
        line, _, data = (self._root / "names" / key / f"@{generation:09d}").read_bytes().partition(b"\n")
        want = _name_hash(key, generation, data)
        problem = Problem(key, want, line[:64].decode(errors="replace"))
        return (data if line.decode(errors="replace") == want else None), problem


def checked_key(key: str) -> str:
    if len(key) > 512 or not all(KEY_PART.fullmatch(part) for part in key.split("/")):
        problem = Problem(key, f"parts of {KEY_PART.pattern} between slashes", _short(key))
        raise bad_configuration("job.configuration", f"not a name for the store: {_short(key)}", [problem])
    return key


def unchanged(file: Path, ref: Ref, sha256: str) -> None:
    """Raises unless what went to the store is what was hashed before."""
    if sha256 != ref.sha256:
        raise RuntimeError(f"{file} changed while it was stored")


def _name_hash(key: str, generation: int, data: bytes) -> str:
    """Covers key and number too: a content that was copied to another place is damage."""
    return hashlib.sha256(f"{key}\n{generation}\n".encode() + data).hexdigest()


def _make_folder(path: Path) -> None:
    """With every new entry on the way durable."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_dir(path.parent)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
