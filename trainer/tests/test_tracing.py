"""A job's spans: below the one that started it, in batches, and never in the job's way."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from anneal_megatron.document import parse_document
from anneal_megatron.training import Course
from anneal_trainer import otlp, tracing
from anneal_trainer.failures import CHECKPOINTED, DONE, JobFailure
from anneal_trainer.store import FolderStore
from collector import CALLER, TRACE, Collector
from support import Bench, kill, result, wait_for, wait_for_step
from test_megatron_course import Job, Scripted
from test_pod import NAME, Cluster

DELAY = 0.2


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is sent: on a busy machine a second may not be enough for it."""
    monkeypatch.setattr(otlp, "CLOSE_SECONDS", 20.0)


def test_a_job_is_a_tree_below_what_started_it(bench: Bench, collector: Collector) -> None:
    folder = bench.job("traced", bench.document())
    before = time.time_ns()
    assert bench.run(folder, ANNEAL_TRAINER_STEP_DELAY=str(DELAY), **collector.environment()) == 0
    train = collector.only("train")
    assert (train.service, train.trace, train.parent, train.failed) == ("anneal-trainer", TRACE, CALLER, "")
    assert train.about == {"anneal.job": NAME, "anneal.steps": 3, "anneal.resumed_from": 0, "anneal.exit_code": 0}
    children = [span for span in collector.spans if span is not train]
    assert {span.name for span in children} == {"load", "restore", "compile", "step", "checkpoint", "export"}
    assert {span.parent for span in children} == {train.id} and {span.trace for span in children} == {TRACE}
    assert len({span.id for span in collector.spans}) == len(collector.spans)
    assert [span.about["anneal.step"] for span in collector.of("step")] == [1, 2, 3]
    assert [span.about["anneal.step"] for span in collector.of("checkpoint")] == [1, 2, 3]
    assert all(before <= train.begin <= span.begin <= span.end <= train.end <= time.time_ns() for span in children)
    assert all(span.seconds >= DELAY for span in collector.of("step"))
    # What a process of a few seconds tells comes together, not span by span.
    assert len(collector.batches) < len(collector.spans) / 2
    assert collector.paths == {"/v1/traces"}


def test_a_second_attempt_says_where_it_goes_on(bench: Bench, collector: Collector) -> None:
    """And the first one, stopped in a step, has told its spans: also the save for which it was given the time."""
    folder = bench.job("stopped", bench.document() | {"checkpointEverySteps": 3})
    process = bench.start(folder, ANNEAL_TRAINER_STEP_DELAY="1.0", **collector.environment())
    wait_for_step(folder, 1)
    assert kill(process, signal.SIGTERM) == CHECKPOINTED
    first = collector.only("train")
    assert first.about["anneal.exit_code"] == CHECKPOINTED and first.failed == ""
    assert [(s.about["anneal.step"], s.parent) for s in collector.of("checkpoint")] == [(1, first.id)]
    assert collector.of("step")[0].about["anneal.step"] == 1
    assert bench.run(folder, **collector.environment()) == DONE
    second = collector.of("train")[-1]
    assert (second.about["anneal.resumed_from"], second.parent) == (1, CALLER)
    assert [s.about["anneal.step"] for s in collector.of("step") if s.parent == second.id] == [2, 3]


def test_a_job_that_fails_says_so_by_codes_alone(bench: Bench, collector: Collector) -> None:
    document = bench.document()
    document["inputs"]["batch"] = bench.put(b'{"secret": 1}\n')
    folder = bench.job("refused", document)
    assert bench.run(folder, **collector.environment()) == 42
    assert (collector.only("train").failed, collector.only("load").failed) == ("exit 42", "job.configuration")
    assert "secret" not in repr(collector.spans)


def test_a_pod_and_its_trainer_are_one_tree(bench: Bench, collector: Collector) -> None:
    cluster = Cluster(bench, FolderStore(bench.store), collector.environment())
    cluster.submit(bench.document())
    assert cluster.start(attempt=4).wait(timeout=100) == 0
    pod, train = collector.only("pod"), collector.only("train")
    assert (pod.parent, train.parent) == (CALLER, pod.id)
    assert pod.about == {"anneal.job": NAME, "anneal.attempt": 4, "anneal.exit_code": 0}
    assert train.about["anneal.attempt"] == 4
    assert {span.parent for span in collector.of("step")} == {train.id}
    assert [span.about["anneal.step"] for span in collector.of("upload")] == [1, 2, 3]
    assert {span.parent for span in collector.of("upload") + collector.of("publish")} == {pod.id}
    assert sorted(span.parent for span in collector.of("restore")) == sorted([pod.id, train.id])


