"""The course of a job on many GPUs with a scripted engine: saves, stops, results, exits, ranks as processes. No GPU."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys

from pathlib import Path
from typing import Any, Callable, Sequence

import ml_dtypes
import numpy as np
import pytest

from anneal_megatron import checkpoints, export, launch
from anneal_megatron.__main__ import classify_gpu, main
from anneal_megatron.cache import WeightCache
from anneal_megatron.document import parse_document
from anneal_megatron.manifest import Manifest
from anneal_megatron.node import shared_folder
from anneal_megatron.serving.__main__ import Unfit, arguments
from anneal_megatron.training import Course, Facts, StepOutcome, Stopped
from anneal_trainer.failures import ACCELERATOR, BUG, CHECKPOINTED, CONFIGURATION, DONE, NO_SPACE, JobFailure
from anneal_trainer.metrics import Tokens
from anneal_trainer.store import FolderStore, Ref
from support import line, samples
from test_megatron_layout import by_name, document, encoded, layout_of, some_routes

TRAINER = Path(__file__).parent.parent
LAYERS, EXPERTS, TOP = 4, 8, 3


# Checkpoints as safetensors --------------------------------------------------------------------------------------------

WEIGHTS = {
    "model.embed_tokens.weight": ("BF16", (16, 8)),
    "model.layers.0.mlp.weight": ("F8_E4M3", (8, 8)),
    "model.layers.0.mlp.weight_scale_inv": ("F32", (2, 2)),
    "model.norm.weight": ("F32", (8,)),
    "model.layers.4.mtp.weight": ("BF16", (4, 8)),
}


def safetensors(folder: Path, seed: int) -> None:
    """Two files and a configuration, as on the hub."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    names = list(WEIGHTS)
    for index, part in enumerate((names[:3], names[3:])):
        header: dict[str, Any] = {}
        data = b""
        for name in part:
            dtype, shape = WEIGHTS[name]
            value = np.abs(rng.normal(1, 0.1, shape)).astype(export.DTYPES[dtype])
            raw = value.view(np.uint8).tobytes()
            header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        (folder / f"model-{index}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text("{}")


def read(folder: Path, name: str) -> np.ndarray:
    place = export.places_of(folder)[name]
    data = (folder / place.file).read_bytes()[place.begin : place.begin + place.bytes]
    return np.frombuffer(data, export.DTYPES[place.dtype]).reshape(place.shape)


def trained(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "model.embed_tokens.weight": rng.normal(0, 1, (16, 8)).astype(ml_dtypes.bfloat16),
        "model.layers.0.mlp.weight": rng.normal(0, 1, (8, 8)).astype(ml_dtypes.bfloat16),
        "model.norm.weight": rng.normal(0, 1, 8).astype(ml_dtypes.bfloat16),
    }


def exported(base: Path, folder: Path, weights: dict[str, np.ndarray], nodes: int = 2) -> tuple[list[Any], list[Any]]:
    writers = [export.Writer(base, folder / "out", node, nodes) for node in range(nodes)]
    for name, value in weights.items():
        for writer in writers:
            writer.write(name, value)
    made = [m for w in writers for m in export.describe(base, folder / "out", w.files, folder / "deltas")]
    return writers, made


def test_an_export_has_the_files_and_dtypes_of_the_checkpoint_before(tmp_path: Path) -> None:
    safetensors(tmp_path / "base", 1)
    weights = trained(2)
    writers, made = exported(tmp_path / "base", tmp_path, weights)
    out = tmp_path / "out"
    assert sorted(name for w in writers for name in w.files) == ["config.json", "model-0.safetensors", "model-1.safetensors"]
    assert (read(out, "model.embed_tokens.weight") == weights["model.embed_tokens.weight"]).all()
    assert (read(out, "model.norm.weight") == weights["model.norm.weight"].astype(np.float32)).all()
    fp8, scale = read(out, "model.layers.0.mlp.weight"), read(out, "model.layers.0.mlp.weight_scale_inv")
    back = fp8.astype(np.float32) * np.repeat(np.repeat(scale, 4, 0), 4, 1)
    assert np.abs(back - weights["model.layers.0.mlp.weight"].astype(np.float32)).max() < 0.2
    mtp = "model.layers.4.mtp.weight"
    assert (read(out, mtp) == read(tmp_path / "base", mtp)).all()
    assert writers[0].missing() == [mtp]
    export.refuse_missing(writers[0].missing(), export.stays(4))
    assert [m.delta is None for m in sorted(made, key=lambda m: m.file.path)] == [True, False, False]


def test_a_parameter_that_was_not_exported_or_does_not_fit_is_a_failure(tmp_path: Path) -> None:
    safetensors(tmp_path / "base", 1)
    weights = trained(2)
    del weights["model.norm.weight"]
    writers, _ = exported(tmp_path / "base", tmp_path, weights)
    with pytest.raises(JobFailure, match="1 tensors .* model.norm.weight"):
        export.refuse_missing(writers[0].missing(), export.stays(4))
    for name, shape in (("model.norm.weight", (9,)), ("other", (8,))):
        with pytest.raises(JobFailure, match=name):
            writers[0].write(name, np.zeros(shape, ml_dtypes.bfloat16))


def put(store: FolderStore, folder: Path, data: bytes) -> Ref:
    (folder / "to-store").write_bytes(data)
    return store.put(folder / "to-store")


def test_a_server_gets_the_exported_bytes_by_way_of_the_store_whole_and_as_a_delta(tmp_path: Path) -> None:
    safetensors(tmp_path / "base", 1)
    store = FolderStore(tmp_path / "store")
    first = trained(2)
    writers, made = exported(tmp_path / "base", tmp_path / "1", first)
    whole = export.manifest_of(made, 1, "tiny", None, want_delta=True)
    assert whole.deltas is None
    for writer in writers:
        export.upload(store, whole, writer.files, tmp_path / "1" / "out", tmp_path / "1" / "deltas")
    whole_ref = put(store, tmp_path, json.dumps(whole.document()).encode())
    second = {**first, "model.norm.weight": first["model.norm.weight"].copy()}
    second["model.norm.weight"][3] += 1
    writers, made = exported(tmp_path / "1" / "out", tmp_path / "2", second)
    change = export.manifest_of(made, 2, "tiny", (whole.tag, whole_ref), want_delta=True)
    assert [path for path, _ in change.deltas or ()] == ["model-1.safetensors"]
    assert sum(ref.bytes for _, ref in change.deltas or ()) < 80
    for writer in writers:
        export.upload(store, change, writer.files, tmp_path / "2" / "out", tmp_path / "2" / "deltas")
    change_ref = put(store, tmp_path, json.dumps(change.document()).encode())
    for start in (None, whole_ref):
        cache = WeightCache(tmp_path / f"cache{start is None}", store)
        if start is not None:
            cache.fetch(start)
        assert cache.fetch(change_ref).tag == change.tag
        for file in (tmp_path / "2" / "out").iterdir():
            assert (cache.files / file.name).read_bytes() == file.read_bytes()
    assert export.manifest_of(made, 2, "tiny", (whole.tag, whole_ref), want_delta=False).deltas is None


# Resume checkpoints ----------------------------------------------------------------------------------------------------


def begun(root: Path, step: int, attempt: int = 1) -> checkpoints.Unfinished:
    """With the files of all ranks, which say whose they are and are all of one size."""
    unfinished = checkpoints.begin(root, step, attempt)
    folder = checkpoints.partial_of(root, step, attempt)
    assert folder == unfinished.folder
    (folder / "__0_0.distcp").write_bytes(b"%d" % attempt * 100)
    (folder / ".metadata").write_bytes(b"%d" % attempt)
    return unfinished


def saved(root: Path, step: int, spec: str = "s", attempt: int = 1) -> Path:
    return checkpoints.commit(root, step, begun(root, step, attempt), spec, {})


def files_of(root: Path, step: int) -> set[bytes]:
    folder = checkpoints.place(root, step)
    return {(folder / "__0_0.distcp").read_bytes()[:1], (folder / ".metadata").read_bytes()}


def test_the_newest_whole_checkpoint_of_this_job_counts(tmp_path: Path) -> None:
    said: list[str] = []
    assert checkpoints.latest(tmp_path, "s", said.append) is None
    for step in (1, 2, 3):
        saved(tmp_path, step)
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["step-00002", "step-00003"]
    assert checkpoints.latest(tmp_path, "s", said.append)[0] == 3
    (tmp_path / "checkpoints" / "step-00003" / "__0_0.distcp").write_bytes(b"x" * 50)
    assert checkpoints.latest(tmp_path, "s", said.append)[0] == 2
    (tmp_path / "checkpoints" / "step-00002" / ".metadata").unlink()
    assert checkpoints.latest(tmp_path, "s", said.append) is None
    assert "has 50 bytes, not 100" in said[0] and ".metadata is missing" in said[-1]
    saved(tmp_path, 4, "another")
    assert checkpoints.latest(tmp_path, "s", said.append) is None
    checkpoints.begin(tmp_path, 9, 1)
    assert checkpoints.latest(tmp_path, "another", said.append)[0] == 4


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_attempts_at_one_step_the_first_whole_checkpoint_counts(tmp_path: Path, order: tuple[int, int]) -> None:
    # The later attempt began first, so that it found nothing to remove: a node that comes back.
    written = {2: begun(tmp_path, 3, 2), 1: begun(tmp_path, 3, 1)}
    for attempt in order:
        checkpoints.commit(tmp_path, 3, written[attempt], "s", {})
    assert files_of(tmp_path, 3) == {b"%d" % order[0]}
    assert checkpoints.latest(tmp_path, "s", print) == (3, checkpoints.place(tmp_path, 3))
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00003"]


def test_a_later_attempt_ends_what_an_earlier_one_writes_and_no_other(tmp_path: Path) -> None:
    later, mine, earlier = begun(tmp_path, 5, 3), begun(tmp_path, 4, 2), begun(tmp_path, 4, 1)
    checkpoints.begin(tmp_path, 3, 2)
    assert not earlier.folder.exists() and mine.folder.exists() and later.folder.exists()
    with pytest.raises(JobFailure, match="taken over") as failure:
        checkpoints.commit(tmp_path, 4, earlier, "s", {})
    assert (failure.value.exit_code, failure.value.code) == (ACCELERATOR, "job_busy")
    assert checkpoints.latest(tmp_path, "s", print) is None
    checkpoints.commit(tmp_path, 4, mine, "s", {})
    assert files_of(tmp_path, 4) == {b"2"}


def test_files_of_another_beginning_under_the_same_number_are_refused(tmp_path: Path) -> None:
    first = begun(tmp_path, 3)
    second = begun(tmp_path, 3)
    with pytest.raises(JobFailure, match="taken over"):
        checkpoints.commit(tmp_path, 3, first, "s", {})
    assert checkpoints.latest(tmp_path, "s", print) is None
    checkpoints.commit(tmp_path, 3, second, "s", {})
    assert checkpoints.latest(tmp_path, "s", print) is not None


def test_a_damaged_checkpoint_gives_way(tmp_path: Path) -> None:
    (saved(tmp_path, 3, attempt=1) / "__0_0.distcp").write_bytes(b"short")
    saved(tmp_path, 3, attempt=2)
    assert files_of(tmp_path, 3) == {b"2"}
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00003"]


def test_what_earlier_rounds_left_in_the_shared_folder_is_removed_and_nothing_else(tmp_path: Path) -> None:
    names = ["c-r1-train", "c-r2-train", "c-r3-train", "c-r10-train", "d-r1-train", "c-r1-r1-train", "other"]
    for name in names:
        saved(tmp_path / name, 1)
    said: list[str] = []
    checkpoints.forget_earlier(tmp_path / "c-r3-train", said.append)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(set(names) - {"c-r1-train", "c-r2-train"})
    assert len(said) == 2
    # Nothing was saved yet, and a job of another kind.
    checkpoints.forget_earlier(tmp_path / "nowhere" / "c-r3-train", said.append)
    checkpoints.forget_earlier(tmp_path / "other", said.append)
    assert len(said) == 2


def test_a_course_removes_them_only_where_jobs_share_a_folder(tmp_path: Path) -> None:
    job = Job(tmp_path)
    for shared in (tmp_path / "shared" / "c-r2-train", job.folder):
        saved(shared.parent / "c-r1-train", 1)
        work, _ = parse_document(job.document)
        Course(work, job.folder, shared, Scripted(), job.store, lambda: False, print).run()
    assert not (tmp_path / "shared" / "c-r1-train").exists()
    assert (job.folder.parent / "c-r1-train").exists()


def test_a_base_model_is_published_as_version_0_and_a_server_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    safetensors(tmp_path / "base", 1)
    monkeypatch.setenv("ANNEAL_STORE", f"file://{tmp_path}/store")
    command = ["publish", "--folder", str(tmp_path / "base"), "--base", "tiny"]
    assert main(command) == DONE and main(command) == DONE
    first, second = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert first == second and first["tag"].startswith("0-")
    cache = WeightCache(tmp_path / "cache", FolderStore(tmp_path / "store"))
    assert cache.fetch(Ref(**first["manifest"])).tag == first["tag"]
    for file in (tmp_path / "base").iterdir():
        assert (cache.files / file.name).read_bytes() == file.read_bytes()
    assert main(["publish", "--folder", str(tmp_path / "nowhere"), "--base", "tiny"]) == BUG


def test_several_nodes_need_a_folder_in_common(tmp_path: Path) -> None:
    assert shared_folder(1, tmp_path, {}) == tmp_path
    assert shared_folder(8, tmp_path / "job", {"ANNEAL_SHARED": "/shared"}) == Path("/shared/job")
    with pytest.raises(JobFailure, match="no place for checkpoints") as failure:
        shared_folder(2, tmp_path, {})
    assert failure.value.exit_code == CONFIGURATION


# The course ------------------------------------------------------------------------------------------------------------


class Scripted:
    """An engine without a model: its step counts tokens, its checkpoint is a number."""

    rank, data_rank = 0, 0

    def __init__(self, stop_after: int | None = None, loss: float = 0.5) -> None:
        self.done, self.loaded = 0, 0
        self.steps: list[tuple[list[Any], list[Any]]] = []
        self._stop_after, self._loss = stop_after, loss

    def facts(self) -> Facts:
        return Facts(256, LAYERS, EXPERTS, TOP)

    def load(self, checkpoint: Path | None) -> None:
        self.loaded = self.done = int((checkpoint / "step").read_text()) if checkpoint else 0

    def step(self, rows: Sequence[Any], routes: Sequence[Any], total: int) -> StepOutcome:
        self.done += 1
        self.steps.append((list(rows), list(routes)))
        assert sum(row.count for row in rows) == total
        n = np.full(total, -self._loss)
        return StepOutcome(Tokens(n, n, n * 0 + 1, n * 0 + 1), 0.25)

    def save(self, folder: Path) -> None:
        (folder / "step").write_text(str(self.done))

    def agree(self, stop: bool) -> bool:
        return stop or self._stop_after == self.done

    def barrier(self) -> None: ...

    def export(self, version: int) -> Manifest:
        from anneal_megatron.manifest import File

        return Manifest(version, "tiny", (File("model.safetensors", 1, hashlib.sha256(str(self.done).encode()).hexdigest()),))


class Job:
    def __init__(self, folder: Path, **over: Any) -> None:
        self.store = FolderStore(folder / "store")
        self.folder = folder / "job"
        self.folder.mkdir(exist_ok=True)
        self.made = samples(groups=4, size=4, seed=3)
        self.scratch = folder
        layout = layout_of(by_name("one-gpu")) | {"layers": LAYERS, "experts": EXPERTS, "sequenceTokens": 64}
        self.document = document(layout | {"onPreemption": over.pop("on_stop", "metadata")})
        self.document["checkpointEverySteps"] = 1
        self.document["algorithm"] |= {"steps": 4, "maxStaleness": 3}
        self.batch([line(s) for s in self.made])

    def batch(self, lines: list[dict[str, Any]]) -> None:
        ref = put(self.store, self.scratch, "".join(json.dumps(one) + "\n" for one in lines).encode())
        self.document["inputs"]["batch"] = vars(ref)

    def course(self, engine: Scripted, stopping: Callable[[], bool] = lambda: False) -> Course:
        work, problems = parse_document(self.document)
        assert problems == []
        self.said: list[str] = []
        return Course(work, self.folder, self.folder, engine, self.store, stopping, self.said.append)

    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_job_trains_every_sample_once_and_says_what_came_of_it(job: Job) -> None:
    engine = Scripted()
    job.course(engine).run()
    result = job.result()
    assert sorted(result["trained"]) == sorted(s.id for s in job.made)
    assert (result["steps"], result["status"], result["policyVersion"]) == (4, "done", 1)
    assert result["outputs"]["weights"]["path"] == "weights.json"
    data = (job.folder / "weights.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == result["outputs"]["weights"]["sha256"]
    lines = [json.loads(text) for text in (job.folder / "metrics.jsonl").read_text().splitlines()]
    assert [one["step"] for one in lines] == [1, 2, 3, 4]
    assert {"loss", "kl", "entropy", "clipFraction", "gradNorm", "meanRatio", "stalenessMax", "tokens"} <= set(lines[0])
    assert [one["replayed"] for one in lines] == [False] * 4
    assert sum(one["tokens"] for one in lines) == sum(len(s.completion) for s in job.made)
    assert len({s.id for rows, _ in engine.steps for row in rows for s in row.samples}) == len(job.made)


def test_a_course_writes_under_its_attempt(job: Job) -> None:
    class Watched(Scripted):
        def save(self, folder: Path) -> None:
            seen.append(folder.name)
            super().save(folder)

    seen: list[str] = []
    work, _ = parse_document(job.document)
    Course(work, job.folder, job.folder, Watched(), job.store, lambda: False, print, attempt=7).run()
    assert seen == [f".step-{step:05d}.a7.tmp" for step in (1, 2, 3)]


@pytest.mark.parametrize("after", range(5))
def test_stopped_after_any_step_the_next_run_goes_on_from_the_last_save(job: Job, after: int) -> None:
    with pytest.raises(Stopped):
        job.course(Scripted(stop_after=after)).run()
    assert not (job.folder / "result.json").exists()
    engine = Scripted()
    job.course(engine).run()
    # The last step's save is the result itself.
    assert engine.loaded == min(after, 3)
    assert len(job.result()["trained"]) == len(job.made)
    lines = (job.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(one)["step"] for one in lines] == [1, 2, 3, 4]


def test_on_a_stop_all_is_saved_only_where_the_profile_says_so(tmp_path: Path) -> None:
    for folder, on_stop, loaded in ((tmp_path / "a", "metadata", 2), (tmp_path / "b", "full", 3)):
        folder.mkdir()
        job = Job(folder, on_stop=on_stop)
        job.document["checkpointEverySteps"] = 2
        with pytest.raises(Stopped):
            job.course(Scripted(stop_after=3)).run()
        engine = Scripted()
        job.course(engine).run()
        assert (engine.loaded, engine.done) == (loaded, 4)


def test_a_loss_that_is_no_number_ends_the_job(job: Job) -> None:
    with pytest.raises(JobFailure, match="not finite") as failure:
        job.course(Scripted(loss=float("nan"))).run()
    assert (failure.value.exit_code, failure.value.code) == (BUG, "diverged")


def test_experts_are_replayed_when_every_sample_has_them_and_not_by_halves(job: Job) -> None:
    lines = []
    for i, s in enumerate(job.made):
        array = some_routes(len(s.prompt) + len(s.completion), LAYERS, TOP, EXPERTS, i)
        lines.append(line(s) | {"routing": vars(put(job.store, job.scratch, encoded(array).encode()))})
    job.batch(lines)
    engine = Scripted()
    job.course(engine).run()
    rows, routes = engine.steps[0]
    assert routes[0].shape == (len(rows[0].tokens), LAYERS, TOP)
    job.document["specHash"] = "1" * 64
    job.batch([*lines[:-1], {**lines[-1], "routing": None}])
    engine = Scripted()
    other = job.course(engine)
    other.run()
    assert engine.steps[0][1][0] is None
    assert any("none is replayed" in text for text in job.said)


def test_wrong_experts_a_wrong_batch_and_a_layout_of_another_model_are_named(job: Job) -> None:
    first = job.made[0]
    bad = put(job.store, job.scratch, encoded(np.zeros((2, 2, 2), np.uint8)).encode())
    job.batch([line(s) | {"routing": vars(bad)} for s in job.made])
    with pytest.raises(JobFailure) as failure:
        job.course(Scripted()).run()
    assert f"routing of {first.id}" in failure.value.problems[0].path
    job.batch([line(first, logprobs=[1.0])])
    with pytest.raises(JobFailure, match="inputs have"):
        job.course(Scripted()).run()
    job.document["layout"]["layers"] = 8
    with pytest.raises(JobFailure, match="another model's"):
        job.course(Scripted()).run()


def test_a_sample_that_is_too_long_for_the_layout_is_dropped_with_the_reason(job: Job) -> None:
    job.document["layout"]["sequenceTokens"] = 8
    job.course(Scripted()).run()
    dropped = {d["id"]: d["reason"] for d in job.result()["dropped"]}
    long = {s.id for s in job.made if len(s.prompt) + len(s.completion) > 8}
    assert set(dropped) == long and all("at most 8" in reason for reason in dropped.values())


# Ranks, exits, entry ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 0], DONE),
        ([85, 85], CHECKPOINTED),
        ([0, 85], CHECKPOINTED),
        ([85, -15], CHECKPOINTED),
        ([42, -9], CONFIGURATION),
        ([43, 42], CONFIGURATION),
        ([-9, 43], ACCELERATOR),
        ([44, -9, 85], NO_SPACE),
        ([1, 43], BUG),
        ([-9, -9], 137),
        ([-11, 85], ACCELERATOR),
        ([0, 7], 7),
    ],
)
def test_a_node_exits_with_what_tells_most(codes: list[int], code: int) -> None:
    assert launch.combined(codes) == code


