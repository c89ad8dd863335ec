"""Profiles in Megatron's words, the job document, rows and their cuts: no GPU, no torch, no Megatron."""

from __future__ import annotations

import base64
import copy
import io
import itertools
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from anneal_megatron import routing
from anneal_megatron.document import MegatronJob, parse_document
from anneal_megatron.layout import ddp_settings, optimizer_settings, problems_of, provider_settings
from anneal_megatron.packing import chunk_places, context_places, divide, lay_out, padded, tokens_of
from anneal_megatron.precision import dequantise, quantise
from support import samples

PROFILES = Path(__file__).parent.parent.parent / "k8s" / "profiles"
HASH = "0" * 64
REF = {"uri": f"store:objects/00/{HASH}", "sha256": HASH, "bytes": 1}


def layout_of(profile: dict[str, Any]) -> dict[str, Any]:
    """What the orchestrator has to write into a job document for a profile."""
    trainer, moe = profile["trainer"], profile["model"]["architecture"].get("moe")
    parallel = {"tensor": 1, "pipeline": 1, "context": 1, "expert": 1, "expertTensor": 1} | trainer["parallel"]
    precision = {"grads": "fp32", "master": "fp32", "moments": "fp32"} | trainer.get("precision", {})
    return {
        "nodes": trainer["nodes"],
        "gpusPerNode": trainer["gpusPerNode"],
        "parallel": parallel,
        "precision": precision,
        "layers": profile["model"]["architecture"]["layers"],
        "experts": moe["experts"] if moe else 0,
        "shardOptimizer": trainer.get("shardOptimizer", True),
        "offload": trainer.get("offload", "none"),
        "recompute": trainer.get("recompute", "full"),
        "sequenceTokens": trainer["sequenceTokens"],
        "lossChunkTokens": trainer.get("lossChunkTokens", 4096),
        "onPreemption": trainer.get("onPreemption", "metadata"),
    }


def document(layout: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "anneal/job/v1", "name": "c-r1-train", "kind": "train", "specHash": HASH, "seed": 1,
        "model": {"base": "MiniMaxAI/MiniMax-M2.7", "lora": None},
        "algorithm": {
            "name": "cispo", "clipHigh": 0.2, "learningRate": 1e-6, "steps": 2, "beta1": 0.9, "beta2": 0.95,
            "epsilon": 1e-15, "weightDecay": 0, "maxGradNorm": 1, "maxStaleness": 3,
        },
        "sampling": {"temperature": 1}, "policyVersion": {"from": 0, "to": 1},
        "inputs": {"batch": REF, "adapter": None, "optimizer": None, "weights": None},
        "layout": layout, "export": {"delta": True}, "checkpointEverySteps": 50, "maxSeconds": 3600,
    }  # fmt: skip


def profiles() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(PROFILES.glob("*.yaml"))]


MEGATRON = [p for p in profiles() if p["trainer"].get("engine", "megatron") == "megatron"]


def job_of(profile: dict[str, Any]) -> MegatronJob:
    job, problems = parse_document(document(layout_of(profile)))
    assert problems == []
    return job


def by_name(name: str) -> dict[str, Any]:
    return next(p for p in MEGATRON if p["name"] == name)


@pytest.mark.parametrize("profile", MEGATRON, ids=lambda p: p["name"])
def test_every_profile_can_be_said_in_megatrons_words(profile: dict[str, Any]) -> None:
    layout = job_of(profile).layout
    provider = provider_settings(layout, replay=True)
    assert layout.world == provider["tensor_model_parallel_size"] * provider["pipeline_model_parallel_size"] * (
        provider["context_parallel_size"] * layout.parallel.data
    )
    assert provider["sequence_parallel"] == (layout.parallel.tensor > 1)
    assert provider["calculate_per_token_loss"]
    assert ("moe_aux_loss_coeff" in provider) == (layout.experts > 0)
    assert layout.sequence_tokens % layout.token_multiple == 0


WRITTEN = PROFILES.parent.parent / "tests" / "fixtures" / "megatron-jobs.json"


