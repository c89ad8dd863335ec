"""Starts child processes from one long-lived thread.

PDEATHSIG fires when the *thread* that forked the child ends, so a child started by a thread
that answers one HTTP request would be killed as soon as the answer is sent.
"""

from __future__ import annotations

import queue
import subprocess
from concurrent.futures import Future
from typing import IO, Sequence


class Spawner:
    """`start` may be called from any thread; `run` is the thread that forks (the main one)."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[tuple[Future, Sequence[str], IO[bytes]] | None]
        self._wanted = queue.SimpleQueue()

    def start(self, command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._wanted.put((future, command, log))
        return future.result()

    def run(self) -> None:
        """Serve `start` until `stop`."""
        while (job := self._wanted.get()) is not None:
            future, command, log = job
            try:
                future.set_result(
                    subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
                    )
                )
            except OSError as error:
                future.set_exception(error)

    def stop(self) -> None:
        """Safe inside a signal handler: SimpleQueue.put is reentrant."""
        self._wanted.put(None)
