"""How a model is divided over GPUs: read from the job document, checked, and said in Megatron's words.

Pure: no torch, no Megatron. The names of the settings are those of Megatron-Core 0.19 (TransformerConfig,
DistributedDataParallelConfig, OptimizerConfig), which Megatron-Bridge 0.6's providers take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anneal_trainer.failures import Problem
from anneal_trainer.job import Algorithm, _Fields


@dataclass(frozen=True)
class Parallel:
    tensor: int
    pipeline: int
    context: int
    data: int
    expert: int
    expert_tensor: int


@dataclass(frozen=True)
class Layout:
    """`layers` and `experts` are the model's; `experts` is 0 for a dense one."""

    nodes: int
    gpus_per_node: int
    parallel: Parallel
    layers: int
    experts: int
    grads: str
    master: str
    moments: str
    shard_optimizer: bool
    offload: bool
    recompute: str
    sequence_tokens: int
    loss_chunk_tokens: int
    save_on_stop: bool

    @property
    def world(self) -> int:
        return self.nodes * self.gpus_per_node

    @property
    def token_multiple(self) -> int:
        """Each sequence is padded to this: two pieces a context rank (for even work), each cut by tensor rank."""
        return self.parallel.tensor * (2 * self.parallel.context if self.parallel.context > 1 else 1)


def parse_layout(fields: _Fields) -> Layout:
    """Problems are gathered in `fields`; what is wrong beyond single fields is found by `problems_of`."""
    parallel = fields.object("parallel")
    precision = fields.object("precision")

    def choice(at: _Fields, key: str, *known: str) -> str:
        return at.text(key, lambda value: value in known, " or ".join(known))

    def truth(key: str) -> bool:
        got = fields._take(key)
        if not isinstance(got, bool):
            fields._bad(fields._at(key), "true or false", got)
        return got is True

    layout = Layout(
        nodes=fields.integer("nodes", 1),
        gpus_per_node=fields.integer("gpusPerNode", 1),
        parallel=Parallel(
            parallel.integer("tensor", 1), parallel.integer("pipeline", 1), parallel.integer("context", 1),
            parallel.integer("data", 1), parallel.integer("expert", 1), parallel.integer("expertTensor", 1),
        ),
        layers=fields.integer("layers", 1),
        experts=fields.integer("experts", 0),
        grads=choice(precision, "grads", "bf16", "fp32"),
        master=choice(precision, "master", "fp32"),
        moments=choice(precision, "moments", "bf16", "fp32"),
        shard_optimizer=truth("shardOptimizer"),
        offload=choice(fields, "offload", "none", "optimizer") == "optimizer",
        recompute=choice(fields, "recompute", "none", "selective", "full"),
        sequence_tokens=fields.integer("sequenceTokens", 1),
        loss_chunk_tokens=fields.integer("lossChunkTokens", 1),
        save_on_stop=choice(fields, "onPreemption", "metadata", "full") == "full",
    )  # fmt: skip
    for child in (parallel, precision, fields):
        child.no_others()
    return layout


def problems_of(layout: Layout) -> list[Problem]:
    """What k8s/layout/rules says of a profile, once more, where it would only show as a hang or an assertion of Megatron's."""
    p, found = layout.parallel, []

    def need(ok: bool, path: str, expected: str, got: object, hint: str = "") -> None:
        if not ok:
            found.append(Problem(f"layout.{path}", expected, str(got), hint))

    used = p.tensor * p.pipeline * p.context * p.data
    need(used == layout.world, "parallel", f"tensor × pipeline × context × data = {layout.world} GPUs", used)
    whole = p.expert * p.expert_tensor * p.pipeline
    need(layout.world % whole == 0, "parallel.expert", f"expert × expertTensor × pipeline divides {layout.world}", whole)
    need(layout.layers % p.pipeline == 0, "parallel.pipeline", f"a divisor of {layout.layers} layers", p.pipeline)
    if layout.experts:
        need(layout.experts % p.expert == 0, "parallel.expert", f"a divisor of {layout.experts} experts", p.expert)
    else:
        need(p.expert == p.expert_tensor == 1, "parallel.expert", "1 for a model without experts", p.expert)
    need(p.tensor <= layout.gpus_per_node, "parallel.tensor", f"at most {layout.gpus_per_node}, within a node", p.tensor)
    multiple = layout.token_multiple
    hint = "sequences are cut by context and tensor rank"
    need(layout.sequence_tokens % multiple == 0, "sequenceTokens", f"a multiple of {multiple}", layout.sequence_tokens, hint)
    return found


