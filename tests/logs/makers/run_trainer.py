"""Runs of the project's own trainer on its tiny random model, well and failing; its log and its metrics lines are kept as it wrote them.

    PYTHONPATH=trainer:trainer/tests python tests/logs/makers/run_trainer.py
"""

from __future__ import annotations

import json
import re
import signal
import tempfile
from pathlib import Path

import run_real
from support import Bench, line, samples, wait_for_step

LOGS = Path(__file__).resolve().parent.parent


def well(b: Bench, folder: Path) -> None:
    b.run(folder)


def stopped(b: Bench, folder: Path) -> None:
    process = b.start(folder, ANNEAL_TRAINER_STEP_DELAY="3")
    wait_for_step(folder, 1)
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def damaged(b: Bench, folder: Path) -> None:
    process = b.start(folder, ANNEAL_TRAINER_STEP_DELAY="3")
    wait_for_step(folder, 1)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    for file in sorted((folder / "checkpoints").glob("*/*.safetensors")):
        file.write_bytes(file.read_bytes()[:100])
    (folder / "log").write_text("")
    b.run(folder)


RUNS = {
    "well": ("healthy", None, {}, well),
    "setting": ("exception", r"learningRate|batch|expected", {"learningRate": -1}, well),
    "missing_input": ("exception", r".", {}, lambda b, folder: (next(iter((b.store / "objects").glob("*/*"))).unlink(), b.run(folder))),
    "diverged": ("nan-or-inf", r"(?i)diverg|finite|nan", {}, well),
    "stopped": ("preempted", r"(?i)sigterm|stop|checkpoint", {}, stopped),
    "passes_over_a_damaged_checkpoint": ("healthy", None, {}, damaged),
}

if __name__ == "__main__":
    truth = json.loads(run_real.TRUTH.read_text())
    for name, (cause, pattern, algorithm, play) in RUNS.items():
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary)
            b = Bench(home, home / "cache", [])
            lines = [line(s) for s in samples()]
            if name == "diverged":
                lines = [{**one, "logprobs": [-1e308 for _ in one["logprobs"]], "advantage": 1e300} for one in lines]
            folder = b.job(name, b.document(lines, **algorithm))
            play(b, folder)
            text = (folder / "log").read_text().replace(str(home), "/srv/anneal")
            file = f"trainer/{name}.log"
            (LOGS / "trainer").mkdir(exist_ok=True)
            (LOGS / file).write_text(run_real.clean(text))
            found = [n for n, one in enumerate(text.splitlines(), 1) if pattern is not None and re.search(pattern, one)]
            print(name, cause, found, "\n", text[-1500:], flush=True)
            truth[f"trainer/{name}"] = {"files": [file], "cause": cause, "file": file if found else None, "lines": found, "rank": None, "source": f"run: makers/run_trainer.py {name}"}
    run_real.TRUTH.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
