"""The Megatron trainer with a *scripted* engine, as a program: no GPU, no model. Batch, experts, course, saves, weights from the store,
export, deltas and uploads are the real ones; a step only counts, and a version's weights are drawn from its number.

    python scripted_megatron.py base FOLDER      a small checkpoint, as on the hub
    python scripted_megatron.py train JOB.json   a whole job
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any, Sequence

import ml_dtypes
import numpy as np

from anneal_megatron import export
from anneal_megatron.__main__ import fail
from anneal_megatron.cache import WeightCache
from anneal_megatron.document import MegatronJob, load_document
from anneal_megatron.manifest import Manifest
from anneal_megatron.training import Course, Facts, StepOutcome
from anneal_trainer import failures
from anneal_trainer.metrics import Tokens
from anneal_trainer.store import Store, open_store

LAYERS, EXPERTS, TOP = 4, 8, 3
# A token of the scripted server is a character's code.
VOCABULARY = 0x110000
SHAPES = {"model.embed_tokens.weight": (512, 64), "model.layers.0.mlp.weight": (64, 64), "model.norm.weight": (64,)}


def write_base(folder: Path) -> None:
    folder.mkdir(parents=True)
    header: dict[str, Any] = {}
    data = b""
    for name, shape in SHAPES.items():
        raw = _drawn(name, 0).view(np.uint8).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text("{}")


def _drawn(name: str, version: int) -> np.ndarray:
    """Of a version only the small tensors are new, so that a delta is worth it."""
    small = name != "model.embed_tokens.weight"
    rng = np.random.default_rng([len(name), version if small else 0])
    return rng.normal(0, 1, SHAPES[name]).astype(ml_dtypes.bfloat16)


class ScriptedEngine:
    rank, data_rank = 0, 0

    def __init__(self, work: MegatronJob, base: Path, parent: tuple[str, Any], scratch: Path, store: Store) -> None:
        self._work, self._base, self._parent, self._scratch, self._store = work, base, parent, scratch, store
        self._done = 0

    def facts(self) -> Facts:
        return Facts(VOCABULARY, LAYERS, EXPERTS, TOP)

    def load(self, checkpoint: Path | None) -> None:
        self._done = int((checkpoint / "step").read_text()) if checkpoint else 0

    def step(self, rows: Sequence[Any], routes: Sequence[Any], total: int) -> StepOutcome:
        self._done += 1
        if any(route is None for route in routes):
            raise RuntimeError("samples came without their experts")
        zeros = np.zeros(total)
        return StepOutcome(Tokens(zeros - 0.5, zeros - 0.5, zeros + 1, zeros + 1), 0.25)

    def save(self, folder: Path) -> None:
        (folder / "step").write_text(str(self._done))

    def agree(self, stop: bool) -> bool:
        return stop

    def barrier(self) -> None: ...

    def export(self, version: int) -> Manifest:
        out, scratch = self._scratch / "export", self._scratch / "deltas"
        writer = export.Writer(self._base, out, 0, 1)
        for name in SHAPES:
            writer.write(name, _drawn(name, version))
        export.refuse_missing(writer.missing(), export.stays(LAYERS))
        made = export.describe(self._base, out, writer.files, scratch)
        manifest = export.manifest_of(made, version, self._work.job.base, self._parent, self._work.export.delta)
        export.upload(self._store, manifest, writer.files, out, scratch)
        return manifest


def train(folder: Path) -> int:
    try:
        work = load_document(folder)
        if work.weights is None:
            raise RuntimeError("the job names no weights to begin with")
        store = open_store()
        cache = WeightCache(folder / "weights" / "from", store)
        parent = (cache.fetch(work.weights).tag, work.weights)
        engine = ScriptedEngine(work, cache.files, parent, folder / "weights", store)
        Course(work, folder, folder, engine, store, lambda: False, lambda text: print(text, file=sys.stderr)).run()
    except Exception as error:
        return fail(folder, error)
    return failures.DONE


if __name__ == "__main__":
    command, place = sys.argv[1:]
    sys.exit(write_base(Path(place)) if command == "base" else train(Path(place).parent))