def test_ranks_know_their_places() -> None:
    env = {"JOB_COMPLETION_INDEX": "3", "NPROC_PER_NODE": "8", "NNODES": "4", "MASTER_ADDR": "m", "MASTER_PORT": "1"}
    got = launch.environment(2, env)
    assert (got["RANK"], got["LOCAL_RANK"], got["WORLD_SIZE"], got["MASTER_ADDR"]) == ("26", "2", "32", "m")
    assert launch.environment(0, {})["WORLD_SIZE"] == "1"


LAUNCH = "import sys; from anneal_megatron import launch; sys.exit(launch.run([sys.executable, '-c', sys.argv[1]], 3, 0.5))"
RANK = "import os, signal, sys, time; rank = os.environ['RANK']; print('up', flush=True); "


def launched(rank: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(TRAINER), "NPROC_PER_NODE": "3"}
    command = [sys.executable, "-c", LAUNCH, RANK + rank]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_ranks_that_all_end_well_end_well() -> None:
    assert launched("sys.exit(0)").wait(60) == 0


def test_when_one_fails_the_others_do_not_wait_for_ever() -> None:
    node = launched("sys.exit(43) if rank == '1' else time.sleep(600)")
    assert node.wait(60) == 43


def test_sigterm_reaches_every_rank_and_a_checkpoint_in_time_is_85() -> None:
    node = launched("signal.signal(signal.SIGTERM, lambda *_: sys.exit(85)); print('ready', flush=True); time.sleep(600)")
    lines = [node.stdout.readline() for _ in range(6)]
    assert lines.count("ready\n") == 3
    node.send_signal(signal.SIGTERM)
    assert node.wait(60) == 85


