"""Small programs that really fail: a softmax regression in numpy that trains, and one way for it to end badly each.

`python programs.py NAME` runs one. Nothing is printed that the failing code, numpy or Python would not print; what
takes hours elsewhere is shortened, and the clock of `hang` runs fast. `run_real.py` runs them all and keeps their output.
"""

from __future__ import annotations

import http.server
import json
import logging
import multiprocessing as mp
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

OUT = Path(os.environ.get("OUT", "/tmp/anneal-log-maker"))
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
log = logging.getLogger("train")


class Softmax:
    def __init__(self, seed: int = 0, features: int = 32, classes: int = 10) -> None:
        self.rng = np.random.default_rng(seed)
        self.w = self.rng.normal(0, 0.1, (features, classes))
        self.truth = self.rng.normal(0, 1, (features, classes))

    def batch(self, n: int = 256):
        x = self.rng.normal(0, 1, (n, self.w.shape[0]))
        return x, (x @ self.truth + self.rng.gumbel(0, 1, (n, self.w.shape[1]))).argmax(1)

    def gradient(self, x, y):
        z = x @ self.w
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        return loss, x.T @ p / len(y)

    def step(self, rate: float = 0.5, batch=None):
        loss, g = self.gradient(*(batch or self.batch()))
        self.w -= rate * g
        return loss, np.sqrt((g**2).sum())


def line(step, loss, norm, **more):
    rest = "".join(f" | {name.replace('_', ' ')}: {value:.4g}" for name, value in more.items())
    log.info("step %5d | loss: %.4f | grad norm: %.4f%s", step, loss, norm, rest)


def train(steps, start=0, every=5, model=None, **more):
    model = model or Softmax()
    for step in range(start, start + steps):
        loss, norm = model.step()
        if step % every == 0:
            line(step, loss, norm, **more)
    return model


def healthy():
    log.info("training for 400 steps")
    model = train(400)
    np.savez(OUT / "final.npz", w=model.w)
    log.info("saved %s", "final.npz")
    log.info("training finished: 0 errors, 0 batches skipped, number of nan steps: 0")


def nan():
    model = train(60)
    model.w[3, 3] = np.inf  # a broken kernel wrote this
    for step in range(60, 120):
        loss, norm = model.step()
        if step % 5 == 0:
            line(step, loss, norm)


def nan_raised():
    np.seterr(invalid="raise")
    model = train(45)
    model.w[:] = np.inf
    model.step()


def memory():
    model = train(30)
    log.info("building the replay buffer")
    buffer = np.zeros((200_000, 64, 128))
    line(31, *model.step(), buffer=buffer.size)


def memory_list():
    train(20)
    rows = []
    while True:
        rows.append(bytearray(1 << 20))


def disk():
    model = train(40)
    for step in range(40, 80):
        line(step, *model.step())
        with open(OUT / "small" / f"step-{step}.npy", "wb") as file:
            np.save(file, np.zeros((64, 1024)))
            file.flush()
            os.fsync(file.fileno())


def file_limit():
    model = train(25)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log.info("writing checkpoint")
    with open(OUT / "checkpoint.npy", "wb") as file:
        np.save(file, np.zeros((256, 1024)))
    line(26, *model.step())


def import_error():
    log.info("loading the reward model")
    from numpy import not_a_function  # noqa: F401


def missing_module():
    log.info("starting")
    import flash_attn_of_another_version  # noqa: F401


def assertion():
    model = train(35)
    loss, norm = model.step()
    batch, ranks = 257, 8
    assert batch % ranks == 0, f"global batch size {batch} is not divisible by {ranks} ranks"


def config_key():
    log.info("reading the configuration")
    config = json.loads('{"optimizer": {"name": "adam", "lr": 0.1}, "steps": 100}')
    train(10)
    log.info("warmup %d", config["optimizer"]["warmup_steps"])


def shape():
    model = train(15)
    model.step(batch=(np.zeros((8, 33)), np.zeros(8, int)))


def sigterm():
    model, stop = Softmax(), []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    step = 0
    while not stop:
        loss, norm = model.step()
        if step % 40 == 0:
            line(step, loss, norm)
        step += 1
        time.sleep(0.002)
    log.warning("received SIGTERM: saving a checkpoint before the node goes away")
    np.savez(OUT / "stopped.npz", w=model.w)
    log.info("saved step %d, exiting", step)
    sys.exit(143)


