"""A pod's log: on stdout, in the job's folder, and its end in the store, where it outlives the pod.

    jobs/NAME/attempts/N/log        the last 256 KiB, again and again while it grows
    jobs/NAME/attempts/N/log-end    {"bytes"}: of the whole log; written last, so that without it some of the end is missing

Pod and trainer are two processes with one clock, which the pod hands down.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Callable, Mapping

# Seconds of time.monotonic(), which is the machine's: it means the same in every process of a pod.
START = "ANNEAL_LOG_START"
TAIL_BYTES = 256 * 1024
# Names keep their old contents, so that a log of many hours goes up less often: each time it is a fiftieth older.
LEAST_SECONDS, SHARE = 10.0, 0.02


def _started(env: Mapping[str, str]) -> float:
    try:
        return float(env[START])
    except (KeyError, ValueError):
        return time.monotonic()


_START = _started(os.environ)


def begun() -> float:
    """For `START` of a child process."""
    return _START


def stamped(text: str) -> str:
    """With the seconds since the pod began, or since this process did where there is no pod."""
    return f"[{time.monotonic() - _START:7.2f}s] {text}"


class PodLog:
    """Of one attempt. `report` gives a name below the attempt its next content, and may raise JobFailure."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._left_bytes, self._left_at = 0, 0.0

    def say(self, text: str) -> None:
        self.write(f"{stamped(text)}\n".encode())

    def write(self, data: bytes) -> None:
        """Neither a full disk nor a closed stdout may end the training."""
        try:
            with open(self._file, "ab") as f:
                f.write(data)
        except OSError:
            pass
        try:
            os.write(1, data)
        except OSError:
            pass

    def is_due(self) -> bool:
        """It has grown, and what is in the store is old enough."""
        now = time.monotonic()
        return now - self._left_at >= max(LEAST_SECONDS, SHARE * (now - _START)) and self._size() > self._left_bytes

    def leave(self, report: Callable[[str, bytes], None], last: bool = False) -> None:
        """`last`: nothing that matters comes after it."""
        size, tail = self._end()
        report("log", tail)
        self._left_bytes, self._left_at = size, time.monotonic()
        if last:
            report("log-end", (json.dumps({"bytes": size}) + "\n").encode())

    def _size(self) -> int:
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    def _end(self) -> tuple[int, bytes]:
        try:
            with open(self._file, "rb") as f:
                size = f.seek(0, os.SEEK_END)
                f.seek(max(0, size - TAIL_BYTES))
                data = f.read()
                return max(size, f.tell()), data
        except FileNotFoundError:
            return 0, b""
