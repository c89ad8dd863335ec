"""The training batch: JSONL, one sampled completion a line, as the data pool exported it.

A rollout of one reply is one sample. One of several turns is as many samples as it has completions,
all with the rollout's advantage: credit is per episode, and what is left out is left out as a whole.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from .failures import Problem

# Beyond this a row's attention scores alone would fill a laptop's memory.
LONGEST_SAMPLE = 4096


@dataclass(frozen=True)
class Sample:
    """One completion. `logprobs[t]` is the sampler's natural-log probability of token t.

    `rollout`: what several samples are of; empty where the sample is all of it.
    """

    id: str
    group: str
    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    logprobs: tuple[float, ...]
    advantage: float
    reward: float
    policy_version: int
    rollout: str = ""

    @property
    def of(self) -> str:
        """The rollout's id: what results are told in."""
        return self.rollout or self.id


def parse_batch(
    data: bytes, path: str, vocabulary: int, version_from: int
) -> tuple[list[Sample], list[Problem]]:
    """Samples in file order and every problem, each with its line number.

    `version_from` is the policy trained from: a sample of a later one cannot exist.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        where = f"{path}:{number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            problems.append(Problem(where, "a JSON object", str(error)))
            continue
        found = _problems(value, where, vocabulary, version_from)
        if found:
            problems.extend(found)
            continue
        sample = Sample(
            sample_id(value), value["group"], tuple(value["promptIds"]), tuple(value["completionIds"]),
            tuple(map(float, value["logprobs"])), float(value["advantage"]),
            float(value["reward"]), value["policyVersion"],
            value["id"] if "completion" in value else "",
        )  # fmt: skip
        if sample.id in first_line:
            got = f"{sample.id}, also on line {first_line[sample.id]}"
            problems.append(Problem(f"{where}.id", "an id used once", got))
        first_line.setdefault(sample.id, number)
        samples.append(sample)
    if not samples and not problems:
        hint = "do not submit a round without trainable samples"
        problems.append(Problem(path, "at least one sample", "none", hint))
    return samples, problems


def sample_id(value: dict[str, Any]) -> str:
    """Of a line: the rollout's, with the completion's number where it has several."""
    return f"{value['id']}/c{value['completion']}" if "completion" in value else value["id"]


def _problems(value: Any, where: str, vocabulary: int, version_from: int) -> list[Problem]:
    if not isinstance(value, dict):
        return [Problem(where, "a JSON object", type(value).__name__)]
    found: list[Problem] = []

    def check(key: str, ok: bool, expected: str) -> None:
        if not ok:
            text = "nothing" if value.get(key) is None else json.dumps(value[key])[:60]
            found.append(Problem(f"{where}.{key}", expected, text))

    for key in ("id", "group"):
        check(key, isinstance(value.get(key), str) and value[key] != "", "a non-empty text")
    for key in ("promptIds", "completionIds"):
        ids = value.get(key)
        ok = isinstance(ids, list) and len(ids) > 0
        ok = ok and all(type(i) is int and 0 <= i < vocabulary for i in ids)
        check(key, ok, f"token ids from 0 to {vocabulary - 1}, at least one")
    logprobs = value.get("logprobs")
    ok = isinstance(logprobs, list) and all(_finite(x) and x <= 1e-6 for x in logprobs)
    check("logprobs", ok, "finite natural-log probabilities, none above 0")
    if ok and isinstance(value.get("completionIds"), list):
        same = len(logprobs) == len(value["completionIds"])
        check("logprobs", same, "as many as completionIds")
    for key in ("advantage", "reward"):
        check(key, _finite(value.get(key)), "a finite number")
    if "completion" in value:
        number = value["completion"]
        check("completion", type(number) is int and number >= 0, "which completion of its rollout, from 0")
    version = value.get("policyVersion")
    ok = type(version) is int and 0 <= version <= version_from
    check("policyVersion", ok, f"a version from 0 to {version_from} (policyVersion.from)")
    return found


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
