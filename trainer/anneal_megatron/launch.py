"""A node's ranks: one process a GPU, started together, stopped together, and one exit code of them all.

Not by torchrun: it answers SIGTERM by ending its workers and exits with 1 whatever they exit with, so that a checkpoint
that was made in time (85) would look like a failure.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Mapping, Sequence

from anneal_trainer import failures

# One that failed leaves the others waiting for it in an exchange; they get this long to notice.
STRAGGLE_SECONDS = 20.0
POLL_SECONDS = 0.1


def combined(codes: Sequence[int]) -> int:
    """What the node exits with. The first cause tells more than what followed from it.

    Negative: ended by that signal. A rank that was ended by SIGTERM or SIGKILL had usually waited for another.
    """
    for code in (failures.CONFIGURATION, failures.NO_SPACE, failures.BUG, failures.ACCELERATOR):
        if code in codes:
            return code
    odd = [code for code in codes if code not in (failures.DONE, failures.CHECKPOINTED)]
    own = [code for code in odd if code not in (-signal.SIGTERM, -signal.SIGKILL)]
    if own:
        return own[0] if own[0] > 0 else failures.ACCELERATOR
    if failures.CHECKPOINTED in codes:
        return failures.CHECKPOINTED
    if odd:
        return 128 - odd[0]
    return failures.DONE


def environment(local: int, env: Mapping[str, str]) -> dict[str, str]:
    """What torch's rendezvous reads, from what the pod was given (k8s/manifests/trainer.ts)."""
    node, per_node = int(env.get("JOB_COMPLETION_INDEX", "0")), int(env.get("NPROC_PER_NODE", "1"))
    nodes = int(env.get("NNODES", "1"))
    return {
        **env,
        "RANK": str(node * per_node + local),
        "LOCAL_RANK": str(local),
        "WORLD_SIZE": str(nodes * per_node),
        "LOCAL_WORLD_SIZE": str(per_node),
        "MASTER_ADDR": env.get("MASTER_ADDR", "127.0.0.1"),
        "MASTER_PORT": env.get("MASTER_PORT", "29500"),
        # Megatron's overlap of exchanges and matrices needs the order of a single queue.
        "CUDA_DEVICE_MAX_CONNECTIONS": env.get("CUDA_DEVICE_MAX_CONNECTIONS", "1"),
    }


def run(command: Sequence[str], count: int, straggle: float = STRAGGLE_SECONDS) -> int:
    """Start `count` ranks and wait for all. SIGTERM goes on to each; a failure of one ends the others after a while."""
    ranks: list[subprocess.Popen[bytes]] = []
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for rank in ranks:
            if rank.poll() is None:
                rank.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for local in range(count):
        ranks.append(subprocess.Popen(list(command), env=environment(local, os.environ)))
        if stopping:  # it came between two of them
            stop()
    deadline = float("inf")
    while any(rank.poll() is None for rank in ranks):
        failed = any(code not in (None, failures.DONE, failures.CHECKPOINTED) for code in (r.poll() for r in ranks))
        if failed and deadline == float("inf"):
            deadline = time.monotonic() + straggle
        if time.monotonic() > deadline:
            for rank in ranks:
                if rank.poll() is None:
                    rank.kill()
        time.sleep(POLL_SECONDS)
    code = combined([rank.returncode for rank in ranks])
    return failures.CHECKPOINTED if stopping and code == failures.DONE else code


def rank_command(folder: str) -> list[str]:
    return [sys.executable, "-m", "anneal_megatron", "rank", "--job", folder]
