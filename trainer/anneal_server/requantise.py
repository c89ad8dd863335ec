"""The model file that is served: the shipped Q4_1 weights requantised to Q8_0, made once.

Q8_0 holds the same values almost exactly and llama.cpp evaluates it faster here (README).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from anneal_trainer.atomic import digest_file, write_json
from anneal_trainer.basemodel import ModelFile


def served_model(source: ModelFile, state: Path) -> Path:
    """The Q8_0 file under `state`, made if it is missing or not what was written."""
    folder = state / "model"
    target = folder / f"{source.sha256[:16]}.Q8_0.gguf"
    note = target.with_suffix(".json")
    if target.exists() and _noted(note) == digest_file(target):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{target.name}.{os.getpid()}.tmp"
    _requantise(source.locate(), partial)
    sha256, size = digest_file(partial)
    os.replace(partial, target)
    write_json(note, {"sha256": sha256, "bytes": size, "from": source.sha256})
    return target


def _noted(note: Path) -> tuple[str, int] | None:
    try:
        value = json.loads(note.read_bytes())
        return value["sha256"], value["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _requantise(source: Path, target: Path) -> None:
    import gguf
    import numpy as np
    from gguf.quants import dequantize, quantize

    q8, f32 = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.F32
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, "llama")
    # The writer makes these itself.
    own = ("GGUF.", "general.architecture", "general.file_type")
    for key, field in reader.fields.items():
        if not key.startswith(own):
            kind = field.types[0]
            inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), kind, inner)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    for tensor in reader.tensors:
        if tensor.tensor_type in (f32, q8):
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
        else:
            values = dequantize(tensor.data, tensor.tensor_type)
            writer.add_tensor(tensor.name, quantize(values, q8), raw_dtype=q8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
