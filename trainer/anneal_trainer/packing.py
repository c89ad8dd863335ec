"""Lays samples out in rows of fixed lengths, so that few shapes are compiled and little is wasted.

A row holds trees of tokens: what samples have in common from their first token on is there once,
and each goes on where it differs.

    samples    p0 p1 p2 a0 a1 |  p0 p1 p2 b0 b1 b2 |  p0 p1 p2 b0 b1 b2 q0 q1 c0
    tokens     p0 p1 p2 a0 a1 b0 b1 b2 q0 q1 c0 | (the next tree) ... | padding
    position    0  1  2  3  4  3  4  5  6  7  8
    end        11 11 11  5  5 11 11 11 11 11 11

A token sees those on its own way from the root: j is seen by i if j <= i < end[j]. So what is
shared is evaluated once, with the same result as if each sample were alone: the prompt of a group,
and of an agent's session every turn that is the exact beginning of a later one's prompt. Only
equal token ids are merged; a sampled token may be a target of several samples, each with its own
advantage. A completion's last token is a target and, where nothing follows it, never an input.
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

    tokens, positions, ends (behind the last token that sees this one; 0: padding): int32 [L].
    sources [T]: where in the row the hidden state that predicts target t lies.
    targets, behaviour (the sampler's log-probability), advantages, valid: [T].
    samples [T]: which sample of the row a target belongs to, from 0, in the order of `spans`.
    lengths [T]: how many tokens its rollout said in all that was packed, in this row and in others.
    spans: for each sample of the row its slice of the targets.
    """

    tokens: np.ndarray
    positions: np.ndarray
    ends: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    behaviour: np.ndarray
    advantages: np.ndarray
    samples: np.ndarray
    lengths: np.ndarray
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
    said: dict[str, int] = {}
    for s in samples:
        said[s.of] = said.get(s.of, 0) + len(s.completion)
    trees = _trees(samples, row)
    trees.sort(key=_size, reverse=True)
    rows: list[list[list[Sample]]] = []
    room: list[int] = []
    for tree in trees:
        size = _size(tree)
        i = next((i for i, free in enumerate(room) if free >= size), None)
        if i is None:
            rows.append([])
            room.append(row)
            i = len(rows) - 1
        rows[i].append(tree)
        room[i] -= size
    return [_lay_out(r, said, dtype) for r in rows]


def bucket(size: int) -> int:
    """The shortest compiled row length that holds `size` tokens; beyond the longest, whole ones of it."""
    return next((b for b in BUCKETS if b >= size), -(-size // BUCKETS[-1]) * BUCKETS[-1])


def unmerged(samples: Iterable[Sample]) -> int:
    """Tokens to evaluate where each sample is alone."""
    return sum(len(_inputs(s)) for s in samples)


def fewest(samples: Iterable[Sample]) -> int:
    """Tokens to evaluate where nothing that is shared is evaluated twice: those of the tree of them all."""
    return _size(sorted(samples, key=_inputs))


def _inputs(s: Sample) -> tuple[int, ...]:
    return s.prompt + s.completion[:-1]


def _trees(samples: Iterable[Sample], row: int) -> list[list[Sample]]:
    """Samples in the order in which a walk meets them, cut where they share nothing or no more fit a row.

    A longer sample has a row of its own, and with it whatever lies on its way.
    """
    trees: list[list[Sample]] = []
    size, last = 0, ()
    # Equal beginnings stand together, the shorter first.
    for s in sorted(samples, key=lambda s: (_inputs(s), s.id)):
        here = _inputs(s)
        more = len(here) - _shared(last, here)
        if more == len(here) or size + more > max(row, len(here)):
            trees.append([])
            size, more = 0, len(here)
        trees[-1].append(s)
        size, last = size + more, here
    return trees


def _size(tree: Sequence[Sample]) -> int:
    ways = [_inputs(s) for s in tree]
    return sum(len(b) - _shared(a, b) for a, b in zip([(), *ways], ways))


def _shared(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens they have in common from the first on."""
    most = min(len(a), len(b))
    if a[:most] == b[:most]:
        return most
    return next(i for i in range(most) if a[i] != b[i])


def _lay_out(trees: Sequence[Sequence[Sample]], said: Mapping[str, int], dtype: type) -> Row:
    tokens, positions, ends = [], [], []
    sources, targets, behaviour, advantages, owners, lengths = [], [], [], [], [], []
    spans: list[tuple[Sample, slice]] = []
    for tree in trees:
        way: list[int] = []  # of the sample at hand, where each of its tokens lies in the row
        last: tuple[int, ...] = ()
        for s in tree:
            here = _inputs(s)
            shared = _shared(last, here)
            for place in way[shared:]:
                ends[place] = len(tokens)
            del way[shared:]
            way += range(len(tokens), len(tokens) + len(here) - shared)
            tokens += here[shared:]
            positions += range(shared, len(here))
            ends += [0] * (len(here) - shared)
            owners += [len(spans)] * len(s.completion)
            lengths += [said[s.of]] * len(s.completion)
            spans.append((s, slice(len(targets), len(targets) + len(s.completion))))
            sources += way[len(s.prompt) - 1 :]
            targets += s.completion
            behaviour += s.logprobs
            advantages += [s.advantage] * len(s.completion)
            last = here
        for place in way:
            ends[place] = len(tokens)
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
        ends=fill(ends, length, np.int32),
        sources=fill(sources, width, np.int32),
        targets=fill(targets, width, np.int32),
        behaviour=fill(behaviour, width, dtype),
        advantages=fill(advantages, width, dtype),
        samples=fill(owners, width, np.int32),
        lengths=fill(lengths, width, dtype, 1),
        valid=np.arange(width) < len(targets),
        spans=tuple(spans),
        used=len(tokens),
    )