def test_a_pod_that_is_stopped_tells_of_both(bench: Bench, collector: Collector) -> None:
    cluster = Cluster(bench, FolderStore(bench.store), collector.environment())
    cluster.submit(bench.document())
    process = cluster.start(ANNEAL_TRAINER_STEP_DELAY="0.8")
    cluster.wait_for_checkpoint(1)
    assert kill(process, signal.SIGTERM) == CHECKPOINTED
    assert [collector.only(name).about["anneal.exit_code"] for name in ("pod", "train")] == [CHECKPOINTED] * 2


@pytest.mark.usefixtures("patience")
def test_a_course_on_many_gpus_tells_the_same(tmp_path: Path, collector: Collector) -> None:
    """With a *scripted* engine. Only the first rank is given the span (anneal_megatron/__main__.py)."""
    job = Job(tmp_path)
    work, _ = parse_document(job.document)
    root = tracing.begin("train", collector.environment())
    Course(work, job.folder, job.folder, Scripted(), job.store, lambda: False, print, root).run()
    root.leave(0)
    train = collector.only("train")
    assert (train.about["anneal.steps"], train.about["anneal.resumed_from"]) == (4, 0)
    assert [span.about["anneal.step"] for span in collector.of("step")] == [1, 2, 3, 4]
    assert [span.about["anneal.step"] for span in collector.of("checkpoint")] == [1, 2, 3]
    assert {span.parent for name in ("restore", "step", "checkpoint", "export") for span in collector.of(name)} == {train.id}


@pytest.mark.parametrize(
    "parent",
    [
        "", "x", f"00-{TRACE}-{CALLER}", f"00-{TRACE}-{CALLER}-01-", f"01-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00",
        f"00-{'0' * 32}-{CALLER}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE.upper()}-{CALLER}-01", f"00-{TRACE}-{CALLER}-01\n",
    ],
)  # fmt: skip
def test_no_trace_begins_without_a_parent_that_is_kept(parent: str) -> None:
    assert tracing.begin("train", {"TRACEPARENT": parent, tracing.TRACES: "http://127.0.0.1:9/v1/traces"}) is tracing.OFF


@pytest.mark.parametrize("url", ["collector:4318", "http://", "http://[x", "http://host:port", "ftp://host/", "file:///x"])
def test_an_address_that_is_none_does_no_harm(url: str) -> None:
    span = tracing.begin("train", {"TRACEPARENT": f"00-{TRACE}-{CALLER}-01", tracing.TRACES: url})
    with span.span("step"):
        assert span.environment() == {}
    assert span.leave(7) == 7


def test_without_a_trace_nothing_is_loaded_or_started() -> None:
    program = """
import sys, threading
from anneal_trainer import tracing
for env in ({}, {"TRACEPARENT": sys.argv[1]}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}):
    span = tracing.begin("train", env)
    with span.span("step", step=1) as child:
        child.set(rows=2)
    assert span.environment() == {} and span.leave(0) == 0
assert not {"anneal_trainer.otlp", "http.client", "ssl"} & set(sys.modules), sys.modules
assert threading.active_count() == 1
"""
    command = [sys.executable, "-c", program, f"00-{TRACE}-{CALLER}-01"]
    subprocess.run(command, env={"PYTHONPATH": str(Path(__file__).parent.parent)}, check=True)


@pytest.mark.usefixtures("patience")
def test_the_general_address_stands_for_that_of_traces(collector: Collector) -> None:
    for address in ("/otlp", "/otlp/"):
        env = {"TRACEPARENT": f"00-{TRACE}-{CALLER}-01", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url + address}
        tracing.begin("train", env).leave(0)
    assert [span.parent for span in collector.of("train")] == [CALLER] * 2
    assert collector.paths == {"/otlp/v1/traces"}


