"""`python -m anneal_server --port P --state DIR [--max-engines 3]`: serve until SIGTERM.

Beyond this machine: `--bind 0.0.0.0 --advertise HOST --token-file FILE [--engine-ports FIRST-LAST]`.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from anneal_trainer.basemodel import SMOLLM2, SMOLLM2_FILE
from anneal_trainer.failures import CONFIGURATION, JobFailure
from anneal_trainer.stop import Stop, watch_stack

from .access import LOOPBACK, access
from .api import Control
from .policy import cores, shares
from .pool import Pool
from .requantise import served_model
from .spawner import Spawner


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="anneal_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--max-engines", type=int, default=3)
    parser.add_argument("--bind", default=LOOPBACK, metavar="ADDRESS", help="also of the engines")
    parser.add_argument("--advertise", metavar="HOST", help="what `urls` in answers name; default: --bind")
    parser.add_argument("--engine-ports", metavar="FIRST-LAST", help="default: any free ones")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="of the bearer token that requests must carry")
    arguments = parser.parse_args(argv)
    start = time.monotonic()

    spawner, stop = Spawner(), Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: spawner.stop())
    watch_stack(stop)
    threading.Thread(target=lambda: (stop.wait(math.inf), spawner.stop()), daemon=True).start()

    model: Future[Path] = Future()
    try:
        engines = max(1, arguments.max_engines)
        reached = access(
            arguments.bind, arguments.advertise, arguments.engine_ports, arguments.token_file,
            engines * shares(cores())[0],
        )  # fmt: skip
        SMOLLM2_FILE.locate()
        arguments.state.mkdir(parents=True, exist_ok=True)
        pool = Pool(spawner, arguments.state, model, engines, reached)
        control = Control(arguments.port, pool, SMOLLM2, reached)
    except JobFailure as failure:
        print(f"error {failure.code}: {failure.message}", file=sys.stderr)
        for problem in failure.problems:
            print(f"  {problem.line()}", file=sys.stderr)
        return failure.exit_code
    except OSError as error:
        print(f"error: cannot serve on port {arguments.port}: {error}", file=sys.stderr)
        return CONFIGURATION
    threading.Thread(target=_prepare, args=(model, arguments.state, start), daemon=True).start()
    threading.Thread(target=control.serve_forever, daemon=True).start()
    _log(start, f"listening on {reached.local(control.server_port)}")
    spawner.run()
    _log(start, "stopping")
    pool.close()
    sys.stderr.flush()
    os._exit(0)  # a request in progress must not keep the process alive


def _prepare(model: "Future[Path]", state: Path, start: float) -> None:
    """The first start requantises for a few seconds; policies wait for it, health does not."""
    try:
        path = served_model(SMOLLM2_FILE, state)
        _log(start, f"model ready: {path.name}")
        model.set_result(path)
    except Exception as error:
        _log(start, f"model not ready: {error}")
        model.set_exception(error)


def _log(start: float, text: str) -> None:
    print(f"[{time.monotonic() - start:7.2f}s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
