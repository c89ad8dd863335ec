"""An adapter as the GGUF file that llama.cpp loads, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from .failures import Problem
from .lora import Flat

ARCHITECTURE = "llama"


def write_adapter(path: Path, flat: Flat, about: dict[str, Any]) -> None:
    """A LoRA adapter in GGUF, fsynced. `about` is the adapter's metadata (base, alpha, ...).

    llama.cpp scales by alpha / rank and takes the rank from lora_b's shape. Tensors are sorted, so
    that equal adapters are equal files wherever they were read from.
    """
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(about["alpha"]))
    writer.add_string("anneal.base", str(about["base"]))
    for name, value in sorted(flat.items()):
        writer.add_tensor(name, np.ascontiguousarray(value, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_adapter(path: Path) -> tuple[Flat, dict[str, Any], list[Problem]]:
    """Tensors, {"alpha", "base"} and problems: the inverse of `write_adapter`."""
    try:
        reader = gguf.GGUFReader(path)
        kind = reader.fields["adapter.type"].contents()
        about = {
            "alpha": float(reader.fields["adapter.lora.alpha"].contents()),
            "base": reader.fields["anneal.base"].contents(),
        }
    except (ValueError, KeyError, IndexError, OSError) as error:
        return {}, {}, [Problem(str(path), "a GGUF adapter", str(error)[:120])]
    if kind != "lora":
        return {}, {}, [Problem(str(path), "adapter.type lora", repr(kind))]
    return {t.name: np.array(t.data, np.float32) for t in reader.tensors}, about, []
