"""Adapter files: what is written is read back, the same every time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from anneal_trainer import adapterfile, ggufadapter, lora
from anneal_trainer.basemodel import TINY, open_base
from anneal_trainer.job import LoraSpec
from support import Bench

SPEC = LoraSpec(rank=4, alpha=8, layers=2)
SHAPE = open_base(TINY).shape


def flat() -> lora.Flat:
    rng = np.random.default_rng(0)
    return {
        n: rng.standard_normal(size).astype(np.float32) for n, size in lora.names(SHAPE, SPEC)
    }


def same(a: lora.Flat, b: lora.Flat) -> bool:
    return set(a) == set(b) and all(np.array_equal(a[n], b[n]) for n in a)


def test_safetensors_round_trip_and_metadata() -> None:
    data = adapterfile.adapter_bytes(flat(), TINY, SPEC)
    got, about, problems = adapterfile.read(data, "x")
    assert problems == [] and same(got, flat())
    assert about == {"base": TINY, "rank": 4, "alpha": 8, "layers": 2}
    assert data == adapterfile.adapter_bytes(dict(reversed(flat().items())), TINY, SPEC)


def test_gguf_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    ggufadapter.write_adapter(path, flat(), {"base": TINY, "alpha": 8})
    got, about, problems = ggufadapter.read_adapter(path)
    assert problems == [] and same(got, flat()) and about == {"base": TINY, "alpha": 8.0}
    # What llama.cpp looks for; [rank, in] and [out, rank] in numpy's order.
    a, b = got["blk.3.ffn_down.weight.lora_a"], got["blk.3.ffn_down.weight.lora_b"]
    assert a.shape == (4, 64) and b.shape == (32, 4)


def test_the_command_writes_what_the_job_does(bench: Bench) -> None:
    folder = bench.job("job", bench.document())
    assert bench.run(folder) == 0
    out = folder / "again.gguf"
    command = ["export", "--adapter", str(folder / "adapter.safetensors"), "--out", str(out)]
    run = [sys.executable, "-m", "anneal_trainer", *command]
    assert subprocess.run(run, env=bench.environment()).returncode == 0
    assert out.read_bytes() == (folder / "adapter.gguf").read_bytes()


def test_a_file_that_is_no_adapter_is_refused(tmp_path: Path, bench: Bench) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0 nothing of use")
    command = ["export", "--adapter", str(tmp_path / "x.safetensors"), "--out", str(tmp_path / "y")]
    run = [sys.executable, "-m", "anneal_trainer", *command]
    assert subprocess.run(run, env=bench.environment()).returncode == 42
    assert not (tmp_path / "y").exists()


def test_stacking_is_undone_by_unstacking() -> None:
    assert same(lora.unstack(lora.stack(flat(), SHAPE, SPEC), SHAPE, SPEC), flat())
