"""A policy's engine as the pool sees it: a child process with a name, an adapter and an address."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from .spawner import Spawner

START_SECONDS = 60.0


class EngineFailed(Exception):
    """The child ended before it answered requests; the text ends with its last log lines."""


@dataclass
class Engine:
    """`used` is when it was last asked for or seen working, by time.monotonic()."""

    name: str
    adapter_sha256: str | None
    url: str
    process: subprocess.Popen[bytes]
    used: float = field(default_factory=time.monotonic)
    busy: float = float("-inf")
    _tasks: tuple[int, ...] = ()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def describe(self) -> dict[str, str | None]:
        return {"policy": self.name, "url": self.url, "adapterSha256": self.adapter_sha256}

    def look(self) -> None:
        """Note whether requests ran now or since the last look (a slot keeps its last task's id)."""
        try:
            with urllib.request.urlopen(f"{self.url}/slots", timeout=2) as answer:
                slots = json.load(answer)
        except (OSError, ValueError):
            return
        tasks = tuple(slot.get("id_task", -1) for slot in slots)
        if any(slot.get("is_processing") for slot in slots) or tasks != self._tasks:
            self.busy = self.used = time.monotonic()
        self._tasks = tasks

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()


def start(
    spawner: Spawner, logs: Path, model: Path, name: str, adapter: Path | None, sha256: str | None
) -> Engine:
    """Start an engine and wait until it answers. Raises EngineFailed."""
    command = [sys.executable, "-m", "anneal_server.engine", "--model", str(model)]
    command += ["--alias", name, "--parent", str(os.getpid())]
    if adapter is not None:
        command += ["--adapter", str(adapter)]
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    with open(log, "wb") as f:
        process = spawner.start(command, f)
    line = _first_line(process, time.monotonic() + START_SECONDS)
    try:
        url = json.loads(line)["url"]
    except (ValueError, KeyError, TypeError):
        process.kill()
        code = process.wait()
        tail = log.read_bytes()[-2000:].decode(errors="replace").strip().splitlines()[-6:]
        raise EngineFailed(f"engine {name} did not start (exit {code}): " + " | ".join(tail)) from None
    engine = Engine(name, sha256, url, process)
    engine.look()
    engine.busy = float("-inf")
    return engine


def _first_line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """What the child prints up to its first newline; shorter when it ends or time is up."""
    line = b""
    while not line.endswith(b"\n"):
        left = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], left)[0]:
            break
        got = os.read(process.stdout.fileno(), 4096)
        if not got:
            break
        line += got
    return line
