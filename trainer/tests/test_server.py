"""The policy server with the real model: what it answers is what the trainer computes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest

from anneal_trainer import ggufadapter, lora
from anneal_trainer.basemodel import SMOLLM2, open_base
from anneal_trainer.batch import Sample
from anneal_trainer.failures import JobFailure
from anneal_trainer.engine import Engine, use_cache
from anneal_trainer.job import LoraSpec
from anneal_trainer.losses import Loss
from anneal_trainer.packing import pack
from anneal_trainer.stop import start_time
from anneal_server.access import Access, access
from anneal_server.policy import cores, shares
from s3server import S3Server, free_port
from support import Bench, children, wait_for
from test_s3_store import bucket_store

SPEC = LoraSpec(rank=8, alpha=16, layers=10)
LIMIT = 2  # engines


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    bench: Bench
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return call(self.url + path, body, method, self.token)

    def put(self, name: str, adapter: Any) -> tuple[int, Any]:
        return self.call("PUT", f"/policies/{name}", {"adapter": adapter})

    def engines(self) -> list[str]:
        return [e["policy"] for e in self.call("GET", "/health")[1]["engines"]]


def call(url: str, body: Any = None, method: str = "POST", token: str = "") -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def start(bench: Bench, state: Path, *options: str, **env: str) -> Server:
    log = open(bench.folder / "server.log", "w")
    command = [sys.executable, "-m", "anneal_server", "--port", "0", "--state", str(state)]
    process = subprocess.Popen(
        [*command, "--max-engines", str(LIMIT), *options],
        env={**bench.environment(), **env},
        stderr=log,
        text=True,
    )
    bench.running.append(process)
    text = Path(log.name).read_text
    wait_for(lambda: "listening on" in text(), "the server", 10)
    return Server(text().split("listening on ")[-1].split()[0], process, bench)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept over this file: requantising takes seconds."""
    return tmp_path_factory.mktemp("server") / "state"


@pytest.fixture
def server(bench: Bench, state: Path) -> Iterator[Server]:
    server = start(bench, state)
    yield server
    server.process.terminate()
    assert server.process.wait(timeout=5) == 0


def adapter() -> lora.Flat:
    """Random, and strong enough to change what the model says."""
    rng = np.random.default_rng(1)
    flat = lora.fresh(open_base(SMOLLM2).shape, SPEC, 0)
    strong = {n: (rng.standard_normal(a.shape) * 0.2) for n, a in flat.items() if "lora_b" in n}
    return flat | {n: a.astype(np.float32) for n, a in strong.items()}


def stored_adapter(bench: Bench) -> dict[str, Any]:
    path = bench.folder / "adapter.gguf"
    ggufadapter.write_adapter(path, adapter(), {"base": SMOLLM2, "alpha": SPEC.alpha})
    return bench.put(path.read_bytes())


def complete(url: str, prompt: list[int], **options: Any) -> dict[str, Any]:
    status, body = call(
        url + "/completion",
        {
            "prompt": prompt, "n_predict": 24, "temperature": 1, "samplers": ["temperature"],
            "seed": 5, "return_tokens": True, "n_probs": 1, **options,
        },
    )  # fmt: skip
    assert status == 200, body
    return body


def prompt_ids(url: str, text: str) -> list[int]:
    _, rendered = call(url + "/apply-template", {"messages": [{"role": "user", "content": text}]})
    _, got = call(url + "/tokenize", {"content": rendered["prompt"], "parse_special": True})
    return got["tokens"]


def sampled(url: str, temperature: float, prompts: int = 1, each: int = 6) -> list[Sample]:
    made = []
    tempered = {"temperature": temperature, "samplers": ["top_k", "temperature"], "top_k": 4096}
    options = {} if temperature == 1 else tempered | {"post_sampling_probs": True}  # as the gateway asks
    for i, what in enumerate(("the sum of a and b", "the larger of a and b")[:prompts]):
        ids = prompt_ids(url, f"Write a Python function f(a, b) that returns {what}.")
        answers = complete(url, ids, n_cmpl=each, **options)
        assert len({a["index"] for a in answers}) == each
        for a in answers:
            probabilities = a["completion_probabilities"]
            if [p["id"] for p in probabilities] != a["tokens"]:
                continue  # cut inside a character: not token-exact, the gateway drops it
            logprobs = tuple(np.log(p["prob"]) if options else min(p["logprob"], 0.0) for p in probabilities)
            name = f"{i}-{a['index']}"
            tokens = tuple(a["tokens"])
            made.append(Sample(name, str(i), tuple(ids), tokens, logprobs, 1.0, 0.0, 0))
    assert len(made) >= prompts * each - 2
    return made


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_trainer_computes_the_probabilities_that_the_server_sampled_from(
    server: Server, cache: Path, temperature: float
) -> None:
    status, policy = server.put("round-1", reference := stored_adapter(server.bench))
    assert status == 200 and policy["adapterSha256"] == reference["sha256"]
    batch = sampled(policy["urls"][0], temperature)
    use_cache(str(cache))
    base = open_base(SMOLLM2)
    engine = Engine(base.shape, base.load(), SPEC, Loss("cispo", 2.0), temperature)
    rows = pack(batch)
    gaps = {}
    for name, flat in (("with", adapter()), ("without", lora.fresh(base.shape, SPEC, 0))):
        engine.prepare(rows, flat, lambda _: None)
        _, tokens = engine.minibatch(flat, rows, lambda: None)
        gaps[name] = np.abs(tokens.logp - tokens.behaviour)
    # Q8_0 arithmetic against float32: about 0.05 on average (README); a wrong mask, position
    # or scale shows as more than 0.3, and a forgotten adapter must show as well.
    assert gaps["with"].mean() < 0.12 and np.quantile(gaps["with"], 0.99) < 0.8
    assert gaps["without"].mean() > 3 * gaps["with"].mean()


