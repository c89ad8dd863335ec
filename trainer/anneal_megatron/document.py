"""The job document for many GPUs: `anneal/job/v1` with `layout`, `inputs.weights` and `export`.

What it shares with a job of the CPU trainer is read by that trainer's reader, so that the two cannot drift apart.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anneal_trainer.failures import Problem, bad_configuration
from anneal_trainer.job import Job, _Fields, parse_job
from anneal_trainer.store import Ref

from .layout import Layout, parse_layout, problems_of

# Stands in for the adapter that a job of this kind does not have.
NO_LORA = {"rank": 1, "alpha": 1, "layers": 1}


@dataclass(frozen=True)
class Export:
    """`delta`: only what differs from the version before, where that is smaller; else the whole checkpoint."""

    delta: bool


@dataclass(frozen=True)
class MegatronJob:
    """`weights`: the manifest of the version that is trained from; None for the base model on the image's disk."""

    job: Job
    layout: Layout
    weights: Ref | None
    export: Export


def parse_document(document: Any) -> tuple[MegatronJob | None, list[Problem]]:
    """The job, or every problem with the document."""
    problems: list[Problem] = []
    shared = copy.deepcopy(document) if isinstance(document, dict) else {}
    own = {key: shared.pop(key, None) for key in ("layout", "export")}
    inputs = shared.get("inputs") if isinstance(shared.get("inputs"), dict) else {}
    own["inputs"] = {"weights": inputs.pop("weights", None)}
    model = shared.get("model") if isinstance(shared.get("model"), dict) else {}
    if model.get("lora") is not None:
        hint = "this trainer trains all weights; adapters are the CPU trainer's"
        problems.append(Problem("model.lora", "null", "an adapter", hint))
    model["lora"] = NO_LORA
    for key in ("adapter", "optimizer"):
        if inputs.get(key) is not None:
            hint = "moments stay with the checkpoints of one job"
            problems.append(Problem(f"inputs.{key}", "null", "a reference", hint))
        inputs[key] = None
    job, found = parse_job(shared)
    problems += found
    if job is not None and job.algorithm.loss.name != "cispo":
        hint = "the others are the CPU trainer's"
        problems.append(Problem("algorithm.name", '"cispo"', job.algorithm.loss.name, hint))

    fields = _Fields(own, "", problems)
    layout = parse_layout(fields.object("layout"))
    weights = fields.object("inputs").ref("weights", optional=True)
    export = fields.object("export")
    delta = export._take("delta")
    if not isinstance(delta, bool):
        export._bad("export.delta", "true or false", delta)
    export.no_others()
    if not problems:
        problems += problems_of(layout)
    if problems or job is None:
        return None, problems
    return MegatronJob(job, layout, weights, Export(delta)), []


def load_document(folder: Path) -> MegatronJob:
    """Read and check `folder`/job.json. Raises JobFailure (42) with every problem found."""
    import json

    file = folder / "job.json"
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        problem = Problem("job.json", "a readable JSON document", str(error))
        raise bad_configuration("job.configuration", f"cannot read {file}", [problem]) from None
    job, problems = parse_document(document)
    if job is None:
        raise bad_configuration("job.configuration", f"job.json has {len(problems)} problem(s)", problems)
    return job
