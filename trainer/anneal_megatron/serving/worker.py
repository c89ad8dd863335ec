"""A vLLM 0.24 worker that knows its weights (`--worker-cls anneal_megatron.serving.worker.AnnealWorker`).

Overrides the three calls of a weight update to keep the ledger, and answers `anneal_weights` through /collective_rpc.
Importing it registers the transfer backend `anneal-store` in the worker's process, where vLLM looks for it.
Not run on a GPU (docs/gpu.md); the ledger, the cache and the guard are tested without one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vllm.distributed.weight_transfer.factory import WeightTransferEngineFactory
from vllm.v1.worker.gpu_worker import Worker

from anneal_trainer.store import open_store

from ..cache import WeightCache, describe
from .ledger import Ledger

WEIGHTS_DIR = "ANNEAL_WEIGHTS_DIR"
# The tag of the checkpoint that the server was started from, where somebody vouches for it.
WEIGHTS_AT_START = "ANNEAL_WEIGHTS_AT_START"
BACKEND = "anneal-store"

if BACKEND not in WeightTransferEngineFactory._registry:
    WeightTransferEngineFactory.register_engine(BACKEND, "anneal_megatron.serving.transfer", "StoreTransfer")


def weights_dir() -> Path:
    return Path(os.environ[WEIGHTS_DIR])


def open_cache() -> WeightCache:
    return WeightCache(weights_dir(), open_store())


class AnnealWorker(Worker):
    _ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self.rank, os.environ.get(WEIGHTS_AT_START) or None)
        return self._ledger

    def anneal_weights(self) -> dict[str, Any]:
        return self.ledger.describe(self._weight_update_active, describe(weights_dir()))

    def init_weight_transfer_engine(self, init_info: dict) -> None:
        self.ledger.claim(int(init_info["fence"]))
        super().init_weight_transfer_engine(init_info)

    def update_weights(self, update_info: dict) -> None:
        self.ledger.load_begins(int(update_info["fence"]), self._weight_update_active)
        super().update_weights(update_info)
        self.ledger.load_ended(str(update_info["tag"]))

    def finish_weight_update(self) -> None:
        super().finish_weight_update()
        self.ledger.finished()
