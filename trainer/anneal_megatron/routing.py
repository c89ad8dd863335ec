"""Through which experts the server sent each token, so that training sends it through the same ones.

vLLM gives them with --enable-return-routed-experts: base64 of a .npy file, [tokens - 1, layers, experts a token], of prompt
and completion but for the last token, which no layer has seen. Pure numpy.
"""

from __future__ import annotations

import base64
import io
from typing import Mapping

import numpy as np

from anneal_trainer.failures import Problem

from .packing import Row, tokens_of


def decode(text: str) -> np.ndarray:
    """Raises ValueError unless it is an array of whole numbers of three axes."""
    try:
        array = np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"no .npy file in base64: {error}") from None
    if array.ndim != 3 or array.dtype.kind not in "iu":
        raise ValueError(f"expected whole numbers of three axes, got {array.dtype} of shape {array.shape}")
    return array


def check(array: np.ndarray, tokens: int, layers: int, top: int, experts: int, path: str) -> list[Problem]:
    """A wrong route is worse than none: it would be trained on as if the model had chosen it."""
    want = (tokens - 1, layers, top)
    if array.shape != want:
        return [Problem(path, f"shape {want}", str(array.shape))]
    if array.size == 0:
        return []
    if int(array.min()) < 0 or int(array.max()) >= experts:
        return [Problem(path, f"experts from 0 to {experts - 1}", f"{int(array.min())} to {int(array.max())}")]
    ordered = np.sort(array, axis=-1)
    if top > 1 and bool((ordered[..., 1:] == ordered[..., :-1]).any()):
        return [Problem(path, "different experts for a token", "one of them twice")]
    return []


def of_row(row: Row, routes: Mapping[str, np.ndarray], layers: int, top: int, experts: int) -> np.ndarray:
    """[tokens, layers, top] for a row. Places that the server gave nothing for (the last token, padding) get experts by
    turns: nothing is learnt there, and even loads cost least."""
    total = len(row.tokens)
    filler = (np.arange(total)[:, None] * top + np.arange(top)[None, :]) % experts
    out = np.repeat(filler[:, None, :], layers, axis=1).astype(np.int64)
    for sample, begin in zip(row.samples, row.starts):
        given = routes[sample.id]
        out[begin : begin + tokens_of(sample) - 1] = given
    return out
