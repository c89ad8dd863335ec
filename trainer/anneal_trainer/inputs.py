"""Reads and checks all that a job names, before anything slow starts."""

from __future__ import annotations

from dataclasses import dataclass

from . import adapterfile, lora
from .adamw import Moments
from .basemodel import BaseModel, known_bases, open_base
from .batch import Sample, parse_batch
from .failures import CONFIGURATION, JobFailure, Problem, bad_configuration
from .job import Job
from .store import open_store


@dataclass(frozen=True)
class Inputs:
    base: BaseModel
    samples: list[Sample]
    adapter: lora.Flat
    moments: Moments


def read_inputs(job: Job) -> Inputs:
    """Raises JobFailure (42) with every problem of every input."""
    base = open_base(job.base)
    problems: list[Problem] = []
    try:
        store = open_store()
    except JobFailure as failure:
        if failure.exit_code != CONFIGURATION:
            raise
        store, problems = None, list(failure.problems)
    if base is None:
        problems.append(Problem("model.base", known_bases(), repr(job.base)))
    elif job.lora.layers > base.shape.layers:
        most = f"at most {base.shape.layers}, the model's blocks"
        problems.append(Problem("model.lora.layers", most, str(job.lora.layers)))
        base = None
    found: dict[str, bytes] = {}
    for key, ref in (("batch", job.batch), ("adapter", job.adapter), ("optimizer", job.optimizer)):
        if ref is not None and store is not None:
            data, bad = store.read(ref, f"inputs.{key}")
            problems += bad
            if data is not None:
                found[key] = data
    if base is None or store is None:
        raise _failure(problems)

    samples: list[Sample] = []
    if "batch" in found:
        samples, bad = parse_batch(
            found["batch"], "inputs.batch", base.shape.vocabulary, job.version_from
        )
        problems += bad
    if job.adapter is None:
        adapter = lora.fresh(base.shape, job.lora, job.seed)
    else:
        adapter, bad = _adapter(found, job, base)
        problems += bad
    moments = Moments.zero(adapter)
    if "optimizer" in found:
        moments, bad = _moments(found["optimizer"], job, base)
        problems += bad
    if problems:
        raise _failure(problems)
    return Inputs(base, samples, adapter, moments)


def _adapter(
    found: dict[str, bytes], job: Job, base: BaseModel
) -> tuple[lora.Flat, list[Problem]]:
    if "adapter" not in found:
        return {}, []  # already reported
    path = "inputs.adapter"
    flat, about, bad = adapterfile.read(found["adapter"], path)
    bad = bad or adapterfile.check_adapter(about, job.base, job.lora, path)
    bad = bad or lora.check(flat, base.shape, job.lora, path)
    return flat, bad


def _moments(data: bytes, job: Job, base: BaseModel) -> tuple[Moments | None, list[Problem]]:
    path = "inputs.optimizer"
    flat, about, bad = adapterfile.read(data, path)
    if bad:
        return None, bad
    for side in ("m.", "v."):
        half = {n: a for n, a in flat.items() if n.startswith(side)}
        bad += lora.check(half, base.shape, job.lora, path, side)
    return adapterfile.moments_of(flat, about), bad


def _failure(problems: list[Problem]) -> Exception:
    return bad_configuration("job.configuration", f"the job's inputs have {len(problems)} problem(s)", problems)