def token_index():
    embedding = np.random.default_rng(0).normal(0, 1, (32000, 16))
    train(20)
    token_ids = np.array([[17, 4, 32005], [5, 1, 2]])
    embedded = embedding[token_ids]
    log.info("embedded %s", embedded.shape)


def token_check():
    train(5)
    vocabulary, rows = 50265, 50257
    if vocabulary != rows:
        raise ValueError(f"tokenizer has {vocabulary} tokens but the model's embedding has {rows} rows")


def bad_zip():
    path = OUT / "checkpoint-200.npz"
    np.savez(path, w=np.zeros((64, 64)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    log.info("resuming from %s", path.name)
    with np.load(path) as file:
        log.info("weights %s", file["w"].shape)


def bad_pickle():
    path = OUT / "optimizer.pkl"
    path.write_bytes(pickle.dumps({"m": list(range(10000))})[:5000])
    log.info("loading optimizer state from checkpoint %s", path.name)
    with open(path, "rb") as file:
        pickle.load(file)


def bad_safetensors():
    from safetensors.numpy import load_file, save_file

    path = OUT / "model-00001-of-00002.safetensors"
    save_file({"w": np.zeros((64, 64), np.float32)}, path)
    path.write_bytes(path.read_bytes()[:5000])
    log.info("loading checkpoint shards: 1/2")
    load_file(path)


def bad_digest():
    import hashlib

    path = OUT / "weights.bin"
    path.write_bytes(b"a" * 1000)
    digest = hashlib.sha256(b"a" * 1001).hexdigest()[:12]
    train(5)
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    if found != digest:
        raise RuntimeError(f"checkpoint step-00040 is corrupt: checksum mismatch for weights.bin (expected {digest}, got {found})")


def explosion():
    rng = np.random.default_rng(1)
    x, target = rng.normal(0, 1, (256, 32)), rng.normal(0, 1, (256, 8))
    w = np.zeros((32, 8))
    for step in range(160):
        error = x @ w - target
        g = 2 * x.T @ error / len(x)
        w -= (0.05 if step < 80 else 1.1) * g
        if step % 2 == 0:
            line(step, (error**2).mean(), np.sqrt((g**2).sum()))


def spike():
    model = Softmax()
    for step in range(200):
        batch = model.batch()
        if step in (131, 132):
            batch = (batch[0] * 60, np.roll(batch[1], 1))
        loss, norm = model.step(0.1, batch)
        if step % 2 == 1 or step == 132:
            line(step, loss, norm)


def entropy():
    rng = np.random.default_rng(3)
    logits, means = np.zeros(16), np.linspace(0.4, 0.6, 16)
    for step in range(120):
        p = np.exp(logits - logits.max())
        p /= p.sum()
        arms = rng.choice(16, 64, p=p)
        reward = (rng.random(64) < means[arms]).astype(float)
        advantage = reward - 0.1  # a baseline that is wrong makes every choice self-confirming
        g = np.zeros(16)
        for arm, a in zip(arms, advantage):
            g += a * ((np.arange(16) == arm) - p)
        logits += (0.1 if step < 40 else 25) * g / 64 * 4
        h = -(p * np.log(p + 1e-30)).sum()
        log.info("step %d | reward: %.4f | entropy: %.6f | pg loss: %.4f", step, reward.mean(), h, -advantage.mean())


def kl():
    rng = np.random.default_rng(4)
    reference = rng.normal(0, 1, 32)
    logits = reference.copy()
    soft = lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()  # noqa: E731
    for step in range(100):
        p, q = soft(logits), soft(reference)
        divergence = (p * np.log(p / q)).sum()
        log.info("%s", json.dumps({"step": step, "reward": round(float(p @ np.arange(32) / 32), 5), "kl": round(float(divergence), 6), "loss": round(float(rng.normal(0, 0.02)), 5)}))
        logits += (0.01 if step < 60 else 12) * p * (np.arange(32) / 32 - p @ np.arange(32) / 32) + rng.normal(0, 0.01, 32)


def drift():
    rng = np.random.default_rng(5)
    mean = 180.0
    for step in range(160):
        lengths = rng.gamma(20, mean / 20, 64)
        reward = np.clip(0.5 * (lengths / 900) ** 0.5 + rng.normal(0, 0.05, 64), 0, 1)  # longer is rewarded, right or not
        if step > 50:
            mean *= 1 + 0.4 * np.corrcoef(lengths, reward)[0, 1] * 0.06
        log.info("step %d | reward: %.4f | response length: %.1f | entropy: %.3f", step, reward.mean(), lengths.mean(), 1.2 + rng.normal(0, 0.05))


def slow():
    model = Softmax(features=64)
    for step in range(60):
        start = time.perf_counter()
        loss, norm = model.step()
        time.sleep(0.02 if step < 35 else 0.09)
        took = time.perf_counter() - start
        log.info("step %d loss %.4f tokens/s %.0f", step, loss, 256 * 64 / took)


def starved():
    model, ready = Softmax(), threading.Semaphore(0)

    def read():
        for index in range(80):
            time.sleep(0.005 if index < 30 else 0.12)
            ready.release()

    threading.Thread(target=read, daemon=True).start()
    for step in range(55):
        start = time.perf_counter()
        ready.acquire()
        data = time.perf_counter() - start
        loss, _ = model.step()
        time.sleep(0.01)
        log.info("step %d loss %.4f data_time %.4f step_time %.4f", step, loss, data, time.perf_counter() - start)


def _rank(rank, size, work, barrier, out):
    if out:
        sys.stdout = sys.stderr = open(OUT / f"rank{rank}.log", "w", buffering=1)
    work(rank, size, barrier)


def ranks(work, size=4, out=False):
    barrier = mp.Barrier(size)
    processes = [mp.Process(target=_rank, args=(rank, size, work, barrier, out)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    sys.exit(max(abs(process.exitcode or 0) for process in processes))


def say(rank, text):
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [rank{rank}]: {text}", flush=True)


def _stops(rank, size, barrier):
    model = Softmax(rank)
    for step in range(40):
        loss, norm = model.step()
        if step == 23 and rank == 2:
            time.sleep(8)  # a lock that nobody gives back
            return
        try:
            barrier.wait(timeout=3)
        except threading.BrokenBarrierError:
            say(rank, f"RuntimeError: collective operation ALLREDUCE seq={step} timed out after 3000 ms: not all of {size} ranks arrived at the barrier")
            os._exit(1)
        if step % 4 == 0:
            say(rank, f"step {step} loss {loss:.4f} grad_norm {norm:.4f}")


def _asserts(rank, size, barrier):
    model = Softmax(rank)
    for step in range(30):
        loss, norm = model.step()
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} step {step} loss {loss:.4f}", flush=True)
        if step == 17 and rank == 1:
            barrier.abort()
            counts = [5, 7]
            assert sum(counts) == 16, f"expected 16 samples in the shard, got {sum(counts)}"
        time.sleep(0.01 if rank == 1 else 0.02)
        barrier.wait(timeout=10)


def _straggles(rank, size, barrier):
    model = Softmax(rank)
    for step in range(24):
        start = time.perf_counter()
        loss, _ = model.step()
        time.sleep(0.03 if rank != 3 or step < 6 else 0.11)
        took = time.perf_counter() - start
        barrier.wait(timeout=30)
        say(rank, f"step {step} loss {loss:.4f} compute_time {took * 1000:.1f}ms")


def _mismatch(rank, size, barrier):
    model = Softmax(rank)
    for seq in range(30):
        loss, _ = model.step()
        if seq % 5 == 0:
            say(rank, f"step {seq} loss {loss:.4f}")
        operation = "ALLGATHER" if rank == 1 and seq == 21 else "ALLREDUCE"
        (OUT / f"op-{rank}").write_text(operation)
        barrier.wait(timeout=20)
        for other in range(size):
            theirs = (OUT / f"op-{other}").read_text()
            if theirs != operation:
                raise RuntimeError(f"Detected mismatch between collectives on ranks. Rank {rank} is running collective {operation} (seq {seq}), but Rank {other} is running collective {theirs}")
        barrier.wait(timeout=20)


def _fine(rank, size, barrier):
    model = Softmax(rank)
    for step in range(25):
        loss, norm = model.step()
        barrier.wait(timeout=30)
        say(rank, f"step {step} loss {loss:.4f} grad_norm {norm:.4f}")
    say(rank, "done")


def _moves(answers):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status = answers.pop(0) if answers else 503
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"upstream unavailable" if status != 200 else b"ok")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1/chat/completions"


def _rollouts(url, count, tries):
    model = Softmax()
    for rollout in range(count):
        for attempt in range(tries):
            try:
                urllib.request.urlopen(url, timeout=2).read()
                break
            except OSError as failure:
                log.warning("rollout %d: gateway %s: %s (attempt %d of %d)", rollout, "/v1/chat/completions", failure, attempt + 1, tries)
        else:
            raise ConnectionError(f"gateway did not answer rollout {rollout} in {tries} attempts: {url}")
        line(rollout, *model.step(), reward=float(rollout % 7) / 7)


def gateway():
    _rollouts(_moves([200] * 12), 40, 5)


def gateway_refused():
    _rollouts("http://127.0.0.1:9/v1/chat/completions", 40, 4)


def retried():
    _rollouts(_moves([200] * 5 + [503, 503] + [200] * 40), 40, 5)
    log.info("all 40 rollouts done")


def verifier():
    train(12)
    for group in range(3):
        log.info("verifying group %d", group)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(30)" if group == 2 else "pass"], timeout=2, check=True)


def verifier_crash():
    train(12)
    log.info("grading 64 replies")
    try:
        subprocess.run([sys.executable, "-c", "import os; os.abort()"], check=True)
    except subprocess.CalledProcessError as failure:
        raise RuntimeError(f"verifier process died with {failure.returncode} before it gave a verdict") from failure


def hang():
    """Its clock runs 200 times as fast."""
    started, model = time.time(), Softmax()
    now = lambda: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(started + (time.time() - started) * 200))  # noqa: E731
    for step in range(40):
        loss, norm = model.step()
        print(f"{now()} step {step} loss {loss:.4f} grad_norm {norm:.4f}", flush=True)
        time.sleep(0.05)
    time.sleep(20)
    print(f"{now()} supervisor: the job was ended by the operator", flush=True)


def caught():
    model = Softmax()
    for step in range(80):
        if step % 20 == 7:
            try:
                json.loads("{broken")
            except ValueError:
                log.warning("sample %d could not be parsed, skipped", step, exc_info=True)
        line(step, *model.step())
    log.info("done")


def segfault():
    train(12)
    import ctypes
    import faulthandler

    faulthandler.enable()
    ctypes.string_at(0)


def thread_dies():
    def work():
        raise FileNotFoundError(2, "No such file or directory", "/data/shards/train-00017.parquet")

    train(10)
    thread = threading.Thread(target=work, name="prefetch")
    thread.start()
    thread.join()
    raise RuntimeError("prefetch thread has ended, no batch will come")


def jax_nan():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_debug_nans", True)
    train(10)
    jax.jit(lambda x: jnp.log(x))(jnp.array([-1.0])).block_until_ready()


def jax_shape():
    import jax.numpy as jnp

    train(10)
    jnp.dot(jnp.zeros((4, 5)), jnp.zeros((6, 7)))


def jax_healthy():
    import jax
    import jax.numpy as jnp

    f = jax.jit(jax.value_and_grad(lambda w, x: jnp.mean((x @ w - 1) ** 2)))
    w, x = jnp.zeros((8,)), jax.random.normal(jax.random.PRNGKey(0), (64, 8))
    for step in range(60):
        loss, g = f(w, x)
        w = w - 0.05 * g
        print(json.dumps({"step": step, "loss": float(loss), "grad_norm": float(jnp.linalg.norm(g))}), flush=True)
    print(json.dumps({"event": "finished", "errors": 0}))


PROGRAMS = {
    **{name: f for name, f in list(globals().items()) if callable(f) and not name.startswith("_") and f.__module__ == "__main__"},
    "rank_stops": lambda: ranks(_stops),
    "rank_asserts": lambda: ranks(_asserts, size=3, out=True),
    "straggler": lambda: ranks(_straggles),
    "mismatch": lambda: ranks(_mismatch, size=3),
    "ranks_healthy": lambda: ranks(_fine),
}

if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    PROGRAMS[sys.argv[1]]()
