"""The rollout image's entry: `vllm serve` with what is given, and what makes the server fit for weight updates.

    python -m anneal_megatron.serving MODEL --tensor-parallel-size 4 …

| variable | meaning |
| ANNEAL_STORE, AWS_* | where weights come from (trainer/README.md, "In a pod") |
| ANNEAL_WEIGHTS_DIR | folder for the node's checkpoint; /work/weights |
| ANNEAL_CONTROL_TOKEN_FILE | the token that everything but sampling asks for |
| ANNEAL_WEIGHTS_AT_START | tag of the checkpoint that is served first, where somebody vouches for it |
| ANNEAL_ROUTED_EXPERTS | 1: completions tell their experts, for routing replay |
"""

from __future__ import annotations

import os
import sys
from typing import Mapping, Sequence

from anneal_trainer.failures import CONFIGURATION

SERVED_MODEL = "policy"
OWN = ("--worker-cls", "--middleware", "--weight-transfer-config", "--logprobs-mode", "--api-server-count")


class Unfit(Exception):
    """The options contradict what a weight update needs."""


def arguments(given: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """What follows `vllm`. Raises Unfit."""
    names = [text.split("=", 1)[0] for text in given]
    for name in OWN:
        if name in names:
            raise Unfit(f"{name} is this image's own")
    if _number(given, "--data-parallel-size") > 1:
        # /collective_rpc asks every data-parallel rank and passes on the answer of the first alone (vLLM 0.24,
        # DPAsyncMPClient.call_utility_async): nobody would know what the others compute with.
        raise Unfit("weights cannot be verified with --data-parallel-size above 1: use --tensor-parallel-size")
    args = ["serve", *given]
    args += ["--worker-cls", "anneal_megatron.serving.worker.AnnealWorker"]
    args += ["--weight-transfer-config", '{"backend": "anneal-store"}']
    # Of the distribution that was sampled from, whatever the temperature.
    args += ["--logprobs-mode", "processed_logprobs"]
    if env.get("ANNEAL_ROUTED_EXPERTS") == "1":
        args += ["--enable-return-routed-experts"]
    if "--headless" in names:
        return args
    if "--served-model-name" not in names:
        args += ["--served-model-name", SERVED_MODEL]
    # Sampling is what the request says, not what the model's generation_config.json adds.
    if "--generation-config" not in names:
        args += ["--generation-config", "vllm"]
    args += ["--middleware", "anneal_megatron.serving.guard.Guard"]
    # The guard must see every change, so that there is one front end.
    return [*args, "--api-server-count", "1"]


def _number(given: Sequence[str], name: str) -> int:
    for index, text in enumerate(given):
        if text == name and index + 1 < len(given) and given[index + 1].isdigit():
            return int(given[index + 1])
        if text.startswith(name + "=") and text.split("=", 1)[1].isdigit():
            return int(text.split("=", 1)[1])
    return 1


def main() -> int:
    try:
        args = arguments(sys.argv[1:], os.environ)
    except Unfit as error:
        print(f"error: {error}", file=sys.stderr)
        return CONFIGURATION
    os.environ.setdefault("ANNEAL_WEIGHTS_DIR", "/work/weights")
    os.environ["VLLM_SERVER_DEV_MODE"] = "1"
    if "ANNEAL_CONTROL_TOKEN_FILE" not in os.environ:
        print("no ANNEAL_CONTROL_TOKEN_FILE: whoever reaches the port may change the weights", file=sys.stderr)
    try:
        os.execvp("vllm", ["vllm", *args])
    except FileNotFoundError:
        print("error: vllm is not installed here: use the image rollout-vllm", file=sys.stderr)
        return CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
