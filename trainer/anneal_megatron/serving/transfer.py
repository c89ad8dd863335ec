"""vLLM's transfer backend `anneal-store`: weights come from the artifact store, by way of the node's disk.

No trainer takes part, so that any server can be brought to any version at any time, by whoever finds it behind.
Not run on a GPU (docs/gpu.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors import safe_open
from vllm.distributed.weight_transfer.base import (
    WeightTransferEngine,
    WeightTransferInitInfo,
    WeightTransferUpdateInfo,
)

from anneal_trainer.store import Ref

from ..manifest import Manifest
from .worker import open_cache


@dataclass
class StoreInitInfo(WeightTransferInitInfo):
    fence: int


@dataclass
class StoreUpdateInfo(WeightTransferUpdateInfo):
    fence: int
    tag: str
    manifest: dict[str, Any]
    base: dict[str, Any] | None = None
    deltas: list[dict[str, Any]] = field(default_factory=list)


class StoreTransfer(WeightTransferEngine[StoreInitInfo, StoreUpdateInfo]):
    init_info_cls = StoreInitInfo
    update_info_cls = StoreUpdateInfo

    def init_transfer_engine(self, init_info: StoreInitInfo) -> None:
        """The ledger has noted the update; there is no channel to open."""

    def receive_weights(
        self,
        update_info: StoreUpdateInfo,
        load_weights: Callable[[list[tuple[str, torch.Tensor]]], None],
    ) -> None:
        cache = open_cache()
        base = None if update_info.base is None else Ref(**update_info.base)
        deltas = [Ref(**ref) for ref in update_info.deltas]
        manifest = cache.bring(Ref(**update_info.manifest), base, deltas)
        if manifest.tag != update_info.tag:
            raise ValueError(f"the manifest is of {manifest.tag}, not of {update_info.tag}")
        load_weights(tensors(cache.files, manifest))

    def shutdown(self) -> None:
        pass

    @staticmethod
    def trainer_send_weights(iterator: Any, trainer_args: Any) -> None:
        raise NotImplementedError("the trainer writes to the store")


def tensors(folder: Any, manifest: Manifest) -> Iterator[tuple[str, torch.Tensor]]:
    """In one go, file by file, as at the start of the server: layers come together, so that little is buffered."""
    for file in manifest.files:
        if not file.path.endswith(".safetensors"):
            continue
        with safe_open(folder / file.path, framework="pt", device="cpu") as opened:
            for name in opened.keys():
                yield name, opened.get_tensor(name)