def provider_settings(layout: Layout, replay: bool) -> dict[str, Any]:
    """For Megatron-Bridge's model provider. Types are named; `step.py` turns the names into torch's."""
    p = layout.parallel
    settings: dict[str, Any] = {
        "tensor_model_parallel_size": p.tensor,
        "pipeline_model_parallel_size": p.pipeline,
        "context_parallel_size": p.context,
        "expert_model_parallel_size": p.expert,
        "expert_tensor_parallel_size": p.expert_tensor,
        # With experts Megatron asks for it as soon as tensors are split, and it saves activations anyway.
        "sequence_parallel": p.tensor > 1,
        "seq_length": layout.sequence_tokens,
        # Rows have as many tokens as their samples: stages must ask each other how many.
        "variable_seq_lengths": p.pipeline > 1,
        "params_dtype": "bfloat16",
        "pipeline_dtype": "bfloat16",
        "bf16": True,
        "fp16": False,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        # Gradients are sums over tokens, divided once by the tokens of the whole minibatch: CISPO's 1 / Σ|o_i|.
        "calculate_per_token_loss": True,
        **RECOMPUTE[layout.recompute],
    }
    if layout.experts:
        settings |= {
            "moe_grouped_gemm": True,
            "moe_permute_fusion": True,
            "moe_token_dispatcher_type": "alltoall",
            "moe_router_dtype": "fp32",
            # The reward is the only thing to be learnt: no pull towards even loads, by loss or by bias.
            "moe_router_load_balancing_type": "none",
            "moe_aux_loss_coeff": 0.0,
            "moe_router_bias_update_rate": 0.0,
            "moe_enable_routing_replay": replay,
        }
    return settings


RECOMPUTE: dict[str, dict[str, Any]] = {
    "none": {"recompute_granularity": None, "recompute_method": None, "recompute_num_layers": None},
    "selective": {"recompute_granularity": "selective", "recompute_method": None, "recompute_num_layers": None},
    "full": {"recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1},
}


def ddp_settings(layout: Layout) -> dict[str, Any]:
    return {
        "use_distributed_optimizer": layout.shard_optimizer,
        "grad_reduce_in_fp32": layout.grads == "fp32",
        "overlap_grad_reduce": False,
        "overlap_param_gather": False,
        "average_in_collective": False,
        "check_for_nan_in_grad": True,
    }


def optimizer_settings(layout: Layout, algorithm: Algorithm) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "optimizer": "adam",
        "lr": algorithm.learning_rate,
        "min_lr": algorithm.learning_rate,
        "adam_beta1": algorithm.beta1,
        "adam_beta2": algorithm.beta2,
        "adam_eps": algorithm.epsilon,
        "weight_decay": algorithm.weight_decay,
        "clip_grad": algorithm.max_grad_norm,
        "bf16": True,
        "params_dtype": "bfloat16",
        "use_distributed_optimizer": layout.shard_optimizer,
        "optimizer_cpu_offload": layout.offload,
        "optimizer_offload_fraction": 1.0 if layout.offload else 0.0,
    }
    if layout.moments == "bf16" or layout.grads == "bf16":
        settings |= {
            "use_precision_aware_optimizer": True,
            "main_grads_dtype": NAMES[layout.grads],
            "main_params_dtype": "float32",
            "exp_avg_dtype": NAMES[layout.moments],
            "exp_avg_sq_dtype": NAMES[layout.moments],
        }
    return settings


NAMES = {"bf16": "bfloat16", "fp32": "float32"}
