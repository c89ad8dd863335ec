"""Reads a base model's tensors out of a GGUF file, fast.

The gguf package's reader turns each of 100,000 vocabulary strings into arrays and dequantises
row by row: 4.6 s of every job here. This one skips what the trainer does not need and expands
whole tensors straight into their place. Format: ggml's docs/gguf.md; block layouts: ggml-common.h.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np

BLOCK = 32  # weights that share a scale
# Bytes of the fixed-size value types of metadata (uint8 ... float64; 8 is a string, 9 an array).
FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
F32, Q4_1, Q8_0 = 0, 3, 8
ALIGNMENT = 32  # the default; a file that sets another is refused


@dataclass(frozen=True)
class Entry:
    """A tensor's place: numpy shape ([out, in]), ggml type, byte offset in the file."""

    shape: tuple[int, ...]
    kind: int
    offset: int


class GgufFile:
    """Raises ValueError on what it cannot read; the caller has checked the file's hash."""

    def __init__(self, path: Path) -> None:
        with open(path, "rb") as f:
            self._data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        magic, version, tensors, keys = self._read("<4sIQQ")
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError(f"{path} is not a GGUF file of version 2 or 3")
        for _ in range(keys):
            if self._string() == b"general.alignment":
                raise ValueError(f"{path} sets its own alignment")
            self._skip(*self._read("<I"))
        self.entries = dict(self._entries(tensors))

    def expand(self, name: str, out: np.ndarray) -> None:
        """Write the tensor's values into `out` (float32, the tensor's shape)."""
        entry = self.entries[name]
        if entry.shape != out.shape:
            raise ValueError(f"{name} is {entry.shape}, expected {out.shape}")
        count = out.size
        if entry.kind == F32:
            out[...] = np.frombuffer(self._data, "<f4", count, entry.offset).reshape(out.shape)
            return
        blocks = count // BLOCK
        values = out.reshape(blocks, BLOCK)
        if entry.kind == Q8_0:  # scale f16, 32 signed bytes
            raw = self._blocks(entry.offset, blocks, 34)
            np.multiply(raw[:, 2:].view(np.int8), _half(raw[:, :2]), out=values)
        elif entry.kind == Q4_1:  # scale f16, minimum f16, 16 bytes: low nibbles, then high ones
            raw = self._blocks(entry.offset, blocks, 20)
            np.multiply(raw[:, 4:] & 15, _half(raw[:, :2]), out=values[:, :16])
            np.multiply(raw[:, 4:] >> 4, _half(raw[:, :2]), out=values[:, 16:])
            values += _half(raw[:, 2:4])
        else:
            raise ValueError(f"{name} has ggml type {entry.kind}, which is not read here")

    def _blocks(self, offset: int, count: int, size: int) -> np.ndarray:
        return np.frombuffer(self._data, np.uint8, count * size, offset).reshape(count, size)

    def _entries(self, count: int) -> Iterator[tuple[str, Entry]]:
        listed = []
        for _ in range(count):
            name = self._string().decode()
            dimensions = self._read(f"<{self._read('<I')[0]}Q")
            listed.append((name, dimensions[::-1], *self._read("<IQ")))
        start = -(-self._at // ALIGNMENT) * ALIGNMENT
        for name, shape, kind, offset in listed:
            yield name, Entry(shape, kind, start + offset)

    def _skip(self, kind: int) -> None:
        if kind in FIXED:
            self._at += FIXED[kind]
        elif kind == STRING:
            self._string()
        elif kind == ARRAY:
            inner, count = self._read("<IQ")
            if inner in FIXED:
                self._at += FIXED[inner] * count
            else:
                for _ in range(count):
                    self._skip(inner)
        else:
            raise ValueError(f"unknown metadata type {kind}")

    def _string(self) -> bytes:
        (size,) = self._read("<Q")
        self._at += size
        return self._data[self._at - size : self._at]

    def _read(self, form: str) -> tuple:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values


def _half(pairs: np.ndarray) -> np.ndarray:
    """[n, 1] float32 from n little-endian float16."""
    return np.ascontiguousarray(pairs).view("<f2").astype(np.float32)
