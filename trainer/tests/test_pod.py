"""A job of the store in a pod: killed, stopped, doubled or cut off, it ends with the bytes of an undisturbed run."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from anneal_trainer import pod as pod_module
from anneal_trainer import podlog
from anneal_trainer.stop import start_time
from anneal_trainer.store import FolderStore, Store, ref_of
from s3server import Fault, Proxy, S3Server
from support import Bench, children, kill, line, metrics, result, samples, wait_for
from test_s3_store import BUCKET, bucket_store

NAME = "quickstart-r1-train-g1"
SLOW = {"ANNEAL_TRAINER_STEP_DELAY": "0.8"}


@dataclass
class Cluster:
    """Starts pods of one job, each on an empty folder unless told otherwise."""

    bench: Bench
    store: Store
    env: dict[str, str]
    pods: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def last(self) -> Path:
        return self.work(len(self.pods))

    def work(self, attempt: int) -> Path:
        return self.bench.folder / f"pod-{attempt}"

    def submit(self, document: dict[str, Any]) -> None:
        for path in self.bench.store.glob("objects/*/*"):
            self.store.put(path)
        assert self.store.create_name(f"jobs/{NAME}/job", json.dumps(document).encode())

    def start(self, attempt: int = 0, name: str = NAME, **env: str) -> subprocess.Popen[str]:
        attempt = attempt or len(self.pods) + 1
        work = self.work(len(self.pods) + 1)
        work.mkdir(exist_ok=True)
        (work / "termination").touch()
        command = [sys.executable, "-m", "anneal_trainer", "pod", "--name", name, "--attempt", str(attempt)]
        process = subprocess.Popen(
            [*command, "--work", str(work), "--termination-log", str(work / "termination")],
            env={**self.bench.environment(), **self.env, **env},
            stdout=open(work / "stdout", "w"),
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.bench.running.append(process)
        self.pods.append(process)
        return process

    def run(self, **env: str) -> int:
        return self.start(**env).wait(timeout=100)

    def log(self) -> str:
        return (self.last / "stdout").read_text()

    def said(self) -> dict[str, Any]:
        return json.loads((self.last / "termination").read_text())

    def read(self, key: str) -> bytes:
        data = self.store.read_name(f"jobs/{NAME}/{key}")
        assert data is not None, f"there is no {key}"
        return data

    def names(self, below: str) -> list[str]:
        prefix = f"jobs/{NAME}/{below}/"
        return [key.removeprefix(prefix) for key in self.store.list_names(prefix)]

    def wait_for_checkpoint(self, step: int) -> None:
        wait_for(lambda: f"step-{step:05}" in self.names("checkpoints"), f"step {step} in the store")

    def steps(self) -> dict[int, Any]:
        """The last line of each step, without the clock."""
        lines = [json.loads(row) for n in self.names("metrics") for row in self.read(f"metrics/{n}").splitlines()]
        return {entry["step"]: {**entry, "seconds": 0} for entry in lines}

    def ended_like(self, folder: Path) -> None:
        """The store has what the undisturbed job left in its folder; and every object is whole."""
        got = json.loads(self.read("result"))
        want = result(folder)
        assert {k: v for k, v in got.items() if k != "seconds"} == {k: v for k, v in want.items() if k != "seconds"}
        for output in got["outputs"].values():
            data, problems = self.store.read(ref_of(output["sha256"], output["bytes"]), "output")
            assert problems == [] and data == (folder / output["path"]).read_bytes()
        assert list(self.steps().values()) == [{**m, "seconds": 0} for m in metrics(folder)]
        for name in self.names("checkpoints"):
            for entry in json.loads(self.read(f"checkpoints/{name}"))["files"]:
                assert self.store.read(ref_of(entry["sha256"], entry["bytes"]), name)[1] == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The job on one machine; every test's job is the same one."""
    bench = Bench(tmp_path_factory.mktemp("alone"), cache, [])
    folder = bench.job("undisturbed", bench.document())
    assert bench.run(folder) == 0
    return folder