@pytest.mark.parametrize("profile", MEGATRON, ids=lambda p: p["name"])
def test_what_the_orchestrator_writes_is_read_here(profile: dict[str, Any]) -> None:
    """The file is made by activities/job-document.test.ts."""
    given = json.loads(WRITTEN.read_text())[profile["name"]]
    work, problems = parse_document(given)
    assert problems == [] and work is not None
    assert work.layout == job_of(profile).layout
    assert (work.job.name, work.job.version_from, work.job.version_to, work.export.delta) == ("demo-r2-train", 1, 2, True)
    assert work.weights is not None and work.weights.bytes == 7
    assert work.job.base == profile["model"]["name"]


def test_the_profiles_are_known_so_that_none_is_left_out() -> None:
    names = {p["name"] for p in MEGATRON}
    assert names >= {"minimax-m27-smoke", "minimax-m27-standard", "minimax-m27-h100", "qwen3-30b-a3b", "one-gpu"}


def test_the_settings_of_the_h100_profile_are_these() -> None:
    job = job_of(by_name("minimax-m27-h100"))
    provider = provider_settings(job.layout, replay=True)
    assert provider == {
        "tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2, "context_parallel_size": 4,
        "expert_model_parallel_size": 32, "expert_tensor_parallel_size": 1, "sequence_parallel": True,
        "seq_length": 65536, "variable_seq_lengths": True, "params_dtype": "bfloat16", "pipeline_dtype": "bfloat16",
        "bf16": True, "fp16": False, "attention_dropout": 0.0, "hidden_dropout": 0.0, "calculate_per_token_loss": True,
        "recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1,
        "moe_grouped_gemm": True, "moe_permute_fusion": True, "moe_token_dispatcher_type": "alltoall",
        "moe_router_dtype": "fp32", "moe_router_load_balancing_type": "none", "moe_aux_loss_coeff": 0.0,
        "moe_router_bias_update_rate": 0.0, "moe_enable_routing_replay": True,
    }  # fmt: skip
    assert ddp_settings(job.layout)["grad_reduce_in_fp32"]
    optimizer = optimizer_settings(job.layout, job.job.algorithm)
    assert (optimizer["adam_eps"], optimizer["adam_beta2"], optimizer["clip_grad"]) == (1e-15, 0.95, 1)
    assert "use_precision_aware_optimizer" not in optimizer


def test_what_is_kept_in_bf16_is_said_to_the_optimizer() -> None:
    job = job_of(by_name("qwen3-30b-a3b"))
    optimizer = optimizer_settings(job.layout, job.job.algorithm)
    assert {k: optimizer[k] for k in ("main_grads_dtype", "main_params_dtype", "exp_avg_dtype", "exp_avg_sq_dtype")} == {
        "main_grads_dtype": "bfloat16", "main_params_dtype": "float32", "exp_avg_dtype": "bfloat16",
        "exp_avg_sq_dtype": "bfloat16",
    }  # fmt: skip
    assert not ddp_settings(job.layout)["grad_reduce_in_fp32"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"data": 3}, "layout.parallel"),
        ({"expert": 48}, "layout.parallel.expert"),
        ({"pipeline": 4, "data": 8}, "layout.parallel.pipeline"),
        ({"tensor": 16, "data": 2}, "layout.parallel.tensor"),
        ({"context": 3}, "layout.sequenceTokens"),
    ],
)
def test_a_layout_that_cannot_work_is_refused_before_any_gpu_is_asked(change: dict[str, int], path: str) -> None:
    layout = job_of(by_name("minimax-m27-standard")).layout
    problems = problems_of(replace(layout, parallel=replace(layout.parallel, **change)))
    assert path in [problem.path for problem in problems]


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for key in above:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("model.lora", {"rank": 8, "alpha": 8, "layers": 2}, "model.lora"),
        ("inputs.adapter", REF, "inputs.adapter"),
        ("inputs.optimizer", REF, "inputs.optimizer"),
        ("inputs.weights", "x", "inputs.weights"),
        ("layout", None, "layout"),
        ("layout.recompute", "sometimes", "layout.recompute"),
        ("layout.shardOptimizer", 1, "layout.shardOptimizer"),
        ("layout.parallel.data", 0, "layout.parallel.data"),
        ("layout.other", 1, "layout.other"),
        ("export.delta", "yes", "export.delta"),
        ("algorithm.clipHigh", -1, "algorithm.clipHigh"),
        ("algorithm.name", "sft", "algorithm.name"),
        ("unknown", 1, "unknown"),
    ],
)
def test_a_document_with_a_mistake_names_it(path: str, value: Any, where: str) -> None:
    bad = copy.deepcopy(document(layout_of(by_name("minimax-m27-standard"))))
    _set(bad, path, value)
    job, problems = parse_document(bad)
    assert job is None
    assert any(problem.path.startswith(where) for problem in problems), [p.line() for p in problems]


