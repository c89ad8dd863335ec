"""Bad input: everything wrong at once, exit 42, and error.json says it; other exit codes."""

from __future__ import annotations

import copy
import errno
import json
from pathlib import Path

import pytest

from anneal_trainer.__main__ import main
from anneal_trainer.basemodel import ModelFile
from anneal_trainer.failures import JobFailure, classify
from anneal_trainer.job import parse_job
from anneal_trainer.losses import Loss
from support import Bench, line, samples


@pytest.fixture
def here(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Runs in this process: what is refused is refused before anything slow."""
    monkeypatch.setenv("ANNEAL_STORE", bench.store.as_uri())
    return bench


def refused(folder: Path) -> dict:
    assert main(["train", "--job", str(folder)]) == 42
    return json.loads((folder / "error.json").read_text())


def paths(error: dict) -> set[str]:
    return {p["path"] for p in error["problems"]}


def test_a_good_document_has_no_problems(bench: Bench) -> None:
    job, problems = parse_job(bench.document())
    assert problems == [] and job.algorithm.loss == Loss("cispo", 2.0) and job.version_to == 1


def test_each_loss_has_its_own_settings(bench: Bench) -> None:
    clips = {"clipHigh": 0.2, "clipLow": 0.1}
    job, problems = parse_job(bench.document(name="reinforce++", ratioCap=4, **clips))
    assert problems == [] and job.algorithm.loss == Loss("reinforce++", 0.2, 0.1, 4)
    assert parse_job(bench.document(name="gspo", **clips))[0].algorithm.loss == Loss("gspo", 0.2, 0.1)
    for wrong in ({"name": "ppo"}, {"name": "grpo"}, {"clipLow": 0.1}, {"name": "grpo", **clips, "ratioCap": 0.5}):
        job, problems = parse_job(bench.document(**wrong))
        assert job is None
        assert [p.path for p in problems] in (["algorithm.name"], ["algorithm.clipLow"], ["algorithm.ratioCap"])


def test_all_problems_of_the_document_at_once(here: Bench) -> None:
    document = here.document(learningRate=0, clipHigh="2", beta1=1)
    document["schema"] = "anneal/job/v2"
    document["specHash"] = "abc"
    document["model"]["lora"]["rank"] = 0
    document["surprise"] = 1
    document["inputs"]["batch"]["bytes"] = -1
    del document["policyVersion"]
    error = refused(here.job("bad", document))
    assert error["code"] == "job.configuration"
    assert paths(error) == {
        "schema", "specHash", "model.lora.rank", "algorithm.learningRate", "algorithm.clipHigh",
        "algorithm.beta1", "inputs.batch.bytes", "policyVersion", "surprise",
    }  # fmt: skip
    assert all(p["expected"] and p["got"] for p in error["problems"])


def test_more_steps_than_staleness_allows(bench: Bench) -> None:
    _, problems = parse_job(bench.document(steps=4))
    assert [p.path for p in problems] == ["algorithm.steps"]


def test_the_files_that_it_is_run_from_are_not_its_to_read(bench: Bench) -> None:
    code = {"repository": "trainer", "commit": "a" * 40, "files": {}}
    job, problems = parse_job(bench.document() | {"code": code})
    assert job is not None and problems == []


def test_a_document_that_is_not_json(here: Bench) -> None:
    folder = here.job("bad", {})
    (folder / "job.json").write_text("{")
    assert paths(refused(folder)) == {"job.json"}
    assert main(["train", "--job", str(here.folder / "nowhere")]) == 42


def test_all_problems_of_the_inputs_at_once(here: Bench) -> None:
    s = samples(1, 1)[0]
    document = here.document([line(s, advantage="high"), line(s, policyVersion=1)])
    document["inputs"]["adapter"] = here.put(b"not an adapter")
    document["inputs"]["optimizer"] = ref = here.put(b"moments")
    (here.folder / "store" / ref["uri"].removeprefix("store:")).write_bytes(b"Moments!")
    error = refused(here.job("bad", document))
    assert paths(error) == {
        "inputs.batch:1.advantage", "inputs.batch:2.policyVersion", "inputs.adapter",
        "inputs.optimizer.bytes", "inputs.optimizer.sha256",
    }  # fmt: skip


def test_missing_objects_and_unknown_base(here: Bench) -> None:
    document = here.document()
    missing = "0" * 64
    document["inputs"]["adapter"] = {
        "uri": f"store:objects/00/{missing}", "sha256": missing, "bytes": 1
    }  # fmt: skip
    document["model"]["base"] = "smollm3"
    assert paths(refused(here.job("bad", document))) == {"inputs.adapter", "model.base"}


def test_an_adapter_of_other_settings(here: Bench) -> None:
    from anneal_trainer import adapterfile, lora
    from anneal_trainer.basemodel import TINY, open_base
    from anneal_trainer.job import LoraSpec

    other = LoraSpec(rank=2, alpha=8, layers=2)
    flat = lora.fresh(open_base(TINY).shape, other, 0)
    document = here.document()
    document["inputs"]["adapter"] = here.put(adapterfile.adapter_bytes(flat, TINY, other))
    assert paths(refused(here.job("bad", document))) == {"inputs.adapter#rank"}


@pytest.mark.parametrize("store", ["", "s3://Bucket!", "gs://bucket", "/plain/path"])
def test_stores_that_are_not_read(here: Bench, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEAL_STORE", store)
    assert paths(refused(here.job("bad", here.document()))) == {"env ANNEAL_STORE"}


def test_a_result_of_this_job_is_enough_and_of_another_is_refused(here: Bench) -> None:
    document = here.document()
    folder = here.job("done", document)
    (folder / "result.json").write_text(json.dumps({"specHash": document["specHash"]}))
    assert main(["train", "--job", str(folder)]) == 0
    other = copy.deepcopy(document) | {"specHash": "f" * 64}
    (folder / "job.json").write_text(json.dumps(other))
    assert refused(folder)["code"] == "job.conflict"


def test_a_damaged_model_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "somemodel"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('must not be imported')")
    (package / "m.gguf").write_bytes(b"GGUF, but truncated")
    monkeypatch.syspath_prepend(tmp_path)
    file = ModelFile("somemodel", "m.gguf", "0" * 64, 1)
    with pytest.raises(JobFailure) as caught:
        file.locate()
    assert caught.value.exit_code == 42 and str(package / "m.gguf") in caught.value.message


def test_no_space_is_44_and_the_job_goes_on_later(bench: Bench) -> None:
    folder = bench.job("full", bench.document())
    # The third fsync fails as on a full disk: in the middle of the first checkpoint.
    code = (
        "import errno, os, sys\n"
        "real, calls = os.fsync, []\n"
        "def full(fd):\n"
        "    calls.append(fd)\n"
        "    if len(calls) == 3: raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "    real(fd)\n"
        "os.fsync = full\n"
        "from anneal_trainer.__main__ import main\n"
        f"sys.exit(main(['train', '--job', {str(folder)!r}]))\n"
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code], env=bench.environment(), capture_output=True)
    assert done.returncode == 44, done.stderr
    assert json.loads((folder / "error.json").read_text())["code"] == "no_space"
    assert bench.run(folder) == 0
    assert not (folder / "error.json").exists()


def test_what_ends_a_job_is_classified() -> None:
    assert classify(OSError(errno.ENOSPC, "full")).exit_code == 44
    assert classify(MemoryError()).exit_code == 43
    assert classify(type("XlaRuntimeError", (RuntimeError,), {})("no device")).exit_code == 43
    assert classify(KeyError("x")).exit_code == 1
