"""Being stopped: SIGTERM, the stack's death, the time limit. All three mean checkpoint and 85.

Training runs in a worker thread and the main thread waits here, because Python only delivers a
signal between two bytecodes of the main thread: one compilation or one row can take seconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from pathlib import Path
from typing import Mapping

from .failures import CHECKPOINTED

POLL_SECONDS = 1.0
HARD_EXIT_SECONDS = 8.0
PR_SET_PDEATHSIG = 1


class Stop:
    """Set once, with a reason; `wait` also ends when the work is done."""

    def __init__(self) -> None:
        self._changed = threading.Event()
        self.reason = ""

    def request(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._changed.set()

    def work_done(self) -> None:
        self._changed.set()

    def wait(self, seconds: float) -> None:
        """Until requested, done, or `seconds` have passed, which requests a stop itself."""
        if not self._changed.wait(min(seconds, threading.TIMEOUT_MAX)):
            self.request(f"maxSeconds ({seconds:g} s) reached")


def on_sigterm(stop: Stop) -> None:
    signal.signal(signal.SIGTERM, lambda *_: stop.request("SIGTERM"))


def start_time(pid: int) -> int | None:
    """A process's start in clock ticks since boot; None if it is gone (or a zombie).

    With the pid it names one process: pids alone are reused.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The command (field 2) may hold spaces and brackets: fields are counted behind its last one.
    state, *fields = stat[stat.rindex(b")") + 2 :].split()
    return None if state in (b"Z", b"X") else int(fields[18])


def watch_stack(stop: Stop, env: Mapping[str, str] = os.environ) -> None:
    """Stop when the process named by ANNEAL_STACK_PID goes: no one is left to collect the work.

    ANNEAL_STACK_START, when given, is its start time: the pid may have been reused before now.
    """
    value = env.get("ANNEAL_STACK_PID", "")
    if not value:
        return
    born = start_time(int(value)) if value.isdigit() else None
    if env.get("ANNEAL_STACK_START", str(born)) != str(born):
        born = None

    def watch() -> None:
        while born is not None and start_time(int(value)) == born:
            time.sleep(POLL_SECONDS)
        stop.request(f"the stack (pid {value}) is gone")
        time.sleep(HARD_EXIT_SECONDS)
        os._exit(CHECKPOINTED)

    threading.Thread(target=watch, name="watch-stack", daemon=True).start()


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent's spawning thread ends (Linux prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)
