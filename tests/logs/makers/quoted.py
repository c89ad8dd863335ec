"""Logs after formats that public issues quote: the fixed words of each message are the program's own, everything that varies (hosts,
times, sizes, steps) is made up here, with the ordinary lines of such a run around it. `SOURCE` names where each format was read.

    python tests/logs/makers/quoted.py       # writes tests/logs/quoted/ and its part of truth.json
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOGS = HERE.parent
GH = "https://github.com/"
MAKERS: list[tuple[str, str, str | None, Callable[["Log"], None]]] = []


class Log:
    """Lines, a clock, and which of the lines is the first fault."""

    def __init__(self, name: str) -> None:
        self.rng = random.Random(name)
        self.name, self.file = name, ""
        self.files: dict[str, list[str]] = {"": []}
        self.now = datetime(2025, self.rng.randint(1, 12), self.rng.randint(1, 28), self.rng.randint(0, 22), self.rng.randint(0, 59))
        self.fault: tuple[str, list[int]] | None = None
        self.rank: int | None = None

    def add(self, text: str = "") -> None:
        self.files.setdefault(self.file, []).extend(text.split("\n"))

    def bad(self, text: str, rank: int | None = None) -> None:
        """The first fault, in the first of these lines."""
        at = len(self.files.setdefault(self.file, [])) + 1
        if self.fault is None:
            self.fault, self.rank = (self.file, [at]), rank
        elif self.fault[0] == self.file:
            self.fault[1].append(at)
        self.add(text)

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def t(self, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        return self.now.strftime(form).replace("%3", f"{self.now.microsecond // 1000:03d}")

    def ms(self) -> str:
        return f"{self.t()},{self.rng.randint(0, 999):03d}"

    def noise(self, around: float, share: float = 0.03) -> float:
        return around * (1 + self.rng.gauss(0, share))

    # The ordinary lines of trainers and servers.
    def megatron(self, start: int, count: int, loss: float = 2.4, ms: float = 5400.0, norm: float = 0.8, of: int = 5000) -> None:
        for it in range(start, start + count):
            took = self.noise(ms, 0.01)
            self.pass_(took / 1000)
            self.add(f" [{self.t()}] iteration {it:8d}/{of:8d} | consumed samples: {it * 128:12d} | elapsed time per iteration (ms): {took:.1f} | throughput per GPU (TFLOP/s/GPU): {1310000 / took:.1f} | learning rate: 1.{self.rng.randint(100000, 999999)}E-04 | global batch size:   128 | lm loss: {self.noise(loss, 0.01):.6E} | loss scale: 1.0 | grad norm: {self.noise(norm, 0.1):.3f} | number of skipped iterations:   0 | number of nan iterations:   0 |")

    def hf(self, count: int, loss: float = 1.9, **more: float) -> None:
        for at in range(count):
            self.pass_(9)
            rest = "".join(f", '{k}': {self.noise(v, 0.05)}" for k, v in more.items())
            self.add(f"{{'loss': {self.noise(loss):.4f}, 'grad_norm': {self.noise(0.6, 0.2):.6f}, 'learning_rate': {self.rng.uniform(1, 9):.4f}e-06{rest}, 'epoch': {at / 100:.2f}}}")

    def verl(self, start: int, count: int, values: Callable[[int], dict[str, float]] = lambda _: {}) -> None:
        for step in range(start, start + count):
            self.pass_(118)
            base = {"actor/entropy": self.noise(0.35, 0.06), "actor/pg_clipfrac": 0.0008, "actor/ppo_kl": abs(self.noise(4e-4, 0.2)), "actor/pg_loss": self.rng.gauss(0, 0.03), "actor/kl_loss": abs(self.noise(0.0013, 0.1)), "actor/kl_coef": 0.001, "actor/grad_norm": self.noise(0.13, 0.1), "actor/lr": 1e-6, "critic/rewards/mean": self.noise(0.42, 0.05), "critic/rewards/max": 1.0, "critic/rewards/min": 0.0, "response_length/mean": self.noise(1230, 0.03), "response_length/max": 3072.0, "timing_s/step": self.noise(118, 0.02), "perf/throughput": self.noise(3100, 0.02)}
            base.update(values(step))
            self.add("(TaskRunner pid=222265) step:%d - global_seqlen/min:%d - %s" % (step, self.rng.randint(300000, 400000), " - ".join(f"{k}:{v!r}" for k, v in base.items())))

    def trace(self, error: str, *frames: tuple[str, int, str, str], prefix: str = "", rank: int | None = None, fault: bool = True) -> None:
        self.add(f"{prefix}Traceback (most recent call last):")
        for file, line, function, code in frames:
            self.add(f'{prefix}  File "{file}", line {line}, in {function}\n{prefix}    {code}')
        (self.bad if fault else lambda text, _: self.add(text))(f"{prefix}{error}", rank)

    def torchrun(self, rank: int, code: int = 1, root: str = "train.py") -> None:
        self.pass_(2)
        self.add(f"W{self.t('%m%d %H:%M:%S')}.{self.rng.randint(100000, 999999)} 81 torch/distributed/elastic/multiprocessing/api.py:897] Sending process 94 closing signal SIGTERM")
        self.add(f"E{self.t('%m%d %H:%M:%S')}.{self.rng.randint(100000, 999999)} 81 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: {code}) local_rank: {rank} (pid: 9{rank}) of binary: /opt/conda/bin/python")
        self.trace("torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ", ("/opt/conda/bin/torchrun", 8, "<module>", "sys.exit(main())"), ("/opt/conda/lib/python3.11/site-packages/torch/distributed/run.py", 919, "main", "run(args)"), fault=False)
        self.add(f"{'=' * 60}\n{root} FAILED\n{'-' * 60}\nFailures:\n  <NO_OTHER_FAILURES>\n{'-' * 60}\nRoot Cause (first observed failure):\n[0]:\n  time      : {self.t('%Y-%m-%d_%H:%M:%S')}\n  host      : gpu-a12\n  rank      : {rank} (local_rank: {rank})\n  exitcode  : {code} (pid: 9{rank})\n  error_file: <N/A>\n  traceback : {'Signal 9 (SIGKILL) received by PID 9' + str(rank) if code == -9 else 'To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html'}\n{'=' * 60}")

    def watchdog(self, rank: int, seq: int, op: str = "ALLREDUCE", pg: str = "0(default_pg)", enqueued: int | None = None, timeout: int = 600000, fault: bool = False) -> None:
        stamp = f"{self.now.month}{self.now.day:02d} {self.t('%H:%M:%S')}.{self.rng.randint(100000000, 999999999)}"
        (self.bad if fault else lambda text, _: self.add(text))(f"[rank{rank}]:[E{stamp} ProcessGroupNCCL.cpp:632] [Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, NumelIn=8652160, NumelOut=8652160, Timeout(ms)={timeout}) ran for {timeout + self.rng.randint(4, 99)} milliseconds before timing out.", rank)
        self.add(f"[rank{rank}]:[E{stamp} ProcessGroupNCCL.cpp:2268] [PG ID 0 PG GUID {pg} Rank {rank}]  failure detected by watchdog at work sequence id: {seq} PG status: last enqueued work: {enqueued or seq + 3}, last completed work: {seq - 1}")

    def aborted(self, rank: int) -> None:
        self.add(f"[rank{rank}]:[E ProcessGroupNCCL.cpp:684] [Rank {rank}] Some NCCL operations have failed or timed out. Due to the asynchronous nature of CUDA kernels, subsequent GPU operations might run on corrupted/incomplete data.\n[rank{rank}]:[E ProcessGroupNCCL.cpp:698] [Rank {rank}] To avoid data inconsistency, we are taking the entire process down.\nterminate called after throwing an instance of 'c10::DistBackendError'\n  what():  [PG ID 0 PG GUID 0(default_pg) Rank {rank}] Process group watchdog thread terminated with exception")


def log(cause: str, source: str | None = None, name: str | None = None):
    def keep(make: Callable[[Log], None]) -> Callable[[Log], None]:
        MAKERS.append((name or make.__name__, cause, source, make))
        return make

    return keep


def write() -> None:
    import quoted_faults  # noqa: F401
    import quoted_healthy  # noqa: F401

    path = LOGS / "truth.json"
    truth = json.loads(path.read_text()) if path.exists() else {}
    truth = {name: one for name, one in truth.items() if not name.startswith("quoted/")}
    for name, cause, source, make in MAKERS:
        one = Log(name)
        make(one)
        files = {f"quoted/{name}.log" if part == "" else f"quoted/{name}/{part}.log": lines for part, lines in one.files.items() if lines}
        for file, lines in files.items():
            (LOGS / file).parent.mkdir(parents=True, exist_ok=True)
            (LOGS / file).write_text("\n".join(lines) + "\n")
        where = None if one.fault is None else f"quoted/{name}.log" if one.fault[0] == "" else f"quoted/{name}/{one.fault[0]}.log"
        if (where is None) != (cause in ("healthy", "undetermined")):
            raise SystemExit(f"{name}: {cause}, and the fault is {where}")
        truth[f"quoted/{name}"] = {"files": sorted(files), "cause": cause, "file": where, "lines": one.fault[1] if one.fault else [], "rank": one.rank, "source": source if source is None or source.startswith("http") else GH + source}
    path.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
    print(len(MAKERS), "logs")


if __name__ == "__main__":
    import sys

    sys.modules["quoted"] = sys.modules["__main__"]
    write()