def test_a_document_that_is_none_is_refused() -> None:
    for bad in (None, [], {}, {"model": 3}):
        assert parse_document(bad)[0] is None


# Rows -----------------------------------------------------------------------------------------------------------------


def test_a_row_predicts_each_completion_token_from_the_place_before_it_and_nothing_else() -> None:
    made = samples(groups=3, size=3, seed=4)
    row = lay_out(made, 8)
    assert row.count == sum(len(s.completion) for s in made)
    for s, begin, end in zip(made, row.starts, row.starts[1:]):
        assert (end - begin) % 8 == 0
        ids = [*s.prompt, *s.completion]
        assert row.tokens[begin : begin + len(ids)].tolist() == ids
        assert row.positions[begin:end].tolist() == list(range(end - begin))
        here = np.flatnonzero(row.valid[begin:end])
        assert here.tolist() == list(range(len(s.prompt) - 1, len(ids) - 1))
        assert row.targets[begin:end][here].tolist() == list(s.completion)
        assert row.behaviour[begin:end][here].tolist() == pytest.approx(list(s.logprobs))
        assert row.advantages[begin:end][here].tolist() == pytest.approx([s.advantage] * len(s.completion))


@pytest.mark.parametrize(("ranks", "multiple", "seed"), [*itertools.product((1, 2, 5), (1, 4), range(6))])
def test_every_sample_goes_to_one_rank_once_and_all_ranks_have_equally_many_rows(ranks: int, multiple: int, seed: int) -> None:
    made = samples(groups=4, size=random.Random(seed).randint(1, 5), seed=seed)
    limit = padded(max(map(tokens_of, made)), multiple) + 7 * multiple
    shares = divide(made, limit, multiple, ranks)
    assert sorted(s.id for share in shares for row in share for s in row) == sorted(s.id for s in made)
    assert len({len(share) for share in shares}) == 1
    for share in shares:
        for row in share:
            assert sum(padded(tokens_of(s), multiple) for s in row) <= limit
    assert divide(list(reversed(made)), limit, multiple, ranks) == shares


def test_an_empty_row_counts_nothing() -> None:
    row = lay_out([], 8)
    assert (row.count, len(row.tokens), row.starts.tolist()) == (0, 8, [0, 8])


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_context_ranks_divide_a_row_without_rest_and_evenly(ranks: int) -> None:
    row = lay_out(samples(groups=3, size=2, seed=2), 2 * ranks)
    parts = [context_places(row.starts, ranks, rank) for rank in range(ranks)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(row.tokens)))
    assert len({len(part) for part in parts}) == 1
    # What a place has to look at, summed up, is the same for each: each has as much from the front as from the back.
    assert len({int(row.positions[part].sum()) for part in parts}) == 1


@pytest.mark.parametrize(("ranks", "size"), [(1, 5), (1, 100), (2, 8), (4, 12)])
def test_chunks_of_the_output_layer_cover_every_place_once_in_the_order_that_comes_out(ranks: int, size: int) -> None:
    total = 24
    shards = np.arange(total).reshape(ranks, -1)
    seen: list[int] = []
    for own, places in chunk_places(total, ranks, size):
        # What gathering the ranks' pieces gives.
        gathered = np.concatenate([shard[own] for shard in shards])
        assert gathered.tolist() == places.tolist()
        assert len(places) <= max(size, ranks)
        seen += places.tolist()
    assert sorted(seen) == list(range(total))