def test_answers_are_exact_and_name_their_policy(server: Server) -> None:
    _, policy = server.put("quickstart@v0", None)
    ids = prompt_ids(policy["urls"][0], "Say hello.")
    got = complete(policy["urls"][0], ids)
    assert got["model"] == "quickstart@v0" and got["tokens_evaluated"] == len(ids)
    assert len(got["tokens"]) == len(got["completion_probabilities"]) == got["tokens_predicted"]
    greedy = [complete(policy["urls"][0], ids, temperature=0)["tokens"] for _ in range(2)]
    assert greedy[0] == greedy[1]


def test_names_are_bound_to_their_adapter(server: Server) -> None:
    reference = stored_adapter(server.bench)
    first, again = server.put("p", reference), server.put("p", reference)
    assert first[0] == 200 and first == again == server.call("GET", "/policies/p")
    status, error = server.put("p", None)
    assert (status, error["code"]) == (409, "policy_conflict")
    assert server.call("DELETE", "/policies/p")[0] == 200
    assert server.call("GET", "/policies/p")[0] == 404
    assert server.put("p", None)[1]["adapterSha256"] is None


def test_bad_adapters_are_refused_and_leave_no_engine(server: Server) -> None:
    good = stored_adapter(server.bench)
    data = (server.bench.folder / "adapter.gguf").read_bytes()
    cases = {
        "adapter_format": server.bench.put(b"safetensors perhaps"),
        "adapter_rejected": server.bench.put(data[: len(data) // 2]),
    }
    for code, reference in cases.items():
        status, error = server.put("bad", reference)
        assert (status, error["code"]) == (422, code), error
    damaged = server.bench.store / good["uri"].removeprefix("store:")
    damaged.write_bytes(data[:-1] + b"!")
    assert server.put("bad", good)[1]["code"] == "adapter_corrupt"
    damaged.unlink()
    assert server.put("bad", good)[1]["code"] == "adapter_corrupt"
    assert server.engines() == [] and server.call("GET", "/policies/bad")[0] == 404
    assert server.put("bad", {"sha256": "?"})[0] == 400
    assert server.call("PUT", "/policies/bad", {"adaptor": None})[0] == 400
    assert server.call("PUT", "/policies/..%2Fx", {"adapter": None})[0] == 400


def test_the_longest_unused_idle_engine_makes_room(server: Server) -> None:
    _, a = server.put("a", None)
    server.put("b", None)
    # a is the oldest, but at work: b has to go.
    ids = prompt_ids(a["urls"][0], "Count to a thousand.")
    options = {"prompt": ids, "n_predict": 4000, "ignore_eos": True}
    threading.Thread(target=quietly, args=(a["urls"][0] + "/completion", options), daemon=True).start()
    time.sleep(2.5)  # b has been idle for longer than counts as in use
    assert server.put("c", None)[0] == 200
    assert sorted(server.engines()) == ["a", "c"]
    server.call("DELETE", "/policies/a")
    # Known still: asking for it starts it again.
    assert server.call("GET", "/policies/b")[0] == 200
    assert sorted(server.engines()) == ["b", "c"]


def quietly(url: str, body: Any) -> None:
    """A request that is cut off by the end of its engine."""
    try:
        call(url, body)
    except OSError:
        pass


def test_an_engine_that_died_is_started_again(server: Server) -> None:
    _, before = server.put("a", None)
    replicas = children(server.process.pid)
    assert len(replicas) == len(before["urls"]) == shares(cores())[0]
    os.kill(replicas[-1], signal.SIGKILL)  # one that is gone takes the others along
    wait_for(lambda: server.engines() == [], "the engine to be gone", 5)
    status, after = server.call("GET", "/policies/a")
    assert status == 200
    assert complete(after["urls"][-1], prompt_ids(after["urls"][-1], "Hi"))["tokens"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_engines_end_with_the_server(bench: Bench, state: Path, number: int) -> None:
    server = start(bench, state)
    assert server.put("a", None)[0] == 200
    engines = children(server.process.pid)
    assert engines
    server.process.send_signal(number)
    assert server.process.wait(timeout=5) == (0 if number == signal.SIGTERM else -9)
    wait_for(lambda: not any(start_time(pid) for pid in engines), "the engines to end", 5)


@pytest.mark.parametrize(
    ("cores", "split"), [(1, (1, 1)), (2, (2, 1)), (3, (3, 1)), (4, (4, 1)), (7, (4, 1)), (16, (4, 4))]
)
def test_replicas_share_the_cores(cores: int, split: tuple[int, int]) -> None:
    assert shares(cores) == split


TOKEN = "a-token-of-the-tests"


def test_beyond_loopback_a_token_is_asked_for_by_server_and_engines(bench: Bench, state: Path) -> None:
    """As in a pod: every address, a range of ports, a host to be named by."""
    file = bench.folder / "token"
    file.write_text(TOKEN + "\n")
    first = min(free_port(), 65000)
    ports = range(first, first + LIMIT * shares(cores())[0] + 8)  # some may be taken
    options = ["--bind", "0.0.0.0", "--advertise", "localhost", "--token-file", str(file)]
    server = start(bench, state, *options, "--engine-ports", f"{ports[0]}-{ports[-1]}")
    assert server.call("GET", "/health") == (200, {"ok": True, "model": SMOLLM2})
    wait_for(lambda: server.call("GET", "/ready") == (200, {"ready": True}), "the model", 60)
    for token in ("", "not-a-token-of-the-tests"):
        for method, body in (("GET", None), ("PUT", {"adapter": None}), ("DELETE", None)):
            status, error = call(f"{server.url}/policies/p", body, method, token)
            assert (status, error["code"]) == (401, "unauthorized")
    server.token = TOKEN
    status, policy = server.put("p", None)
    assert status == 200, policy
    assert server.engines() == ["p"]
    parts = [url.rsplit(":", 1) for url in policy["urls"]]
    assert {host for host, _ in parts} == {"http://localhost"} and {int(port) for _, port in parts} <= set(ports)
    for url in policy["urls"]:
        assert call(f"{url}/tokenize", {"content": "x"})[0] == 401
        assert call(f"{url}/tokenize", {"content": "x"}, token=TOKEN)[0] == 200
    assert server.call("DELETE", "/policies/p")[0] == 200
    for name in ("q", "r", "s"):
        assert server.put(name, None)[0] == 200
    assert TOKEN not in Path(f"/proc/{children(server.process.pid)[0]}/cmdline").read_text()
    server.process.terminate()
    assert server.process.wait(timeout=5) == 0


def test_an_adapter_in_a_bucket(
    bench: Bench, state: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = s3_server.environment()
    reference = stored_adapter(bench)
    bucket_store(monkeypatch, env).put(bench.store / reference["uri"].removeprefix("store:"))
    server = start(bench, state, **env, ANNEAL_STORE=os.environ["ANNEAL_STORE"])
    status, policy = server.put("p", reference)
    assert status == 200 and policy["adapterSha256"] == reference["sha256"]
    gone = reference | {"sha256": "0" * 64, "uri": f"store:objects/00/{'0' * 64}"}
    assert server.put("q", gone)[1]["code"] == "adapter_corrupt"


def test_a_store_that_cannot_be_asked_is_503(bench: Bench, state: Path) -> None:
    server = start(bench, state, ANNEAL_STORE="nothing")
    status, error = server.put("p", stored_adapter(bench))
    assert (status, error["code"]) == (503, "store_unavailable") and "ANNEAL_STORE" in error["message"]


def test_what_must_not_be_reached_from_elsewhere(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("secret")
    with pytest.raises(JobFailure) as caught:
        access("0.0.0.0", None, "9000-9001", None, engines=4)
    assert caught.value.exit_code == 42
    assert [p.path for p in caught.value.problems] == ["--advertise", "--token-file", "--engine-ports"]
    for bad in (("here", None, None, None), ("::1", None, "9-8", None), ("127.0.0.1", None, None, short)):
        with pytest.raises(JobFailure):
            access(*bad, engines=1)
    assert access("::1", None, None, None, 1).public(80) == "http://[::1]:80"
    assert Access(token="t" * 16).may("Bearer " + "t" * 16) and not Access(token="t" * 16).may(None)


def test_cores_are_those_of_the_container(tmp_path: Path) -> None:
    here = len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores(tmp_path) == cores(tmp_path / "none") == here
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert cores(tmp_path) == 1
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    for quota, want in (("-1", here), ("50000", 1)):
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
        assert cores(tmp_path) == want


def test_a_taken_port_is_said(server: Server) -> None:
    port = server.url.rsplit(":")[-1]
    command = [sys.executable, "-m", "anneal_server", "--port", port, "--state", str(server.bench.folder)]
    done = subprocess.run(command, env=server.bench.environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 42 and port in done.stderr
