"""Lays samples out in rows of fixed lengths, so that few shapes are compiled and little is wasted.

A row holds segments (a prompt each) with branches (its completions):

    tokens    p0 p1 p2 | a0 a1 | b0 b1 b2 | (the next segment) ... | padding
    branch     0  0  0    1  1    2  2  2
    position   0  1  2    3  4    3  4  5

A token sees the prompt of its segment and the earlier tokens of its own branch, so the prompt
is evaluated once for the whole group, with the same result as if each sample were alone.
A completion's last token is a target but never an input: nothing is predicted from it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

import numpy as np

from .batch import Sample

# Row lengths that are compiled. Groups are packed into rows of up to ROW tokens (attention cost
# grows with the square beyond); a single longer sample gets a row of its own.
BUCKETS = (64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
ROW = 512
# Targets of a row are padded to whole chunks; the output layer skips chunks that hold none.
CHUNK = 64


@dataclass(frozen=True)
class Row:
    """Arrays of one row. L: its bucket; T: targets, a multiple of CHUNK with T >= L.

    tokens, positions, segments (-1: padding), branches: int32 [L].
    sources [T]: where in the row the hidden state that predicts target t lies.
    targets, behaviour (the sampler's log-probability), advantages, valid: [T].
    samples [T]: which sample of the row a target belongs to, from 0, in the order of `spans`.
    spans: for each sample of the row its slice of the targets.
    """

    tokens: np.ndarray
    positions: np.ndarray
    segments: np.ndarray
    branches: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    behaviour: np.ndarray
    advantages: np.ndarray
    samples: np.ndarray
    valid: np.ndarray
    spans: tuple[tuple[Sample, slice], ...]
    used: int

    @property
    def length(self) -> int:
        return len(self.tokens)


def pieces(env: Mapping[str, str] = os.environ) -> int:
    """Into how many pieces a row is divided: more after attempts that ran out of memory (policies/pieces.ts).

    The gradient is a sum over samples, so it is the same but for the order of float additions.
    """
    value = env.get("ANNEAL_PIECES", "1")
    return int(value) if value.isdecimal() and int(value) > 0 else 1


def pack(samples: Sequence[Sample], row: int = ROW, dtype: type = np.float32) -> list[Row]:
    """Every sample in exactly one row; first-fit decreasing, hence deterministic."""
    pieces = [p for group in _groups(samples) for p in _pieces(group, row)]
    pieces.sort(key=_size, reverse=True)
    rows: list[list[list[Sample]]] = []
    room: list[int] = []
    for piece in pieces:
        size = _size(piece)
        i = next((i for i, free in enumerate(room) if free >= size), None)
        if i is None:
            rows.append([])
            room.append(row)
            i = len(rows) - 1
        rows[i].append(piece)
        room[i] -= size
    return [_lay_out(r, dtype) for r in rows]


def bucket(size: int) -> int:
    """The shortest compiled row length that holds `size` tokens."""
    return next(b for b in BUCKETS if b >= size)


def _groups(samples: Iterable[Sample]) -> list[list[Sample]]:
    groups: dict[tuple[str, tuple[int, ...]], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.group, s.prompt), []).append(s)
    return list(groups.values())


def _size(piece: Sequence[Sample]) -> int:
    return len(piece[0].prompt) + sum(len(s.completion) - 1 for s in piece)


def _pieces(group: Sequence[Sample], row: int) -> list[list[Sample]]:
    """Cut a group into the fewest even parts that fit a row; each repeats the prompt."""
    if _size(group) <= row or len(group) == 1:
        return [list(group)]
    half = (len(group) + 1) // 2
    return _pieces(group[:half], row) + _pieces(group[half:], row)


def _lay_out(pieces: Sequence[Sequence[Sample]], dtype: type) -> Row:
    tokens, positions, segments, branches = [], [], [], []
    sources, targets, behaviour, advantages, owners = [], [], [], [], []
    spans: list[tuple[Sample, slice]] = []
    for segment, piece in enumerate(pieces):
        prompt = piece[0].prompt
        tokens += prompt
        positions += range(len(prompt))
        branches += [0] * len(prompt)
        segments += [segment] * len(prompt)
        last = len(tokens) - 1
        for branch, s in enumerate(piece, 1):
            inputs = s.completion[:-1]
            owners += [len(spans)] * len(s.completion)
            spans.append((s, slice(len(targets), len(targets) + len(s.completion))))
            sources += [last, *range(len(tokens), len(tokens) + len(inputs))]
            targets += s.completion
            behaviour += s.logprobs
            advantages += [s.advantage] * len(s.completion)
            tokens += inputs
            positions += range(len(prompt), len(prompt) + len(inputs))
            branches += [branch] * len(inputs)
            segments += [segment] * len(inputs)
    length = bucket(len(tokens))
    # One more target than inputs a completion, so a row of short ones can hold more than L.
    width = -(-max(length, len(targets)) // CHUNK) * CHUNK

    def fill(values: list, size: int, kind: type, rest: float = 0) -> np.ndarray:
        out = np.full(size, rest, kind)
        out[: len(values)] = values
        return out

    return Row(
        tokens=fill(tokens, length, np.int32),
        positions=fill(positions, length, np.int32),
        segments=fill(segments, length, np.int32, -1),
        branches=fill(branches, length, np.int32),
        sources=fill(sources, width, np.int32),
        targets=fill(targets, width, np.int32),
        behaviour=fill(behaviour, width, dtype),
        advantages=fill(advantages, width, dtype),
        samples=fill(owners, width, np.int32),
        valid=np.arange(width) < len(targets),
        spans=tuple(spans),
        used=len(tokens),
    )