# Experts --------------------------------------------------------------------------------------------------------------


def encoded(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return base64.b64encode(buffer.getvalue()).decode()


def some_routes(tokens: int, layers: int = 2, top: int = 3, experts: int = 8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((tokens - 1, layers, experts)), axis=-1)
    return order[..., :top].astype(np.uint8)


def test_experts_stand_at_their_tokens_and_the_rest_is_even() -> None:
    made = samples(groups=2, size=2, seed=1)
    routes = {s.id: some_routes(tokens_of(s), seed=i) for i, s in enumerate(made)}
    row = lay_out(made, 8)
    got = routing.of_row(row, routes, layers=2, top=3, experts=8)
    assert got.shape == (len(row.tokens), 2, 3)
    for s, begin in zip(made, row.starts):
        assert (got[begin : begin + tokens_of(s) - 1] == routes[s.id]).all()
    # Whatever stands there, a token never goes to one expert twice.
    ordered = np.sort(got, axis=-1)
    assert (ordered[..., 1:] != ordered[..., :-1]).all()
    counts = np.bincount(routing.of_row(lay_out([], 64), {}, 2, 3, 8).ravel(), minlength=8)
    assert counts.max() == counts.min()


def test_experts_are_read_as_vllm_writes_them_and_checked() -> None:
    array = some_routes(5)
    assert (routing.decode(encoded(array)) == array).all()
    assert routing.check(array, 5, 2, 3, 8, "x") == []
    for bad, why in (
        (array[:-1], "shape"),
        (array + 6, "experts from 0 to 7"),
        (np.zeros_like(array), "twice"),
        (-array.astype(np.int64) - 1, "experts from 0"),
    ):
        assert why in routing.check(bad, 5, 2, 3, 8, "x")[0].line()
    for text in ("", "!!", base64.b64encode(b"no npy").decode(), encoded(np.zeros(3)), encoded(np.zeros((1, 1, 1)))):
        with pytest.raises(ValueError):
            routing.decode(text)


# Precision ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(128, 128), (256, 384), (130, 5), (1, 1)])
def test_fp8_is_close_in_every_block_and_its_largest_value_is_exact(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    weight = (rng.standard_normal(shape) * rng.uniform(1e-4, 10, (1, shape[1]))).astype(np.float32)
    fp8, scale = quantise(weight)
    assert fp8.dtype.itemsize == 1 and scale.shape == (-(-shape[0] // 128), -(-shape[1] // 128))
    back = dequantise(fp8, scale)
    largest = np.abs(weight).max()
    # Three bits of mantissa: half a step is 1/16 of the value; below the smallest normal number, of the block's range.
    assert (np.abs(back - weight) <= np.abs(weight) / 16 + largest * 2**-10 / 448 * 16).all()
    assert np.abs(back).max() == pytest.approx(largest, rel=1e-6)


def test_a_block_of_zeros_stays_zero() -> None:
    fp8, scale = quantise(np.zeros((128, 128), np.float32))
    assert (dequantise(fp8, scale) == 0).all() and (scale == 1).all()


def test_a_value_that_was_fp8_already_comes_back_the_same() -> None:
    fp8, scale = quantise(np.random.default_rng(1).standard_normal((256, 256)).astype(np.float32))
    again, _ = quantise(dequantise(fp8, scale))
    assert (again.view(np.uint8) == fp8.view(np.uint8)).all()


def test_settings_can_be_shown(tmp_path: Path) -> None:
    from anneal_megatron.__main__ import main

    (tmp_path / "job.json").write_text(json.dumps(document(layout_of(by_name("minimax-m27-smoke")))))
    assert main(["settings", "--job", str(tmp_path)]) == 0
    (tmp_path / "job.json").write_text("{}")
    assert main(["settings", "--job", str(tmp_path)]) == 42
    assert json.loads((tmp_path / "error.json").read_text())["code"] == "job.configuration"

