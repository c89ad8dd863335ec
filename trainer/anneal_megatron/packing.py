"""Micro-batches for Megatron: one sequence after another in a row, cut over context and tensor ranks. Pure numpy.

    row       p0 p1 a0 a1 · ·  | q0 b0 b1 ·  | ...        · pads each sequence to `multiple`
    target    p1 a0 a1 -  · ·  | b0 b1 -  ·  | ...        what the token at this place has to predict
    valid      0  1  1 0  0 0  |  1  1  0 0  | ...        only completion tokens count

A prompt is repeated for every sample of its group: packed attention has no branches (the CPU trainer's row has).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from anneal_trainer.batch import Sample


@dataclass(frozen=True)
class Row:
    """All [tokens]; `starts` [sequences + 1] are the padded sequences' ends, `lengths` their tokens without padding."""

    tokens: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    valid: np.ndarray
    behaviour: np.ndarray
    advantages: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    samples: tuple[Sample, ...]

    @property
    def count(self) -> int:
        """Completion tokens."""
        return int(self.valid.sum())


def tokens_of(sample: Sample) -> int:
    return len(sample.prompt) + len(sample.completion)


def padded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def divide(samples: Sequence[Sample], limit: int, multiple: int, ranks: int) -> list[list[list[Sample]]]:
    """For each data rank the same number of rows of at most `limit` padded tokens. Deterministic.

    Longest first into the first row with room; then rows go to the rank with the fewest tokens. A rank that is left with
    fewer rows than another gets empty ones: every rank must take part in every exchange.
    """
    rows: list[list[Sample]] = []
    room: list[int] = []
    for sample in sorted(samples, key=lambda s: (-tokens_of(s), s.id)):
        size = padded(tokens_of(sample), multiple)
        at = next((i for i, free in enumerate(room) if free >= size), None)
        if at is None:
            rows.append([])
            room.append(limit)
            at = len(rows) - 1
        rows[at].append(sample)
        room[at] -= size
    loads = [0] * ranks
    shares: list[list[list[Sample]]] = [[] for _ in range(ranks)]
    for row, free in sorted(zip(rows, room), key=lambda one: one[1]):
        rank = min(range(ranks), key=lambda r: (len(shares[r]), loads[r]))
        shares[rank].append(row)
        loads[rank] += limit - free
    most = max(len(share) for share in shares)
    return [share + [[] for _ in range(most - len(share))] for share in shares]


def lay_out(samples: Sequence[Sample], multiple: int) -> Row:
    """One row. Without samples it has one padded sequence of nothing, which costs little and counts nothing."""
    total = sum(padded(tokens_of(s), multiple) for s in samples) or multiple
    tokens, positions = np.zeros(total, np.int64), np.zeros(total, np.int64)
    targets, valid = np.zeros(total, np.int64), np.zeros(total, np.float32)
    behaviour, advantages = np.zeros(total, np.float32), np.zeros(total, np.float32)
    starts, lengths = [0], []
    for s in samples:
        at, length = starts[-1], tokens_of(s)
        size = padded(length, multiple)
        ids = np.array([*s.prompt, *s.completion])
        tokens[at : at + length] = ids
        positions[at : at + size] = np.arange(size)
        targets[at : at + length - 1] = ids[1:]
        # The place before a token is where it is predicted.
        first = at + len(s.prompt) - 1
        here = slice(first, first + len(s.completion))
        valid[here], behaviour[here], advantages[here] = 1, s.logprobs, s.advantage
        starts.append(at + size)
        lengths.append(length)
    if not samples:
        positions[:] = np.arange(multiple)
        starts.append(multiple)
        lengths.append(multiple)
    return Row(
        tokens, positions, targets, valid, behaviour, advantages,
        np.array(starts, np.int32), np.array(lengths, np.int32), tuple(samples),
    )  # fmt: skip


def context_places(starts: np.ndarray, ranks: int, rank: int) -> np.ndarray:
    """Which places of a row a context rank has: of each sequence's 2·ranks pieces the rank-th from both ends.

    Attention is causal: the first pieces have little to look at and the last ones much, so that each rank gets one of both.
    """
    if ranks == 1:
        return np.arange(int(starts[-1]))
    places = []
    for begin, end in zip(starts[:-1], starts[1:]):
        piece = (end - begin) // (2 * ranks)
        for index in (rank, 2 * ranks - 1 - rank):
            places.append(np.arange(begin + index * piece, begin + (index + 1) * piece))
    return np.concatenate(places)


def chunk_places(total: int, ranks: int, size: int) -> list[tuple[slice, np.ndarray]]:
    """Pieces of the hidden states of which the logits are made one after the other.

    With sequence parallelism a tensor rank holds total / ranks of a context rank's places, in order, and the output layer
    puts the ranks' pieces one behind the other: (what each rank gives, the places that come out).
    """
    share = total // ranks
    step = max(1, size // ranks)
    chunks = []
    for begin in range(0, share, step):
        own = slice(begin, min(begin + step, share))
        places = [np.arange(rank * share + own.start, rank * share + own.stop) for rank in range(ranks)]
        chunks.append((own, np.concatenate(places)))
    return chunks
