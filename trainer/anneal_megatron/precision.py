"""fp8 as MiniMax-M2's checkpoints have it: e4m3, and one scale for each square of 128 × 128. Pure numpy."""

from __future__ import annotations

import ml_dtypes
import numpy as np

E4M3 = ml_dtypes.float8_e4m3fn
LARGEST = float(ml_dtypes.finfo(E4M3).max)  # 448


def quantise(weight: np.ndarray, block: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """(fp8 [rows, columns], scale [⌈rows / block⌉, ⌈columns / block⌉] in fp32): weight ≈ fp8 × scale of its block."""
    rows, columns = weight.shape
    down, across = -(-rows // block), -(-columns // block)
    full = np.zeros((down * block, across * block), np.float32)
    full[:rows, :columns] = weight
    blocks = full.reshape(down, block, across, block)
    largest = np.abs(blocks).max(axis=(1, 3))
    # A block of zeros keeps a harmless scale.
    scale = np.where(largest > 0, largest / LARGEST, 1).astype(np.float32)
    scaled = blocks / scale[:, None, :, None]
    fp8 = np.clip(scaled, -LARGEST, LARGEST).astype(E4M3).reshape(full.shape)[:rows, :columns]
    return np.ascontiguousarray(fp8), scale


def dequantise(fp8: np.ndarray, scale: np.ndarray, block: int = 128) -> np.ndarray:
    rows, columns = fp8.shape
    spread = np.repeat(np.repeat(scale, block, axis=0), block, axis=1)[:rows, :columns]
    return fp8.astype(np.float32) * spread
