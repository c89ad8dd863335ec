"""Reading the batch, splitting it into minibatches, laying rows out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from anneal_trainer.batch import Sample, parse_batch
from anneal_trainer.packing import BUCKETS, CHUNK, Row, fewest, pack, pieces, unmerged
from anneal_trainer.schedule import plan
from support import line, samples, sessions


def jsonl(values: list) -> bytes:
    return "".join(json.dumps(v) + "\n" for v in values).encode()


def test_every_bad_line_is_reported_with_its_field() -> None:
    good = samples(groups=1, size=1)[0]
    n = len(good.completion)
    data = jsonl(
        [
            line(good),
            line(good),  # the id again
            line(good, id="a", promptIds=[]),
            line(good, id="b", completionIds=[256] * n),
            line(good, id="c", logprobs=[-1.0] * (n + 1)),
            line(good, id="d", logprobs=[0.5] * n),
            line(good, id="e", advantage=float("nan")),
            line(good, id="f", policyVersion=3),
            line(good, id="g", group=""),
        ]
    ) + b"{not json\n"
    parsed, problems = parse_batch(data, "inputs.batch", 256, version_from=2)
    assert [p.path for p in problems] == [
        "inputs.batch:2.id", "inputs.batch:3.promptIds", "inputs.batch:4.completionIds",
        "inputs.batch:5.logprobs", "inputs.batch:6.logprobs", "inputs.batch:7.advantage",
        "inputs.batch:8.policyVersion", "inputs.batch:9.group", "inputs.batch:10",
    ]  # fmt: skip
    assert parsed[0] == good


def test_an_empty_batch_is_a_problem() -> None:
    assert [p.path for p in parse_batch(b"", "inputs.batch", 256, 0)[1]] == ["inputs.batch"]


def test_each_sample_is_used_once_and_groups_stay_whole() -> None:
    batch = samples(groups=7, size=4)
    got = plan(batch, 3, version_from=0, max_staleness=2, seed=1)
    used = [s.id for m in got.minibatches for s in m]
    assert sorted(used) == sorted(s.id for s in batch) and not got.dropped
    for group in {s.group for s in batch}:
        assert sum(any(s.group == group for s in m) for m in got.minibatches) == 1
    loads = [sum(len(s.completion) for s in m) for m in got.minibatches]
    assert max(loads) < 2 * min(loads)


def test_the_plan_depends_on_the_seed_alone() -> None:
    batch = [replace(s, completion=s.completion[:1], logprobs=s.logprobs[:1]) for s in samples(9, 2)]
    plans = [plan(batch, 3, 0, 2, seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


def test_a_group_is_split_only_when_there_are_too_few() -> None:
    got = plan(samples(groups=1, size=4), 3, 0, 2, seed=0)
    assert sorted(len(m) for m in got.minibatches) == [1, 1, 2]
    assert len(plan(samples(groups=1, size=2), 3, 0, 2, seed=0).minibatches) == 2


def test_staleness_decides_which_minibatch_and_who_is_dropped() -> None:
    batch = [replace(s, policy_version=int(s.group[1])) for s in samples(groups=6, size=2)]
    got = plan(batch, 3, version_from=5, max_staleness=2, seed=0)
    assert sorted(d.id for d in got.dropped) == sorted(s.id for s in batch if s.policy_version < 3)
    assert all("stale" in d.reason and "at most 2" in d.reason for d in got.dropped)
    for k, minibatch in enumerate(got.minibatches):
        assert all(5 - s.policy_version + k <= 2 for s in minibatch)
    # Version 3 may only be in the first minibatch, 4 in the first two: nothing else was lost.
    assert sum(len(m) for m in got.minibatches) == 6


def test_old_groups_share_the_only_minibatch_they_may_enter() -> None:
    """Two of them: balance alone would put the second into another one."""
    batch = [replace(s, policy_version=3 if s.group in ("g0", "g1") else 5) for s in samples(6, 2)]
    got = plan(batch, 3, version_from=5, max_staleness=2, seed=0)
    assert not got.dropped and len(got.minibatches) == 3
    for k, minibatch in enumerate(got.minibatches):
        assert all(5 - s.policy_version + k <= 2 for s in minibatch)


def test_too_long_samples_are_dropped_with_the_reason() -> None:
    s = samples(1, 1)[0]
    long = replace(s, id="long", prompt=(1,) * 5000)
    got = plan([s, long], 1, 0, 0, seed=0)
    assert [(d.id, d.reason.split(":")[0]) for d in got.dropped] == [("long", "too_long")]


def test_rows_hold_each_target_once_and_share_the_prompt() -> None:
    batch = samples(groups=3, size=4)
    (row,) = pack(batch)
    assert row.length in BUCKETS and len(row.targets) % CHUNK == 0
    assert row.used == sum(
        len(g[0].prompt) + sum(len(s.completion) - 1 for s in g)
        for g in ([s for s in batch if s.group == f"g{i}"] for i in range(3))
    )
    assert {s.id for s, _ in row.spans} == {s.id for s in batch}
    for s, span in row.spans:
        assert tuple(row.targets[span]) == s.completion
        assert row.valid[span].all()
        # A target's source is the token before it, at the position before it.
        before = (*s.prompt[-1:], *s.completion[:-1])
        assert tuple(row.tokens[row.sources[span]]) == before
        first = len(s.prompt) - 1
        assert list(row.positions[row.sources[span]]) == list(range(first, first + len(before)))
    assert row.valid.sum() == sum(len(s.completion) for s in batch)


def test_groups_too_large_for_a_row_repeat_their_prompt() -> None:
    batch = [
        Sample(f"s{i}", "g", (1,) * 30, (2,) * 40, (-1.0,) * 40, 0.0, 0.0, 0) for i in range(5)
    ]
    rows = pack(batch, row=128)
    assert all(row.used <= 128 for row in rows)
    assert sorted(s.id for row in rows for s, _ in row.spans) == [s.id for s in batch]
    assert np.concatenate([r.targets[r.valid] for r in rows]).size == 200


def test_pieces_are_a_positive_count_or_one() -> None:
    assert [pieces({"ANNEAL_PIECES": v}) for v in ("1", "2", "4", "0", "-1", "many")] == [1, 2, 4, 1, 1, 1]
    assert pieces({}) == 1


def seen_from(row: Row, place: int) -> list[int]:
    """The tokens on the way to a place of a row, as the mask has it."""
    index = np.arange(row.length)
    return list(row.tokens[(index <= place) & (place < row.ends)])


@pytest.mark.parametrize("seed", range(8))
def test_each_sample_sees_its_own_way_and_nothing_else(seed: int) -> None:
    batch = sessions(seed)
    rows = pack(batch, row=96)
    assert sorted(s.id for row in rows for s, _ in row.spans) == sorted(s.id for s in batch)
    for row in rows:
        for s, span in row.spans:
            whole = [*s.prompt, *s.completion]
            for t, place in enumerate(row.sources[span]):
                way = seen_from(row, place)
                assert way == whole[: len(s.prompt) + t], s.id
                assert row.positions[place] == len(way) - 1
            assert tuple(row.targets[span]) == s.completion
            assert set(row.samples[span]) == {[one.id for one, _ in row.spans].index(s.id)}
        padding = np.arange(row.used, row.length)
        assert not row.ends[padding].any() and all(seen_from(row, place) == [] for place in padding)


def test_what_is_shared_is_there_once() -> None:
    for seed in range(8):
        batch = sessions(seed)
        (row,) = pack(batch, row=4096)
        assert row.used == fewest(batch) == len({s[: i + 1] for s in map(inputs, batch) for i in range(len(s))})
        assert row.used < unmerged(batch)


def test_only_equal_tokens_from_the_first_on_are_merged() -> None:
    a, b = samples(1, 2)
    longer = replace(b, prompt=a.prompt + (9,))
    (row,) = pack([a, longer])
    assert row.used == len(inputs(a)) + len(inputs(longer)) - len(a.prompt)
    other = replace(b, prompt=(a.prompt[0] + 1, *a.prompt[1:]))
    (row,) = pack([a, other])
    assert row.used == unmerged([a, other])


def test_a_session_longer_than_a_row_is_not_cut_where_it_only_goes_on() -> None:
    prompt, made = (1,) * 40, []
    for turn in range(12):
        made.append(Sample(f"t{turn}", "g", prompt, (2,) * 10, (-1.0,) * 10, 0.0, 0.0, 0))
        prompt = (*prompt, *made[-1].completion, 3, turn)
    (row,) = pack(made, row=64)
    assert row.used == len(inputs(made[-1]))


def test_the_turns_of_a_group_stay_together() -> None:
    batch = [s for seed in range(4) for s in sessions(seed, name=f"g{seed}")]
    for minibatch in plan(batch, 2, 0, 1, seed=0).minibatches:
        for group in {s.group for s in minibatch}:
            assert [s.id for s in minibatch if s.group == group] == [s.id for s in batch if s.group == group]


def inputs(s: Sample) -> tuple[int, ...]:
    return s.prompt + s.completion[:-1]


def turns_of(rollouts: int, turns: int) -> list[Sample]:
    return [
        replace(s, id=f"g0/s{i // turns}/c{i % turns}", rollout=f"g0/s{i // turns}", group="g0")
        for i, s in enumerate(samples(groups=1, size=rollouts * turns))
    ]


def test_completions_of_one_rollout_are_told_apart_by_their_number() -> None:
    good = samples(groups=1, size=1)[0]
    two = [line(good, completion=0), line(good, completion=1)]
    parsed, problems = parse_batch(jsonl(two), "inputs.batch", 256, version_from=0)
    assert [(s.id, s.of) for s in parsed] == [(f"{good.id}/c{n}", good.id) for n in (0, 1)] and not problems
    wrong = [line(good, completion=0), line(good, completion=0), line(good, completion=-1), line(good, completion="1")]
    assert [p.path for p in parse_batch(jsonl(wrong), "inputs.batch", 256, version_from=0)[1]] == [
        "inputs.batch:2.id", "inputs.batch:3.completion", "inputs.batch:4.completion",
    ]  # fmt: skip


def test_a_rollout_is_used_in_one_step_or_dropped_as_a_whole() -> None:
    batch = turns_of(rollouts=5, turns=3)
    got = plan(batch, 4, version_from=0, max_staleness=3, seed=1)
    assert len(got.minibatches) == 4 and not got.dropped
    for rollout in {s.of for s in batch}:
        assert sum(any(s.of == rollout for s in m) for m in got.minibatches) == 1
    # More steps than rollouts: a step without a whole one is none.
    assert len(plan(batch, 64, version_from=0, max_staleness=64, seed=1).minibatches) == 5
    old = [replace(s, policy_version=-5) if s.id == "g0/s2/c1" else s for s in batch]
    left = plan(old, 2, version_from=0, max_staleness=3, seed=1)
    assert [(d.id, d.reason.split(":")[0]) for d in left.dropped] == [("g0/s2", "stale")]
    assert {s.of for m in left.minibatches for s in m} == {f"g0/s{n}" for n in (0, 1, 3, 4)}
