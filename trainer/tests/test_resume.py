"""Killed, stopped, damaged: the same command goes on and ends with the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from anneal_trainer import adapterfile
from support import Bench, kill, line, metrics, result, same_outputs, samples, wait_for, wait_for_checkpoint, wait_for_step

SLOW = {"ANNEAL_TRAINER_STEP_DELAY": "1.0"}


@pytest.fixture
def undisturbed(bench: Bench) -> Path:
    folder = bench.job("undisturbed", bench.document())
    assert bench.run(folder) == 0
    return folder


def test_a_job_from_start_to_end(bench: Bench, undisturbed: Path) -> None:
    got = result(undisturbed)
    assert got["steps"] == 3 and got["policyVersion"] == 1 and got["dropped"] == []
    assert sorted(got["trained"]) == sorted(s.id for s in samples())
    rows = metrics(undisturbed)
    assert [m["step"] for m in rows] == [1, 2, 3]
    assert [m["stalenessMax"] for m in rows] == [0, 1, 2]
    assert sum(m["samples"] for m in rows) == len(samples())
    assert rows[0]["mismatchMean"] is not None and rows[1]["mismatchMean"] is None
    # Done already: the same command does nothing, quickly.
    before = (undisturbed / "result.json").stat().st_mtime_ns
    assert bench.run(undisturbed) == 0
    assert (undisturbed / "result.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "algorithm",
    [{"name": "gspo", "clipLow": 0.2, "clipHigh": 0.3}, {"name": "sft"}],
    ids=lambda algorithm: algorithm["name"],
)
def test_a_job_of_another_loss(bench: Bench, undisturbed: Path, algorithm: dict) -> None:
    folder = bench.job("other", bench.document(**algorithm))
    assert bench.run(folder) == 0
    assert [m["step"] for m in metrics(folder)] == [1, 2, 3]
    assert (folder / "adapter.safetensors").read_bytes() != (undisturbed / "adapter.safetensors").read_bytes()
    if algorithm["name"] == "sft":
        # Of the same minibatch the loss before the first step is the mean negative log-likelihood.
        assert metrics(folder)[0]["loss"] > 0 and metrics(folder)[0]["clipFraction"] == 0


def test_the_next_round_carries_adapter_and_moments_on(bench: Bench, undisturbed: Path) -> None:
    document = bench.document()
    document["specHash"] = "a" * 64
    outputs = {"adapter": "adapter.safetensors", "optimizer": "optimizer.safetensors"}
    for key, name in outputs.items():
        document["inputs"][key] = bench.put((undisturbed / name).read_bytes())
    folder = bench.job("round2", document)
    assert bench.run(folder) == 0
    _, about, _ = adapterfile.read((folder / "optimizer.safetensors").read_bytes(), "")
    assert about["step"] == 6
    first, second = metrics(undisturbed)[0], metrics(folder)[0]
    assert second["loss"] != first["loss"]


def test_sigkill_in_every_step(bench: Bench, undisturbed: Path) -> None:
    folder = bench.job("killed", bench.document())
    for step in (0, 1, 2):
        process = bench.start(folder, **SLOW)
        wait_for(lambda: "model ready" in (folder / "log").read_text(), "the model")
        if step > 0:
            wait_for_checkpoint(folder, step)
        time.sleep(0.3)  # inside the next step
        assert kill(process) == -signal.SIGKILL
        assert not (folder / "result.json").exists()
    assert bench.run(folder) == 0
    assert same_outputs(folder, undisturbed)
    assert "resuming after step 2" in (folder / "log").read_text()


def test_sigterm_checkpoints_and_exits_85(bench: Bench, undisturbed: Path) -> None:
    """Also what checkpointEverySteps would not have saved yet."""
    document = bench.document() | {"checkpointEverySteps": 3}
    folder = bench.job("stopped", document)
    process = bench.start(folder, **SLOW)
    wait_for_step(folder, 1)
    start = time.monotonic()
    assert kill(process, signal.SIGTERM) == 85
    assert time.monotonic() - start < 4
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["step-00001"]
    assert bench.run(folder) == 0
    assert same_outputs(folder, undisturbed)


def test_sigterm_before_anything_is_85_too(bench: Bench) -> None:
    folder = bench.job("early", bench.document())
    process = bench.start(folder)
    wait_for(lambda: "load:" in (folder / "log").read_text(), "the first log line")
    assert kill(process, signal.SIGTERM) == 85


def test_the_time_limit_checkpoints(bench: Bench) -> None:
    folder = bench.job("slow", bench.document() | {"maxSeconds": 0.5})
    assert bench.run(folder, **SLOW) == 85
    assert "maxSeconds" in (folder / "log").read_text()


def test_without_the_stack_the_job_ends(bench: Bench) -> None:
    stack = subprocess.Popen(["sleep", "60"])
    folder = bench.job("orphan", bench.document())
    process = bench.start(folder, ANNEAL_STACK_PID=str(stack.pid), ANNEAL_TRAINER_STEP_DELAY="30")
    wait_for(lambda: "model ready" in (folder / "log").read_text(), "the model")
    assert process.poll() is None
    stack.kill()
    stack.wait()
    assert process.wait(timeout=10) == 85
    # A reused pid is not the stack: the start time tells.
    reused = {"ANNEAL_STACK_PID": str(os.getpid()), "ANNEAL_STACK_START": "1"}
    assert bench.start(folder, **reused, **SLOW).wait(timeout=20) == 85


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))


DAMAGES = [
    ("adapter.safetensors", truncate),
    ("optimizer.safetensors", flip),
    ("state.json", Path.unlink),
    ("manifest.json", Path.unlink),
    ("manifest.json", truncate),
]


def test_damaged_checkpoints_are_passed_over(bench: Bench, undisturbed: Path) -> None:
    killed = bench.job("killed", bench.document())
    process = bench.start(killed, **SLOW)
    wait_for_checkpoint(killed, 2)
    kill(process)
    for name, damage in DAMAGES:
        folder = shutil.copytree(killed, bench.folder / f"{damage.__name__}-{name}")
        damage(folder / "checkpoints" / "step-00002" / name)
        assert bench.run(folder) == 0
        log = (folder / "log").read_text()
        assert "checkpoint step-00002 ignored" in log and "resuming after step 1" in log
        assert same_outputs(folder, undisturbed), name


def test_checkpoints_of_another_specification_are_not_used(bench: Bench) -> None:
    document = bench.document()
    folder = bench.job("changed", document)
    process = bench.start(folder, **SLOW)
    wait_for_checkpoint(folder, 1)
    kill(process)
    (folder / "job.json").write_text(json.dumps(document | {"specHash": "b" * 64, "seed": 8}))
    assert bench.run(folder) == 0
    assert "another job specification" in (folder / "log").read_text()
    assert [m["step"] for m in metrics(folder)] == [1, 2, 3]


def test_samples_too_stale_are_left_out_and_named(bench: Bench) -> None:
    lines = [line(s, policyVersion=0 if s.group == "g0" else 4) for s in samples()]
    document = bench.document(lines)
    document["policyVersion"] = {"from": 4, "to": 5}
    folder = bench.job("stale", document)
    assert bench.run(folder) == 0
    got = result(folder)
    assert {d["id"] for d in got["dropped"]} == {s.id for s in samples() if s.group == "g0"}
    assert all("4 versions behind" in d["reason"] for d in got["dropped"])
    assert not {d["id"] for d in got["dropped"]} & set(got["trained"])


def test_nothing_left_to_train_on_leaves_the_policy_as_it_was(bench: Bench) -> None:
    document = bench.document()
    document["policyVersion"] = {"from": 9, "to": 10}
    folder = bench.job("none", document)
    assert bench.run(folder) == 0
    got = result(folder)
    assert got["steps"] == 0 and got["trained"] == [] and len(got["dropped"]) == len(samples())
