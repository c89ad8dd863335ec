"""A policy's engine as the pool sees it: a name, an adapter, and replicas that answer requests.

A replica is a process of its own. Two of one thread each answered 182 to 240 tokens/s where one of
two threads answered 126 to 162 (README): threads of one engine wait for each other many times a token.
"""

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
from typing import Any

from .access import Access
from .spawner import Spawner

START_SECONDS = 60.0
# Each has the model in memory, about 0.4 GB.
MOST_REPLICAS = 4


class EngineFailed(Exception):
    """The child ended before it answered requests; the text ends with its last log lines."""


@dataclass
class Replica:
    """One process of an engine."""

    process: subprocess.Popen[bytes]
    log: Path
    access: Access
    port: int = 0
    _tasks: tuple[int, ...] = ()

    def worked(self) -> bool:
        """Whether requests run now or ran since the last look (a slot keeps its last task's id)."""
        request = urllib.request.Request(f"{self.access.local(self.port)}/slots", headers=self.access.headers())
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                slots = json.load(answer)
        except (OSError, ValueError):
            return False
        before, self._tasks = self._tasks, tuple(slot.get("id_task", -1) for slot in slots)
        return any(slot.get("is_processing") for slot in slots) or before != self._tasks

    def wait(self, deadline: float) -> None:
        """Until it answers requests. Raises EngineFailed."""
        line = _first_line(self.process, deadline)
        try:
            self.port = int(json.loads(line)["port"])
        except (ValueError, KeyError, TypeError):
            self.process.kill()
            code = self.process.wait()
            tail = self.log.read_bytes()[-2000:].decode(errors="replace").strip().splitlines()[-6:]
            text = f"engine {self.log.stem} did not start (exit {code}): " + " | ".join(tail)
            raise EngineFailed(text) from None


@dataclass
class Engine:
    """`used` is when it was last asked for or seen working, by time.monotonic()."""

    name: str
    adapter_sha256: str | None
    replicas: list[Replica]
    used: float = field(default_factory=time.monotonic)
    busy: float = float("-inf")

    @property
    def alive(self) -> bool:
        return all(replica.process.poll() is None for replica in self.replicas)

    def describe(self) -> dict[str, Any]:
        urls = [replica.access.public(replica.port) for replica in self.replicas]
        return {"policy": self.name, "urls": urls, "adapterSha256": self.adapter_sha256}

    def look(self) -> None:
        """Note whether it was at work. Asks every replica: each remembers its own last look."""
        if any([replica.worked() for replica in self.replicas]):
            self.busy = self.used = time.monotonic()

    def kill(self) -> None:
        for replica in self.replicas:
            replica.process.kill()

    def stop(self) -> None:
        self.kill()
        for replica in self.replicas:
            replica.process.wait()
            for pipe in (replica.process.stdin, replica.process.stdout):
                pipe.close()


def start(
    spawner: Spawner, logs: Path, model: Path, name: str, adapter: Path | None, sha256: str | None, access: Access
) -> Engine:
    """Start the replicas together and wait until all answer. Raises EngineFailed or OSError, and then none runs."""
    count, threads = shares(cores())
    command = [sys.executable, "-m", "anneal_server.engine", "--model", str(model)]
    command += ["--alias", name, "--parent", str(os.getpid()), "--threads", str(threads)]
    command += ["--bind", access.bind]
    if adapter is not None:
        command += ["--adapter", str(adapter)]
    if access.token_file is not None:
        command += ["--token-file", str(access.token_file)]
    logs.mkdir(parents=True, exist_ok=True)
    engine = Engine(name, sha256, [])
    try:
        for number in range(count):
            log = logs / f"{name}.{number}.log"
            with open(log, "wb") as f:
                process = spawner.start([*command, "--port", str(access.free_port())], f)
                engine.replicas.append(Replica(process, log, access))
        deadline = time.monotonic() + START_SECONDS
        for replica in engine.replicas:
            replica.wait(deadline)
    except (EngineFailed, OSError):
        engine.stop()
        raise
    engine.look()
    engine.busy = float("-inf")
    return engine


def cores(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use at once: a container sees all of its node, whatever its limit."""
    allowed = len(os.sched_getaffinity(0))
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((groups / name).read_text() for name in names).split()
            if int(quota) > 0:
                allowed = min(allowed, int(quota) // int(period))
        except (OSError, ValueError):  # another version of cgroups, or "max"
            continue
    return max(1, allowed)


def shares(cores: int) -> tuple[int, int]:
    """Replicas of an engine, and threads of each, that share this many cores."""
    count = max(1, min(cores, MOST_REPLICAS))
    return count, max(1, cores // count)


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
