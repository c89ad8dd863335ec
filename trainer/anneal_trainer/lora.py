"""The adapter's parameters as flat named numpy arrays, and their stacked form for JAX.

Flat names are GGUF's: `blk.<block>.<projection>.weight.lora_a` [rank, in] and `.lora_b`
[out, rank]; the map added to a projection is (alpha / rank) · b · a.
"""

from __future__ import annotations

from typing import Iterator

import numpy as np

from .failures import Problem
from .job import LoraSpec
from .transformer import PROJECTIONS, Lora, Shape

Flat = dict[str, np.ndarray]


def names(shape: Shape, spec: LoraSpec) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every tensor's name and shape, in a fixed order."""
    for block in range(shape.layers - spec.layers, shape.layers):
        for projection in PROJECTIONS:
            out, width = shape.projection(projection)
            yield f"blk.{block}.{projection}.weight.lora_a", (spec.rank, width)
            yield f"blk.{block}.{projection}.weight.lora_b", (out, spec.rank)


def fresh(shape: Shape, spec: LoraSpec, seed: int) -> Flat:
    """a uniform in ±1/√in, b zero (arXiv 2106.09685): the policy starts as the base model."""
    rng = np.random.default_rng(seed)
    flat = {}
    for name, size in names(shape, spec):
        if name.endswith("lora_a"):
            bound = size[1] ** -0.5
            flat[name] = rng.uniform(-bound, bound, size).astype(np.float32)
        else:
            flat[name] = np.zeros(size, np.float32)
    return flat


def check(flat: Flat, shape: Shape, spec: LoraSpec, path: str, prefix: str = "") -> list[Problem]:
    """Whether `flat` has exactly the tensors of `spec` (names starting with `prefix`), finite."""
    want = {prefix + name: size for name, size in names(shape, spec)}
    problems = []
    hint = "it was made with another model.lora setting"
    missing, extra = sorted(set(want) - set(flat)), sorted(set(flat) - set(want))
    if missing:
        got = f"{len(missing)} missing, such as {missing[0]}"
        problems.append(Problem(path, f"{len(want)} tensors", got, hint))
    if extra:
        got = f"{len(extra)} others, such as {extra[0]}"
        problems.append(Problem(path, f"only tensors of {spec.layers} blocks", got, hint))
    for name in sorted(set(want) & set(flat)):
        if flat[name].shape != want[name] or flat[name].dtype != np.float32:
            got = f"{flat[name].dtype} {list(flat[name].shape)}"
            expected = f"float32 {list(want[name])}"
            problems.append(Problem(f"{path}:{name}", expected, got, hint))
        elif not np.isfinite(flat[name]).all():
            problems.append(Problem(f"{path}:{name}", "finite numbers", "inf or nan"))
    return problems


def stack(flat: Flat, shape: Shape, spec: LoraSpec) -> Lora:
    """{projection: {"a": [layers, rank, in], "b": [layers, out, rank]}}."""
    blocks = range(shape.layers - spec.layers, shape.layers)
    return {
        p: {
            side: np.stack([flat[f"blk.{i}.{p}.weight.lora_{side}"] for i in blocks])
            for side in ("a", "b")
        }
        for p in PROJECTIONS
    }


def unstack(lora: Lora, shape: Shape, spec: LoraSpec) -> Flat:
    """The inverse of `stack`, in the order of `names`."""
    first = shape.layers - spec.layers
    flat = {}
    for name, _ in names(shape, spec):
        _, block, projection, _, side = name.split(".")
        flat[name] = np.asarray(lora[projection][side.removeprefix("lora_")][int(block) - first])
    return flat
