"""Adapters and optimizer state as safetensors bytes, with the metadata that tells what they fit.

All metadata sits under one key: the library keeps metadata in a hash map, whose order (and so
the file's hash) would change from run to run with more than one.
"""

from __future__ import annotations

import json
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load as parse
from safetensors.numpy import save as render

from .adamw import Moments
from .failures import Problem
from .job import LoraSpec
from .lora import Flat

KEY = "anneal"


def adapter_bytes(flat: Flat, base: str, spec: LoraSpec) -> bytes:
    about = {"base": base, "rank": spec.rank, "alpha": spec.alpha, "layers": spec.layers}
    return _save(flat, about)


def optimizer_bytes(moments: Moments) -> bytes:
    flat = {f"m.{n}": a for n, a in moments.m.items()}
    flat |= {f"v.{n}": a for n, a in moments.v.items()}
    return _save(flat, {"step": moments.step})


def read(data: bytes, path: str) -> tuple[Flat, dict[str, Any], list[Problem]]:
    """Tensors and our metadata; a damaged file is a problem, not an exception."""
    try:
        flat = parse(data)
        about = json.loads(metadata(data).get(KEY, "{}"))
    except (SafetensorError, ValueError, KeyError) as error:
        return {}, {}, [Problem(path, "a safetensors file", f"{error}"[:120])]
    return flat, about, []


def metadata(data: bytes) -> dict[str, str]:
    """The header's `__metadata__` (the library's reader of bytes does not return it)."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]).get("__metadata__", {})


def check_adapter(
    about: dict[str, Any], base: str, spec: LoraSpec, path: str
) -> list[Problem]:
    """Whether the adapter was made for this base model and these LoRA settings."""
    want = {"base": base, "rank": spec.rank, "alpha": spec.alpha, "layers": spec.layers}
    return [
        Problem(f"{path}#{key}", repr(value), repr(about.get(key)), "set model to what it was made with")
        for key, value in want.items()
        if about.get(key) != value
    ]  # fmt: skip


def moments_of(flat: Flat, about: dict[str, Any]) -> Moments:
    return Moments(
        int(about.get("step", 0)),
        {n[2:]: a for n, a in flat.items() if n.startswith("m.")},
        {n[2:]: a for n, a in flat.items() if n.startswith("v.")},
    )


def _save(flat: Flat, about: dict[str, Any]) -> bytes:
    return render(flat, metadata={KEY: json.dumps(about, sort_keys=True)})
