"""One replica of an engine: llama.cpp's own HTTP server for one policy, in a process of its own.

    python -m anneal_server.engine --model M.gguf --alias NAME --threads T --parent PID [--adapter A.gguf]
        [--bind ADDRESS] [--port P] [--token-file FILE]

Prints one line, {"port": ...}, when it answers requests. Lives no longer than its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from anneal_trainer.stop import die_with_parent

# Measured (README): 16 requests at once keep two cores busy; the cache is shared by a replica's slots,
# so 16 x 512 tokens fit and a single long request still may have more than 512.
SLOTS = 16
CONTEXT = SLOTS * 512


def main() -> None:
    parser = argparse.ArgumentParser(prog="anneal_server.engine", description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True, help="pid that this process serves")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    # A file, since a command line can be read by everyone on the machine.
    parser.add_argument("--token-file", type=Path)
    arguments = parser.parse_args()
    die_with_parent(arguments.parent)
    # The parent stops an engine with SIGTERM; nothing here needs to be saved.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    token = arguments.token_file.read_text().strip() if arguments.token_file else None
    listen = (arguments.bind, arguments.port)
    server = serve(arguments.model, arguments.alias, arguments.adapter, arguments.threads, listen, token)
    port = server.listening_address.rsplit(":", 1)[-1].rstrip("/")  # an IPv6 address may stand there without brackets
    print(json.dumps({"port": int(port)}), flush=True)
    # End of input means the parent closed its end or died; belt to PDEATHSIG's braces.
    sys.stdin.buffer.read()
    os._exit(0)


def serve(
    model: str, alias: str, adapter: str | None, threads: int, listen: tuple[str, int], token: str | None
) -> object:
    """Start the server. Raises when the model or adapter does not load."""
    # Where a replica has several threads (more cores than replicas), they must not spin at barriers: as soon as anything
    # else wants a core they starve each other, measured 12 against 120 tokens/s. OpenMP reads it once, on load.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xllamacpp

    p = xllamacpp.CommonParams()
    p.model.path = model
    p.model_alias = {alias}  # answers carry it, so a completion names its policy
    if adapter:
        p.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter, 1.0)]
    p.hostnames, p.port = [listen[0]], listen[1]
    if token:
        p.api_keys = [token]
    p.n_parallel, p.n_ctx, p.kv_unified = SLOTS, CONTEXT, True
    p.cont_batching = p.cache_prompt = True
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
    # Otherwise the reported log-probabilities are not those of the distribution sampled from.
    p.sampling.samplers, p.sampling.temp = "temperature", 1.0
    p.cache_ram_mib = 0  # prompts evicted from a slot are cheap to evaluate again
    p.endpoint_slots = True  # the pool asks it who is busy
    p.ui = p.warmup = p.fit_params = False
    p.verbosity = 1
    return xllamacpp.Server(p)


if __name__ == "__main__":
    main()