def test_after_sigterm_the_exit_is_never_0() -> None:
    node = launched("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('ready', flush=True); time.sleep(600)")
    lines = [node.stdout.readline() for _ in range(6)]
    assert lines.count("ready\n") == 3
    node.send_signal(signal.SIGTERM)
    assert node.wait(60) == 85


def test_without_megatron_a_rank_says_so_and_exits_with_42(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(document(layout_of(by_name("one-gpu")))))
    env = {**os.environ, "PYTHONPATH": str(TRAINER), "ANNEAL_STORE": f"file://{tmp_path}/store"}
    command = [sys.executable, "-m", "anneal_megatron", "node", "--job", str(tmp_path)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode == CONFIGURATION, run.stderr
    said = json.loads((tmp_path / "error.json").read_text())
    assert (said["code"], said["message"]) == ("job.configuration", "Megatron is not installed here")


def test_nothing_of_it_needs_jax_which_its_image_lacks() -> None:
    """Nor torch, but for the two modules that run on a GPU."""
    modules = "__main__ cache checkpoints cispo delta document export launch layout manifest node packing precision routing training"
    text = f"import sys; sys.modules['jax'] = sys.modules['torch'] = None; import importlib\nfor m in {modules.split()!r}: importlib.import_module('anneal_megatron.' + m)\nfor m in ('__main__', 'guard', 'ledger'): importlib.import_module('anneal_megatron.serving.' + m)"
    run = subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": str(TRAINER)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_job_that_is_done_is_left_alone_and_anothers_result_refused(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(document(layout_of(by_name("one-gpu")))))
    (tmp_path / "result.json").write_text(json.dumps({"specHash": "0" * 64}))
    assert main(["node", "--job", str(tmp_path)]) == DONE
    (tmp_path / "result.json").write_text(json.dumps({"specHash": "1" * 64}))
    assert main(["node", "--job", str(tmp_path)]) == CONFIGURATION


def test_a_pod_of_another_size_than_the_layout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "job.json").write_text(json.dumps(document(layout_of(by_name("minimax-m27-smoke")))))
    monkeypatch.setenv("NPROC_PER_NODE", "4")
    assert main(["node", "--job", str(tmp_path)]) == CONFIGURATION
    assert "NPROC_PER_NODE" in (tmp_path / "error.json").read_text()