def in_bucket(bench: Bench, monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> Cluster:
    root = f"s3://{BUCKET}/{bench.folder.name}"  # a prefix for each test
    return Cluster(bench, bucket_store(monkeypatch, env, root), {**env, "ANNEAL_STORE": root})


@pytest.fixture
def cluster(bench: Bench, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return in_bucket(bench, monkeypatch, s3_server.environment())


@pytest.fixture
def behind(bench: Bench, s3_server: S3Server, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Its pods reach the store through the proxy; the test itself does not."""
    cluster = in_bucket(bench, monkeypatch, s3_server.environment())
    cluster.env["AWS_ENDPOINT_URL_S3"] = proxy.url
    return cluster


def test_a_job_of_a_folder_store(bench: Bench, undisturbed: Path) -> None:
    cluster = Cluster(bench, FolderStore(bench.store), {})
    cluster.submit(bench.document())
    assert cluster.run() == 0
    cluster.ended_like(undisturbed)


def test_a_job_of_a_bucket_from_start_to_end(cluster: Cluster, undisturbed: Path) -> None:
    cluster.submit(cluster.bench.document())
    assert cluster.run() == 0
    cluster.ended_like(undisturbed)
    assert cluster.names("checkpoints") == ["step-00001", "step-00002", "step-00003"]
    assert cluster.names("attempts") == ["1/log", "1/log-end"] and b"train: step 3/3" in cluster.read("attempts/1/log")
    files = json.loads(cluster.read("checkpoints/step-00002"))["files"]
    assert {f["path"] for f in files} == {"adapter.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}
    # Done already: the next pod trains nothing and leaves no trace.
    start = time.monotonic()
    assert cluster.run() == 0
    assert time.monotonic() - start < 5 and "already done" in cluster.log()
    assert cluster.names("attempts") == ["1/log", "1/log-end"]


def test_sigkill_in_every_step(cluster: Cluster, undisturbed: Path) -> None:
    cluster.submit(cluster.bench.document())
    for step in (0, 1, 2):
        pod = cluster.start(**SLOW)
        wait_for(lambda: "model ready" in cluster.log(), "the model")
        trainers = children(pod.pid)
        if step > 0:
            cluster.wait_for_checkpoint(step)
        time.sleep(0.2)  # inside the next step
        assert kill(pod) == -signal.SIGKILL
        wait_for(lambda: not any(start_time(pid) for pid in trainers), "the trainer to end with its pod", 5)
        assert "result" not in cluster.names("result")
    assert cluster.run() == 0
    assert "step-00002 is restored" in cluster.log() and "resuming after step 2" in cluster.log()
    cluster.ended_like(undisturbed)


def test_what_a_pod_said_is_in_the_store_when_it_is_killed(cluster: Cluster) -> None:
    cluster.submit(cluster.bench.document())
    pod = cluster.start(**SLOW)
    cluster.wait_for_checkpoint(1)
    wait_for(lambda: b"train: step 1/3" in cluster.read("attempts/1/log"), "the log")
    assert kill(pod) == -signal.SIGKILL
    # Nothing says that this is all.
    assert cluster.names("attempts") == ["1/log"]
    assert cluster.run() == 0
    size = json.loads(cluster.read("attempts/2/log-end"))["bytes"]
    assert size == len(cluster.read("attempts/2/log")) == (cluster.last / NAME / "log").stat().st_size


def test_pod_and_trainer_have_one_clock(cluster: Cluster) -> None:
    cluster.submit(cluster.bench.document())
    assert cluster.run() == 0
    told = re.findall(r"^\[ *([0-9.]+)s\] (.*)", cluster.log(), re.MULTILINE)
    begun = next(float(at) for at, text in told if "attempt 1" in text)
    loaded = next(float(at) for at, text in told if text.startswith("load: job"))
    uploaded = max(float(at) for at, text in told if text == "pod: step-00001 is in the store")
    done = next(float(at) for at, text in told if text.startswith("done"))
    assert begun < loaded < uploaded < done + 1
    # A trainer with a clock of its own would begin at 0 again.
    trained = [float(at) for at, text in told if not text.startswith("pod:")]
    assert min(trained) > begun and trained == sorted(trained)


def test_a_log_goes_up_again_when_it_has_grown_and_rarely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(podlog.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(podlog, "_START", 0.0)
    log, left = podlog.PodLog(tmp_path / "log"), dict[str, bytes]()
    log.write(b"a\n")
    log.leave(left.__setitem__)
    now[0] += 11
    assert not log.is_due()
    log.write(b"b" * podlog.TAIL_BYTES)
    assert log.is_due()
    log.leave(left.__setitem__)
    assert len(left["log"]) == podlog.TAIL_BYTES and "log-end" not in left
    log.write(b"c")
    now[0] += 9
    assert not log.is_due()
    now[0] += 2
    assert log.is_due()
    # After a day it is no matter of seconds.
    now[0] = 86_400.0
    log.leave(left.__setitem__, last=True)
    assert json.loads(left["log-end"])["bytes"] == podlog.TAIL_BYTES + 3
    log.write(b"d")
    now[0] += 600
    assert not log.is_due()
    now[0] += 2_000
    assert log.is_due()


def test_sigkill_between_any_two_writes(behind: Cluster, proxy: Proxy, undisturbed: Path) -> None:
    """Each pod dies as soon as the store has taken its n-th write, so the answer never arrives."""
    behind.submit(behind.bench.document())
    ends: list[int] = []
    for number in (2, 6, 7, 9):
        left = [number]

        def after(request: str) -> None:
            left[0] -= request.startswith("PUT")
            if left[0] == 0:
                behind.pods[-1].kill()

        proxy.after = after
        ends.append(behind.run())
    proxy.after = lambda request: None
    assert ends.count(-signal.SIGKILL) >= 3, ends
    assert behind.run() == 0
    behind.ended_like(undisturbed)


def test_sigterm_checkpoints_into_the_store_and_exits_85(cluster: Cluster, undisturbed: Path) -> None:
    """Also what checkpointEverySteps would not have saved yet."""
    document = cluster.bench.document() | {"checkpointEverySteps": 3}
    cluster.submit(document)
    pod = cluster.start(**SLOW)
    wait_for(lambda: "000001" in cluster.names("metrics"), "the first step")
    start = time.monotonic()
    assert kill(pod, signal.SIGTERM) == 85
    assert time.monotonic() - start < 5
    assert cluster.names("checkpoints") == ["step-00001"] and "result" not in cluster.names("result")
    assert b"stop: SIGTERM" in cluster.read("attempts/1/log")
    assert cluster.run() == 0
    assert "resuming after step 1" in cluster.log()
    cluster.ended_like(undisturbed)


def test_sigterm_while_the_result_is_uploaded_is_not_0(behind: Cluster, proxy: Proxy, undisturbed: Path) -> None:
    behind.submit(behind.bench.document())

    def after(request: str) -> None:
        if "/result%40" in request and request.startswith("PUT"):
            behind.pods[-1].send_signal(signal.SIGTERM)
            time.sleep(0.2)

    proxy.after = after
    assert behind.run() == 85
    behind.ended_like(undisturbed)
    proxy.after = lambda request: None
    assert behind.run() == 0


def test_sigterm_before_the_trainer_runs_is_85(behind: Cluster, proxy: Proxy) -> None:
    behind.submit(behind.bench.document())

    def after(request: str) -> None:
        if "metrics" in request:
            behind.pods[-1].send_signal(signal.SIGTERM)
            time.sleep(0.2)

    proxy.after = after
    assert behind.run() == 85


def test_two_pods_at_once(cluster: Cluster, undisturbed: Path) -> None:
    cluster.submit(cluster.bench.document())
    pods = [cluster.start(attempt=1, ANNEAL_TRAINER_STEP_DELAY=delay) for delay in ("0.1", "0.4")]
    assert [pod.wait(timeout=100) for pod in pods] == [0, 0]
    logs = [(cluster.work(n) / "stdout").read_text() for n in (1, 2)]
    assert sum("another pod has finished this job" in log for log in logs) == 1
    cluster.ended_like(undisturbed)


def test_two_pods_in_one_folder(cluster: Cluster) -> None:
    """The second is sent away at once."""
    folder = cluster.work(1) / NAME
    folder.mkdir(parents=True)
    with open(folder / ".pod.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cluster.run() == 43 and cluster.said()["code"] == "job_busy"


def test_a_damaged_checkpoint_is_passed_over_and_healed(
    cluster: Cluster, s3_server: S3Server, undisturbed: Path
) -> None:
    cluster.submit(cluster.bench.document())
    pod = cluster.start(**SLOW)
    cluster.wait_for_checkpoint(2)
    kill(pod)
    digest = json.loads(cluster.read("checkpoints/step-00002"))["files"][0]["sha256"]
    [place] = (s3_server.root / BUCKET / cluster.bench.folder.name).rglob(digest)
    place.write_bytes(place.read_bytes()[:-1] + b"?")
    assert cluster.run() == 0
    assert "step-00002 is passed over" in cluster.log() and "resuming after step 1" in cluster.log()
    cluster.ended_like(undisturbed)


def test_an_outage_during_training_is_waited_out(
    behind: Cluster, proxy: Proxy, undisturbed: Path
) -> None:
    behind.submit(behind.bench.document())
    pod = behind.start(**SLOW, AWS_MAX_ATTEMPTS="1")
    behind.wait_for_checkpoint(1)
    proxy.down = True
    wait_for(lambda: "train: step 3/3" in behind.log(), "the training to go on")
    wait_for(lambda: "not uploaded yet" in behind.log(), "an upload to fail")
    proxy.down = False
    assert pod.wait(timeout=30) == 0
    behind.ended_like(undisturbed)


def test_a_trainer_that_is_killed_alone(cluster: Cluster) -> None:
    cluster.submit(cluster.bench.document())
    pod = cluster.start(**SLOW)
    cluster.wait_for_checkpoint(1)
    os.kill(children(pod.pid)[0], signal.SIGKILL)
    assert pod.wait(timeout=20) == 137
    assert "memory" in cluster.said()["message"] and json.loads(cluster.read("attempts/1/error"))["code"] == "killed"
    assert b"train: step 1/3" in cluster.read("attempts/1/log")


def test_what_is_wrong_with_a_job_is_said_in_both_places(cluster: Cluster) -> None:
    assert cluster.run() == 42
    assert cluster.said()["problems"][0]["path"] == f"jobs/{NAME}/job"
    document = cluster.bench.document([line(s, advantage="high") for s in samples(8, 8)])
    cluster.submit(document)
    assert cluster.run() == 42
    error = json.loads(cluster.read("attempts/2/error"))
    assert len(error["problems"]) == 64 and error["problems"][0]["path"] == "inputs.batch:1.advantage"
    assert 1 < len(cluster.said()["problems"]) < 64  # what fits
    assert cluster.store.create_name(f"jobs/{NAME}/result", b'{"specHash": "another"}')
    assert cluster.run() == 42 and cluster.said()["code"] == "job.conflict"
    assert cluster.start(name="../x").wait(timeout=20) == 42


def test_a_store_that_refuses_or_does_not_answer(behind: Cluster, proxy: Proxy, s3_server: S3Server) -> None:
    behind.submit(behind.bench.document())
    assert behind.run(AWS_SECRET_ACCESS_KEY="wrong") == 42
    assert behind.said()["code"] == "store.refused" and "credentials" in behind.said()["problems"][0]["hint"]
    assert behind.run(ANNEAL_STORE="s3://nowhere/x") == 42
    # Reading is allowed but writing is not: known before anything is trained.
    proxy.faults.append(Fault("PUT", "attempts/", 403))
    assert behind.run() == 42 and "load:" not in behind.log()
    # Rights that are taken away while it trains end the training: it checkpoints, and 42 says why.
    proxy.faults.append(Fault("PUT", "metrics/", 403))
    assert behind.run(ANNEAL_TRAINER_STEP_DELAY="0.8") == 42
    assert "stop: SIGTERM" in behind.log() and behind.said()["code"] == "store.refused"
    proxy.down = True
    assert behind.run(AWS_MAX_ATTEMPTS="2") == 43
    assert behind.said()["code"] == "store.unavailable"


def test_the_termination_message_fits(tmp_path: Path) -> None:
    problems = [{"path": "x" * 100, "expected": "y", "got": "z", "hint": ""} for _ in range(100)]
    (tmp_path / "log").touch()
    pod_module._write_termination(tmp_path / "log", {"code": "c", "message": "é" * 5000, "problems": problems})
    data = (tmp_path / "log").read_bytes()
    assert len(data) <= 4096 and json.loads(data)["code"] == "c"
    pod_module._write_termination(tmp_path / "none", {"code": "c"})
    assert not (tmp_path / "none").exists()
