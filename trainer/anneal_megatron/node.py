"""A pod of the trainer: the store and the folder kept alike by anneal_trainer's pod, with a node's ranks as its child.

Node 0 speaks for the job: metrics, result, log. The others have only their ranks, and leave their logs beside.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from anneal_trainer import failures
from anneal_trainer.failures import Problem, bad_configuration
from anneal_trainer.mirror import Mirror
from anneal_trainer.pod import Pod

SHARED = "ANNEAL_SHARED"


class LeadingNode(Pod):
    def _command(self) -> list[str]:
        return node_command(self._folder)


class FollowingNode(LeadingNode):
    """Uploads nothing but its log: metrics, checkpoints and result are node 0's."""

    def _train(self, mirror: Mirror, spec_hash: str) -> int:
        self._idle = False
        child = self._spawn()
        code = child.wait()
        self._tee.join(5)
        self._leave_log()
        if code in (failures.DONE, failures.CHECKPOINTED):
            return code
        return self._died(code)

    def _job(self) -> int:
        self._exclusive()
        from anneal_trainer.store import open_store

        store = open_store()
        mirror = Mirror(store, self._name, self._folder, self._log)
        document = mirror.document()
        if mirror.finished(document["specHash"]):
            return failures.DONE
        self._span.set(node=int(os.environ["JOB_COMPLETION_INDEX"]))
        self._mirror = _Beside(mirror, int(os.environ["JOB_COMPLETION_INDEX"]))  # type: ignore[assignment]
        self._log(f"pod: job {self._name}, attempt {self._attempt}, node {os.environ['JOB_COMPLETION_INDEX']}")
        return self._train(mirror, document["specHash"])


class _Beside:
    """A following node's reports: under names of their own."""

    def __init__(self, mirror: Mirror, node: int) -> None:
        self._mirror, self._node = mirror, node

    def report(self, attempt: int, what: str, data: bytes) -> None:
        self._mirror.report(attempt, f"node-{self._node:03d}-{what}", data)


def node_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "anneal_megatron", "node", "--job", str(folder)]


def run(name: str, attempt: int, work: Path, termination: Path) -> int:
    leads = os.environ.get("JOB_COMPLETION_INDEX", "0") == "0"
    return (LeadingNode if leads else FollowingNode)(name, attempt, work, termination).run()


def shared_folder(nodes: int, folder: Path, env: Any = os.environ) -> Path:
    """Where resume checkpoints lie. Raises JobFailure (42) when several nodes have no folder in common."""
    value = env.get(SHARED, "")
    if value:
        return Path(value) / folder.name
    if nodes == 1:
        return folder
    hint = "mount a volume that all pods of the job can write, and name it"
    problem = Problem(f"env {SHARED}", f"a folder that all {nodes} nodes share", "nothing", hint)
    raise bad_configuration("job.configuration", "there is no place for checkpoints", [problem])
