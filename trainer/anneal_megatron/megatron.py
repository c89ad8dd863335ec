"""The training step on Megatron-Core 0.19, for models that Megatron-Bridge 0.6 knows (MiniMax-M2 among them).

Not run on a GPU (docs/gpu.md). Whatever does not need one stands elsewhere and is tested: settings (layout.py), rows and
their cuts (packing.py), experts (routing.py), the loss (cispo.py), the job's course (training.py), the export (export.py).
Importing this module needs torch and Megatron; __main__.py says so when they are missing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import ml_dtypes
import numpy as np
import torch
import torch.distributed as dist
from megatron.bridge import AutoBridge
from megatron.core import dist_checkpointing, parallel_state
from megatron.core.distributed import DistributedDataParallelConfig, finalize_model_grads
from megatron.core.optimizer import OptimizerConfig, get_megatron_optimizer
from megatron.core.packed_seq_params import PackedSeqParams
from megatron.core.pipeline_parallel import get_forward_backward_func
from megatron.core.tensor_parallel import (
    copy_to_tensor_model_parallel_region,
    gather_from_sequence_parallel_region,
    vocab_parallel_cross_entropy,
)
from megatron.core.transformer.moe.router_replay import RouterReplayAction
from megatron.core.utils import get_model_config
from torch.utils.checkpoint import checkpoint

from anneal_trainer.metrics import Tokens
from anneal_trainer.store import Store

from . import cispo, export
from .document import MegatronJob
from .layout import ddp_settings, optimizer_settings, provider_settings
from .manifest import Manifest
from .packing import Row, chunk_places, context_places
from .training import Facts, StepOutcome


# Replaced where the output layer is tried without a GPU.
DEVICE = "cuda"


class MegatronEngine:
    """One rank. `base`: the checkpoint that is trained from, on this node's disk; `scratch`: room for the next one."""

    def __init__(
        self, work: MegatronJob, base: Path, parent: tuple[str, Any] | None, scratch: Path, store: Store, replay: bool
    ) -> None:
        self._work, self._base, self._parent = work, base, parent
        self._scratch, self._store = scratch, store
        self._bridge = AutoBridge.from_hf_pretrained(str(base), trust_remote_code=False)
        provider = self._bridge.to_megatron_provider(load_weights=True)
        for key, value in _typed(provider_settings(work.layout, replay)).items():
            setattr(provider, key, value)
        provider.finalize()
        provider.initialize_model_parallel(seed=work.job.seed)
        self._provider = provider
        self.rank = dist.get_rank()
        self.data_rank = parallel_state.get_data_parallel_rank()
        self._model: list[Any] = []
        self._optimizer: Any = None

    def facts(self) -> Facts:
        p = self._provider
        return Facts(p.vocab_size, p.num_layers, p.num_moe_experts or 0, p.moe_router_topk if p.num_moe_experts else 0)

    def load(self, checkpoint: Path | None) -> None:
        layout = self._work.layout
        ddp = DistributedDataParallelConfig(**ddp_settings(layout))
        self._model = self._provider.provide_distributed_model(ddp_config=ddp, wrap_with_ddp=True)
        settings = _typed(optimizer_settings(layout, self._work.job.algorithm))
        self._optimizer = get_megatron_optimizer(OptimizerConfig(**settings), self._model)
        config = get_model_config(self._model[0])
        config.finalize_model_grads_func = finalize_model_grads
        config.grad_scale_func = self._optimizer.scale_loss
        if checkpoint is not None:
            state = dist_checkpointing.load(self._state(loading=True), str(checkpoint))
            self._model[0].load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])

    def step(self, rows: Sequence[Row], routes: Sequence[np.ndarray | None], total: int) -> StepOutcome:
        """Forward and backward over this data rank's rows, then one update by the whole minibatch."""
        for chunk in self._model:
            chunk.train()
            chunk.zero_grad_buffer()
        self._optimizer.zero_grad()
        seen: list[dict[str, np.ndarray]] = []
        try:
            get_forward_backward_func()(
                forward_step_func=self._forward_step(seen),
                data_iterator=iter(list(zip(rows, routes))),
                model=self._model,
                num_microbatches=len(rows),
                seq_length=self._work.layout.sequence_tokens,
                micro_batch_size=1,
                forward_only=False,
            )
        finally:
            for router in self._routers():
                router.router_replay.clear_indices()
                router.router_replay.clear_router_replay_action()
        _, grad_norm, _ = self._optimizer.step()
        return StepOutcome(_gathered(seen, total), float(grad_norm))

    def _forward_step(self, seen: list[dict[str, np.ndarray]]) -> Callable[..., Any]:
        clip_high = self._work.job.algorithm.loss.clip_high

        def forward_step(data: Iterator[tuple[Row, np.ndarray | None]], model: Any) -> Any:
            row, experts = next(data)
            places = context_places(
                row.starts, parallel_state.get_context_parallel_world_size(), parallel_state.get_context_parallel_rank()
            )
            if experts is not None:
                self._replay(experts[places])
            here = {key: _cuda(getattr(row, key)[places]) for key in ("targets", "behaviour", "advantages", "valid")}
            entropy = torch.zeros(len(places), device=DEVICE)
            output = model(
                input_ids=_cuda(row.tokens[places])[None],
                position_ids=_cuda(row.positions[places])[None],
                attention_mask=None,
                packed_seq_params=_packed(row),
                output_processor=self._log_probabilities,
                output_processor_context=(here["targets"], entropy),
            )
            # What the backward pass recomputes takes the same way again.
            for router in self._routers():
                if experts is not None:
                    router.router_replay.set_router_replay_action(RouterReplayAction.REPLAY_BACKWARD)

            def loss(logp: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
                valid = here["valid"]
                value = cispo.loss_sum(logp, here["behaviour"], here["advantages"], valid, clip_high)
                counts = valid > 0
                seen.append(
                    {
                        "logp": logp.detach()[counts].cpu().numpy(),
                        "entropy": entropy[counts].cpu().numpy(),
                        "behaviour": here["behaviour"][counts].cpu().numpy(),
                        "advantage": here["advantages"][counts].cpu().numpy(),
                    }
                )
                return value, valid.sum().to(torch.int), {}

            return output, loss

        return forward_step

    def _log_probabilities(self, *, hidden_states: Any, output_layer: Any, output_weight: Any, context: Any, **_: Any) -> Any:
        """log π of each place's target, [places]: logits of a few thousand places exist at once, and in fp32.

        M1 found that an output layer in fp32 brings trainer and sampler together (correlation .987 → .997).
        """
        targets, entropy = context
        tensor = parallel_state.get_tensor_model_parallel_world_size()
        split = tensor if self._provider.sequence_parallel else 1
        weight = output_weight if output_weight is not None else output_layer.weight
        temperature = self._work.job.temperature
        logp = torch.zeros(len(targets), device=DEVICE)

        def of_chunk(hidden: torch.Tensor, wanted: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
            whole = gather_from_sequence_parallel_region(hidden) if split > 1 else copy_to_tensor_model_parallel_region(hidden)
            logits = torch.nn.functional.linear(whole.float(), weight.float()) / temperature
            with torch.no_grad():
                entropy[places] = _entropy(logits[:, 0])
            return -vocab_parallel_cross_entropy(logits, wanted[:, None])[:, 0]

        for own, order in chunk_places(len(targets), split, self._work.layout.loss_chunk_tokens):
            places = _cuda(order)
            part = checkpoint(of_chunk, hidden_states[own], targets[places], places, use_reentrant=False)
            logp = logp.index_copy(0, places, part)
        return logp

    def _replay(self, experts: np.ndarray) -> None:
        """[places, layers, top] → each local router its own; with sequence parallelism this rank's share of the places."""
        if self._provider.sequence_parallel:
            share = len(experts) // parallel_state.get_tensor_model_parallel_world_size()
            begin = parallel_state.get_tensor_model_parallel_rank() * share
            experts = experts[begin : begin + share]
        for router in self._routers():
            router.router_replay.set_target_indices(_cuda(np.ascontiguousarray(experts[:, router.layer_number - 1])))
            router.router_replay.set_router_replay_action(RouterReplayAction.REPLAY_FORWARD)

    def _routers(self) -> list[Any]:
        return [m for chunk in self._model for m in chunk.modules() if getattr(m, "router_replay", None) is not None]

    def save(self, folder: Path) -> None:
        dist_checkpointing.save(self._state(loading=False), str(folder))

    def _state(self, loading: bool) -> dict[str, Any]:
        model = self._model[0].sharded_state_dict()
        return {"model": model, "optimizer": self._optimizer.sharded_state_dict(model, is_loading=loading)}

    def agree(self, stop: bool) -> bool:
        flag = torch.tensor([int(stop)], device=DEVICE)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())

    def barrier(self) -> None:
        dist.barrier()

    def export(self, version: int) -> Manifest:
        """Every rank takes part in putting tensors together; each node writes, hashes and uploads its share of the files."""
        node, nodes = int(os.environ.get("JOB_COMPLETION_INDEX", "0")), self._work.layout.nodes
        leads = int(os.environ["LOCAL_RANK"]) == 0
        out, scratch = self._scratch / "export", self._scratch / "deltas"
        writer = export.Writer(self._base, out, node, nodes) if leads else None
        for name, tensor in self._bridge.export_hf_weights(self._model, cpu=True, show_progress=False):
            if writer is not None:
                writer.write(name, _numpy(tensor))
        made: list[export.Made] = []
        if writer is not None:
            export.refuse_missing(writer.missing(), export.stays(self._work.layout.layers))
            export.sync(out)
            made = export.describe(self._base, out, writer.files, scratch)
        every: list[list[export.Made]] = [[] for _ in range(dist.get_world_size())]
        dist.all_gather_object(every, made)
        job = self._work.job
        flat = [one for part in every for one in part]
        manifest = export.manifest_of(flat, version, job.base, self._parent, self._work.export.delta)
        if writer is not None:
            export.upload(self._store, manifest, writer.files, out, scratch)
        dist.barrier()
        return manifest


def _packed(row: Row) -> PackedSeqParams:
    starts = _cuda(row.starts)
    longest = int((row.starts[1:] - row.starts[:-1]).max())
    return PackedSeqParams(
        qkv_format="thd", cu_seqlens_q=starts, cu_seqlens_kv=starts, cu_seqlens_q_padded=starts,
        cu_seqlens_kv_padded=starts, max_seqlen_q=longest, max_seqlen_kv=longest,
    )  # fmt: skip


def _entropy(logits: torch.Tensor) -> torch.Tensor:
    """Of softmax(logits), whose vocabulary is divided over the tensor ranks; nats."""
    group = parallel_state.get_tensor_model_parallel_group()
    top = logits.max(dim=-1).values
    dist.all_reduce(top, op=dist.ReduceOp.MAX, group=group)
    shifted = logits - top[:, None]
    exp = shifted.exp()
    sums = torch.stack([exp.sum(-1), (exp * shifted).sum(-1)])
    dist.all_reduce(sums, group=group)
    return sums[0].log() - sums[1] / sums[0]


def _gathered(seen: Sequence[dict[str, np.ndarray]], total: int) -> Tokens:
    """Of all ranks: the last stage's, once for each token."""
    mine = seen if parallel_state.get_tensor_model_parallel_rank() == 0 else []
    every: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(every, list(mine))
    parts = [part for one in every for part in one]
    joined = {key: np.concatenate([part[key] for part in parts]) for key in ("logp", "behaviour", "entropy", "advantage")}
    if len(joined["logp"]) != total:
        raise RuntimeError(f"{len(joined['logp'])} tokens were trained on, expected {total}")
    return Tokens(**joined)


def _typed(settings: dict[str, Any]) -> dict[str, Any]:
    names = {"bfloat16": torch.bfloat16, "float32": torch.float32}
    return {key: names.get(value, value) if isinstance(value, str) else value for key, value in settings.items()}


def _cuda(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(DEVICE, non_blocking=True)


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    """numpy has no bf16: the same bits, by another name."""
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.contiguous().numpy()