@pytest.mark.usefixtures("patience")
def test_a_span_fails_with_the_code_of_what_went_wrong(collector: Collector) -> None:
    root = tracing.begin("train", collector.environment(), job="j", ratio=0.5, whole=True)
    for error in (JobFailure(43, "store.unavailable", "a secret"), ValueError("a secret")):
        with pytest.raises(type(error)), root.span("step"):
            raise error
    assert root.leave(1) == 1
    assert [span.failed for span in collector.of("step")] == ["store.unavailable", "ValueError"]
    about = {"anneal.job": "j", "anneal.ratio": 0.5, "anneal.whole": True, "anneal.exit_code": 1}
    assert (collector.only("train").about, collector.only("train").failed) == (about, "exit 1")
    assert "secret" not in repr(collector.spans)


def test_many_alike_are_thinned_out() -> None:
    counts = [count for count in range(1, 200_001) if tracing.kept(count)]
    assert counts[:200] == list(range(1, 201)) and counts[200:203] == [210, 220, 230]
    assert len(counts) == 200 + 3 * 180
    assert counts[-1] == 200_000


@pytest.mark.usefixtures("patience")
def test_what_is_left_out_has_no_children_and_the_rest_comes_in_batches(collector: Collector) -> None:
    root = tracing.begin("train", collector.environment())
    for step in range(1, 1_001):
        with root.span("step", step=step) as one, one.span("inner"):
            pass
    root.leave(0)
    steps = collector.of("step")
    assert len(steps) == 280 and max(span.about["anneal.step"] for span in steps) == 1_000
    assert {span.parent for span in collector.of("inner")} <= {span.id for span in steps}
    assert max(collector.batches) == otlp.BATCH and sum(collector.batches) == len(collector.spans) == 561


def silent(collector: Collector) -> str:
    collector.silent.set()
    return collector.url


def closed(_: Collector) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def failing(collector: Collector) -> str:
    collector.status = 503
    return collector.url


@pytest.mark.parametrize("sick", [silent, closed, failing])
def test_a_sick_collector_holds_a_job_up_by_a_second_at_most(
    collector: Collector, sick: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "GATHER_SECONDS", 0.05)
    env = collector.environment() | {tracing.TRACES: sick(collector) + "/v1/traces"}  # type: ignore[operator]
    root = tracing.begin("train", env)
    start = time.monotonic()
    for step in range(10_000):
        root.span(f"step-{step}").end()
    # Nobody waits for room, and what has none is dropped.
    sender = root._sender
    assert sender is not None and sender._waiting.qsize() <= otlp.ROOM
    time.sleep(0.2)  # the first batch is on its way, or has failed
    assert time.monotonic() - start < 5
    start = time.monotonic()
    assert root.leave(0) == 0
    assert time.monotonic() - start < otlp.CLOSE_SECONDS + 1


@pytest.mark.usefixtures("patience")
def test_a_collector_that_answers_again_is_told_of_what_comes_then(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(otlp, "TIMEOUT_SECONDS", 0.2)
    silent(collector)
    root = tracing.begin("train", collector.environment())
    root.span("lost").end()
    time.sleep(0.5)
    collector.silent.clear()
    root.span("seen").end()
    root.leave(0)
    assert {span.name for span in collector.spans} == {"seen", "train"}


def test_a_job_ends_as_ever_when_its_collector_does_not_answer(bench: Bench, collector: Collector) -> None:
    folder = bench.job("traced", bench.document())
    process = bench.start(folder, **collector.environment() | {tracing.TRACES: silent(collector) + "/v1/traces"})
    wait_for((folder / "result.json").exists, "the result")
    written = time.monotonic()
    assert process.wait(timeout=20) == 0 and result(folder)["steps"] == 3
    assert time.monotonic() - written < 5


def test_a_signal_while_a_process_says_its_last_is_not_held_up(collector: Collector) -> None:
    """As pod.py's handler does: the same span is left once more, inside of the first time."""
    root = tracing.begin("pod", collector.environment() | {tracing.TRACES: silent(collector) + "/v1/traces"})
    again: list[float] = []

    def handler(*_: object) -> None:
        start = time.monotonic()
        root.leave(CHECKPOINTED)
        again.append(time.monotonic() - start)

    before = signal.signal(signal.SIGUSR1, handler)
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGUSR1)).start()
    try:
        assert root.leave(0) == 0
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(again) == 1 and again[0] < otlp.CLOSE_SECONDS / 2
