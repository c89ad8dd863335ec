"""The base models that can be trained: where their file is, that it is the right one, its tensors."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from .atomic import digest_file
from .failures import Problem, bad_configuration

if TYPE_CHECKING:
    from .transformer import Shape, Weights

SMOLLM2 = "smollm2-135m-instruct"
TINY = "tiny-random"  # a few thousand random weights, for tests of everything but learning


@dataclass(frozen=True)
class ModelFile:
    """A GGUF file shipped inside an installed package, pinned by its content."""

    package: str
    name: str
    sha256: str
    bytes: int

    def locate(self) -> Path:
        """The checked file. Raises JobFailure (42) naming it if it is missing or damaged."""
        # find_spec does not import the package, which would want its own dependencies.
        spec = importlib.util.find_spec(self.package)
        hint = "install the locked requirements again: pip install --force-reinstall -r trainer/requirements.lock"
        if spec is None or spec.origin is None:
            problem = Problem(self.name, f"the package {self.package}", "not installed", hint)
            raise bad_configuration("policy.model_corrupt", f"{self.name} is not installed", [problem])
        path = Path(spec.origin).parent / self.name
        try:
            sha256, size = digest_file(path)
        except OSError as error:
            problem = Problem(str(path), "a readable file", error.strerror or str(error), hint)
            raise bad_configuration("policy.model_corrupt", f"cannot read {path}", [problem]) from None
        if sha256 != self.sha256:
            problem = Problem(
                str(path), f"sha256 {self.sha256}, {self.bytes} bytes", f"{sha256}, {size} bytes", hint
            )
            raise bad_configuration("policy.model_corrupt", f"model file is damaged: {path}", [problem])
        return path


# A file beside this one, which the worker reads too: a campaign's manifest names the hash where no trainer is installed.
_PINNED = json.loads(Path(__file__).with_name("base-models.json").read_bytes())
SMOLLM2_FILE = ModelFile(**_PINNED[SMOLLM2])


@dataclass(frozen=True)
class BaseModel:
    shape: "Shape"
    load: Callable[[], "Weights"]


def open_base(name: str) -> BaseModel | None:
    """The model by the name a job gives it, or None. `load` raises JobFailure (42)."""
    from .transformer import Shape, random_weights

    if name == TINY:
        tiny = Shape(4, 32, 4, 2, 8, 64, 256, 1e4, 1e-5)
        return BaseModel(tiny, lambda: random_weights(tiny, seed=0))
    if name == SMOLLM2:
        shape = Shape(30, 576, 9, 3, 64, 1536, 49152, 1e5, 1e-5)
        return BaseModel(shape, lambda: _load(SMOLLM2_FILE.locate(), shape))
    return None


def known_bases() -> str:
    return f"{SMOLLM2} (or {TINY}, for tests)"


def _load(path: Path, shape: "Shape") -> "Weights":
    """Dequantised float32 weights of a GGUF file, blocks stacked along a first axis."""
    import numpy as np

    from .gguffile import GgufFile
    from .transformer import NORMS, PROJECTIONS

    file = GgufFile(path)

    def tensor(name: str, *size: int) -> Any:
        file.expand(name, out := np.empty(size, np.float32))
        return out

    def stacked(name: str, *size: int) -> Any:
        out = np.empty((shape.layers, *size), np.float32)
        for i in range(shape.layers):
            file.expand(f"blk.{i}.{name}.weight", out[i])
        return out

    return {
        "embedding": tensor("token_embd.weight", shape.vocabulary, shape.width),
        "output_norm": tensor("output_norm.weight", shape.width),
        "blocks": {n: stacked(n, shape.width) for n in NORMS}
        | {n: stacked(n, *shape.projection(n)) for n in PROJECTIONS},
    }