def test_a_pod_leaves_its_failure_in_the_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    document_ = document(layout_of(by_name("one-gpu")))
    assert store.create_name("jobs/c-r1-train/job", json.dumps(document_).encode())
    termination = tmp_path / "termination"
    termination.touch()
    env = {**os.environ, "PYTHONPATH": str(TRAINER), "ANNEAL_STORE": f"file://{tmp_path}/store"}
    command = [sys.executable, "-m", "anneal_megatron", "pod", "--name", "c-r1-train", "--attempt", "1"]
    command += ["--work", str(tmp_path / "work"), "--termination-log", str(termination)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode == CONFIGURATION, run.stderr
    assert "Megatron is not installed" in termination.read_text()
    assert "Megatron is not installed" in store.read_name("jobs/c-r1-train/attempts/1/error").decode()
    second = subprocess.run(
        command, env={**env, "JOB_COMPLETION_INDEX": "1", "NNODES": "2"}, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == CONFIGURATION, second.stderr
    assert store.read_name("jobs/c-r1-train/attempts/1/node-001-log") is not None


def test_what_torch_raises_is_known_by_its_name() -> None:
    class OutOfMemoryError(RuntimeError): ...

    class DistBackendError(RuntimeError): ...

    assert classify_gpu(OutOfMemoryError("x")).code == "out_of_memory"
    assert classify_gpu(DistBackendError("x")).exit_code == ACCELERATOR
    assert classify_gpu(RuntimeError("NCCL error in: ...")).exit_code == ACCELERATOR
    assert classify_gpu(RuntimeError("something else")).exit_code == BUG
    assert classify_gpu(OSError(28, "No space left")).exit_code == NO_SPACE


def test_the_server_is_started_so_that_its_weights_can_be_known() -> None:
    args = arguments(["M", "--tensor-parallel-size", "4"], {"ANNEAL_ROUTED_EXPERTS": "1"})
    assert args[:4] == ["serve", "M", "--tensor-parallel-size", "4"]
    text = " ".join(args)
    for wanted in (
        "--worker-cls anneal_megatron.serving.worker.AnnealWorker", "--logprobs-mode processed_logprobs",
        '--weight-transfer-config {"backend": "anneal-store"}', "--middleware anneal_megatron.serving.guard.Guard",
        "--api-server-count 1", "--served-model-name policy", "--generation-config vllm", "--enable-return-routed-experts",
    ):  # fmt: skip
        assert wanted in text
    assert "--middleware" not in arguments(["M", "--headless"], {})
    assert "--enable-return-routed-experts" not in arguments(["M"], {})
    assert arguments(["M", "--served-model-name", "x"], {}).count("--served-model-name") == 1


@pytest.mark.parametrize(
    "given", [["M", "--data-parallel-size", "2"], ["M", "--data-parallel-size=8"], ["M", "--worker-cls", "x"]]
)
def test_options_that_would_hide_the_weights_are_refused(given: list[str]) -> None:
    with pytest.raises(Unfit):
        arguments(given, {})


