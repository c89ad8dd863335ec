"""Compiles and runs the gradient of a row; the only module that configures JAX."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any, Callable, Sequence

# Before the first import of jax: without it a machine with a broken driver fails to start.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np

from . import lora as lora_layout
from .gradient import row_gradient
from .job import LoraSpec
from .lora import Flat
from .losses import Loss
from .metrics import Tokens
from .packing import Row
from .tracing import OFF, Span
from .transformer import Shape, Weights

FIELDS = (
    "tokens", "positions", "ends",
    "sources", "targets", "behaviour", "advantages", "samples", "lengths", "valid",
)  # fmt: skip


def use_cache(folder: str) -> None:
    """Keep compiled programs in `folder`, even those that compile quickly."""
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def keep_memory() -> None:
    """Tell glibc to reuse large buffers instead of returning them to the kernel after each row.

    Faulting the same gigabyte in again, page by page, cost up to 6 of 15 CPU seconds of a job.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        top_pad, trim_threshold, mmap_max = -2, -1, -4  # malloc.h
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 256 * 1024 * 1024)


class Engine:
    """Gradients of minibatches for one model, adapter layout, loss and sampling temperature."""

    def __init__(
        self, shape: Shape, weights: Weights, spec: LoraSpec, loss: Loss, temperature: float
    ) -> None:
        self._shape, self._spec, self._loss = shape, spec, loss
        self._weights = jax.device_put(weights)
        self._gradient = jax.jit(row_gradient(shape, spec.alpha / spec.rank, loss, temperature))
        self._compiled: dict[tuple[int, int], Any] = {}
        self.compile_seconds = 0.0

    def prepare(
        self, rows: Sequence[Row], adapter: Flat, log: Callable[[str], None], span: Span = OFF
    ) -> None:
        """Compile (or fetch from the cache) every shape that `rows` need."""
        for row in rows:
            key = (row.length, len(row.targets))
            if key in self._compiled:
                continue
            start = time.monotonic()
            with span.span("compile", tokens=row.length):
                arguments = self._arguments(adapter, row, 1)
                self._compiled[key] = self._gradient.lower(*arguments).compile()
            seconds = time.monotonic() - start
            self.compile_seconds += seconds
            log(f"compile: rows of {row.length} tokens in {seconds:.2f} s")

    def minibatch(
        self, adapter: Flat, rows: Sequence[Row], check: Callable[[], None]
    ) -> tuple[Flat, Tokens]:
        """The gradient of the loss over the rows (in a fixed order: float sums depend on it).

        `check` runs between rows and may raise to give up.
        """
        rollouts = {sample.of for row in rows for sample, _ in row.spans}
        total = len(rollouts) if self._loss.by_sample else sum(int(row.valid.sum()) for row in rows)
        seen = 0
        gradient: dict[str, dict[str, np.ndarray]] = {}
        parts: list[Tokens] = []
        for row in rows:
            check()
            run = self._compiled[(row.length, len(row.targets))]
            (_, (logp, entropy)), slope = run(*self._arguments(adapter, row, total))
            n = int(row.valid.sum())
            parts.append(
                Tokens(
                    np.asarray(logp)[:n], row.behaviour[:n], np.asarray(entropy)[:n], row.advantages[:n],
                    row.samples[:n] + seen, row.lengths[:n],
                )
            )  # fmt: skip
            seen += len(row.spans)
            part = jax.tree.map(np.asarray, slope)
            gradient = jax.tree.map(np.add, gradient, part) if gradient else part
        columns = zip(*((p.logp, p.behaviour, p.entropy, p.advantage, p.sample, p.length) for p in parts))
        flat = lora_layout.unstack(gradient, self._shape, self._spec)
        return flat, Tokens(*map(np.concatenate, columns))

    def _arguments(self, adapter: Flat, row: Row, total: int) -> tuple[Any, ...]:
        stacked = lora_layout.stack(adapter, self._shape, self._spec)
        arrays = {name: getattr(row, name) for name in FIELDS}
        return stacked, self._weights, arrays, np.asarray(total, row.behaviour.dtype)
