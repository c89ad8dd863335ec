"""The overwrite delta (policies/weight-update-delta.ts is its twin): where the bytes of two files differ, and what they become.

    "ANNEALD1"
    records: skip (varint), length (varint, > 0), length bytes
    end:     0, 0, size of the new file (varint), its SHA-256

Applying it twice, or again after half of it, gives the same bytes. Both ways work on pieces, whatever the files' sizes.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Iterator

import numpy as np

MAGIC = b"ANNEALD1"
# A record costs two to four bytes: equal stretches shorter than this are sent along.
JOIN = 3
PIECE = 8 << 20


class Damaged(Exception):
    """Not a delta, or not all of it."""


def encode(before: BinaryIO, after: BinaryIO, out: BinaryIO, piece: int = PIECE) -> tuple[str, int]:
    """Writes what turns `before` into `after`; returns hash and size of `after`."""
    out.write(MAGIC)
    digest = hashlib.sha256()
    at = written = 0
    while True:
        old, new = before.read(piece), after.read(piece)
        digest.update(new)
        both = min(len(old), len(new))
        for start, end in _runs(old[:both], new[:both]):
            out.write(_varint(at + start - written) + _varint(end - start) + new[start:end])
            written = at + end
        if tail := new[both:]:
            out.write(_varint(at + both - written) + _varint(len(tail)) + tail)
            written = at + len(new)
        at += len(new)
        if len(new) < piece:
            break
    out.write(b"\0\0" + _varint(at) + digest.digest())
    return digest.hexdigest(), at


def _runs(old: bytes, new: bytes) -> Iterator[tuple[int, int]]:
    """Stretches that differ, joined where what lies between is not worth a record."""
    a, b = np.frombuffer(old, np.uint8), np.frombuffer(new, np.uint8)
    places = np.flatnonzero(a != b)
    if not len(places):
        return
    # After a byte that differs, up to JOIN - 1 equal ones are taken along to the next.
    breaks = np.flatnonzero(np.diff(places) > JOIN)
    starts = places[np.concatenate(([0], breaks + 1))]
    ends = places[np.concatenate((breaks, [len(places) - 1]))] + 1
    yield from zip(starts.tolist(), ends.tolist())


def apply(delta: BinaryIO, file: BinaryIO) -> str:
    """Changes `file` (opened r+b) in place; returns the hash that it must now have. Raises Damaged."""
    reader = _Reader(delta)
    if reader.exactly(len(MAGIC)) != MAGIC:
        raise Damaged("not a delta")
    at = 0
    while True:
        skip, length = reader.varint(), reader.varint()
        if length == 0:
            if skip:
                raise Damaged("a record without bytes")
            break
        at += skip
        file.seek(at)
        left = length
        while left:
            data = reader.some(min(left, PIECE))
            file.write(data)
            left -= len(data)
        at += length
    size, want = reader.varint(), reader.exactly(32)
    if reader.more():
        raise Damaged("bytes after the end")
    file.flush()
    file.truncate(size)
    return want.hex()


class _Reader:
    """Whole pieces of a stream, or Damaged."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._held, self._at = source, b"", 0

    def more(self) -> bool:
        if self._at == len(self._held):
            self._held, self._at = self._source.read(PIECE), 0
        return bool(self._held)

    def some(self, most: int) -> bytes:
        if not self.more():
            raise Damaged("it ends early")
        data = self._held[self._at : self._at + most]
        self._at += len(data)
        return data

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.some(count - len(data))
        return data

    def varint(self) -> int:
        value = 0
        for place in range(8):
            byte = self.some(1)[0]
            value += (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise Damaged("a number beyond any file")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)
