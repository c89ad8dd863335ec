"""python -m anneal_megatron pod --name NAME --attempt N --work DIR [--termination-log FILE]
python -m anneal_megatron node|rank --job DIR          one node's ranks; one of them
python -m anneal_megatron settings --job DIR           what Megatron would be told, as JSON; needs no GPU
python -m anneal_megatron publish --folder DIR --base NAME [--version 0]
                                                       a checkpoint into the store, whole; prints its manifest's reference
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from anneal_trainer import failures, tracing
from anneal_trainer.atomic import write_json
from anneal_trainer.failures import ACCELERATOR, JobFailure, Problem, bad_configuration, classify
from anneal_trainer.podlog import stamped
from anneal_trainer.stop import Stop, die_with_parent, on_sigterm

from . import launch, layout, node
from .document import MegatronJob, load_document
from .training import Course, Stopped

# Of the pod's terminationGracePeriodSeconds; what is left is for uploads.
GRACE = "ANNEAL_GRACE_SECONDS"
DEFAULT_GRACE = 90.0
# The checkpoint of the base model, where no version has been trained yet.
MODEL_DIR = "ANNEAL_MODEL_DIR"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="anneal_megatron", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pod = commands.add_parser("pod")
    pod.add_argument("--name", required=True)
    pod.add_argument("--attempt", type=int, required=True)
    pod.add_argument("--work", type=Path, required=True)
    pod.add_argument("--termination-log", type=Path, default=Path("/dev/termination-log"))
    for name in ("node", "rank", "settings"):
        commands.add_parser(name).add_argument("--job", type=Path, required=True)
    publish = commands.add_parser("publish")
    publish.add_argument("--folder", type=Path, required=True)
    publish.add_argument("--base", required=True)
    publish.add_argument("--version", type=int, default=0)
    arguments = parser.parse_args(argv)
    if arguments.command == "pod":
        os._exit(node.run(arguments.name, arguments.attempt, arguments.work, arguments.termination_log))
    if arguments.command == "publish":
        return _publish(arguments.folder, arguments.base, arguments.version)
    folder: Path = arguments.job
    try:
        if arguments.command == "node":
            return _node(folder)
        work = load_document(folder)
        if arguments.command == "settings":
            print(json.dumps(settings(work), indent=2))
            return failures.DONE
        return _rank(folder, work)
    except Exception as error:
        return fail(folder, error)


def _publish(folder: Path, base: str, version: int) -> int:
    """Safe to be repeated: contents that are there already are left alone."""
    from anneal_trainer.store import open_store

    from .manifest import File, Manifest

    try:
        store = open_store()
        names = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        refs = [(name, store.put(folder / name)) for name in names]
        manifest = Manifest(version, base, tuple(File(name, ref.bytes, ref.sha256) for name, ref in refs))
        with tempfile.TemporaryDirectory() as room:
            document = Path(room) / "weights.json"
            write_json(document, manifest.document())
            ref = store.put(document)
        said = json.dumps({"tag": manifest.tag, "manifest": vars(ref)})
        if version == 0:
            # Where campaigns look for what they start from (infra/vllm/base-weights.ts).
            store.write_name(f"models/{base}/weights", said.encode())
    except Exception as error:
        failure = classify(error)
        print(f"error: {failure.message} [{failure.code}]", file=sys.stderr)
        return failure.exit_code
    print(said)
    return failures.DONE


def settings(work: MegatronJob) -> dict[str, Any]:
    return {
        "provider": layout.provider_settings(work.layout, replay=work.layout.experts > 0),
        "ddp": layout.ddp_settings(work.layout),
        "optimizer": layout.optimizer_settings(work.layout, work.job.algorithm),
        "tokenMultiple": work.layout.token_multiple,
    }


def _node(folder: Path) -> int:
    """Checks once what every rank would stumble over, then starts them."""
    work = load_document(folder)
    if _finished(folder, work):
        return failures.DONE
    count = int(os.environ.get("NPROC_PER_NODE", str(work.layout.gpus_per_node)))
    if count != work.layout.gpus_per_node:
        problem = Problem("env NPROC_PER_NODE", f"{work.layout.gpus_per_node}, as the layout says", str(count))
        raise bad_configuration("job.configuration", "the pod is not the layout's", [problem])
    os.environ["NPROC_PER_NODE"] = str(count)
    os.environ.setdefault("NNODES", str(work.layout.nodes))
    node.shared_folder(work.layout.nodes, folder)
    (folder / "error.json").unlink(missing_ok=True)
    return launch.run(launch.rank_command(str(folder)), count)


def _finished(folder: Path, work: MegatronJob) -> bool:
    """Whether result.json shows this very job done. Raises JobFailure (42) on another's."""
    try:
        got = json.loads((folder / "result.json").read_bytes())["specHash"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if got == work.job.spec_hash:
        return True
    problem = Problem("result.json#specHash", work.job.spec_hash, str(got), "give each job its own folder")
    raise bad_configuration("job.conflict", f"{folder} holds another job's result", [problem])


def _rank(folder: Path, work: MegatronJob) -> int:
    """Training in a thread: Python gives signals to the main one, between two bytecodes, and a step takes minutes."""
    die_with_parent(os.getppid())
    stop = Stop()
    on_sigterm(stop)
    # One rank tells for all: they do the same steps at the same time.
    first = os.environ.get("RANK", "0") == "0"
    span = tracing.begin("train", job=work.job.name) if first else tracing.OFF
    outcome: list[BaseException] = []

    def train() -> None:
        try:
            course(folder, work, stop, span).run()
        except BaseException as error:
            outcome.append(error)
        stop.work_done()

    thread = threading.Thread(target=train, name="train", daemon=True)
    thread.start()
    stop.wait(work.job.max_seconds)
    if stop.reason:
        # At the next step's end all ranks agree; where that is too late, the last save counts.
        thread.join(float(os.environ.get(GRACE, DEFAULT_GRACE)))
    code = failures.DONE
    if outcome and not isinstance(outcome[0], Stopped):
        code = fail(folder, outcome[0])
    elif outcome or stop.reason:
        code = failures.CHECKPOINTED
    sys.stderr.flush()
    os._exit(span.leave(code))


def course(folder: Path, work: MegatronJob, stop: Stop, span: tracing.Span) -> Course:
    engine_of = _megatron()
    from anneal_trainer.store import open_store

    from .cache import WeightCache

    def log(text: str) -> None:
        print(stamped(text), file=sys.stderr, flush=True)

    store = open_store()
    scratch = folder / "weights"
    with span.span("load"):
        if work.weights is None:
            base, parent = _model_dir(), None
        else:
            cache = WeightCache(scratch / "from", store)
            parent = (cache.fetch(work.weights).tag, work.weights)
            base = cache.files
        engine = engine_of(work, base, parent, scratch, store, replay=work.layout.experts > 0)
    shared = node.shared_folder(work.layout.nodes, folder)
    attempt = int(os.environ.get(tracing.ATTEMPT, "0"))
    return Course(work, folder, shared, engine, store, lambda: bool(stop.reason), log, span, attempt)


def _megatron() -> Any:
    try:
        import torch

        from .megatron import MegatronEngine
    except ImportError as error:
        problem = Problem("image", "torch, Megatron-Core 0.19 and Megatron-Bridge 0.6", str(error), "use trainer-megatron")
        raise bad_configuration("job.configuration", "Megatron is not installed here", [problem]) from None
    if not torch.cuda.is_available():
        raise JobFailure(ACCELERATOR, "accelerator", "torch finds no GPU on this node")
    return MegatronEngine


def _model_dir() -> Path:
    value = os.environ.get(MODEL_DIR, "")
    if value and (Path(value) / "config.json").is_file():
        return Path(value)
    problem = Problem(f"env {MODEL_DIR}", "the folder of the base model's checkpoint", repr(value))
    raise bad_configuration("job.configuration", "there is no base model", [problem])


def classify_gpu(error: BaseException) -> JobFailure:
    """Like anneal_trainer's, for what torch raises; matched by name, since torch may be missing."""
    names = {base.__name__ for base in type(error).__mro__}
    if "OutOfMemoryError" in names:
        return JobFailure(ACCELERATOR, "out_of_memory", f"a GPU ran out of memory: {error}")
    text = str(error)
    if "DistBackendError" in names or (isinstance(error, RuntimeError) and ("NCCL" in text or "CUDA" in text)):
        return JobFailure(ACCELERATOR, "accelerator", f"the accelerator failed: {text[:500]}")
    return classify(error)


def fail(folder: Path, error: BaseException) -> int:
    import traceback

    failure = classify_gpu(error)
    if failure.exit_code == failures.BUG and not isinstance(error, JobFailure):
        traceback.print_exception(error)
    rank = os.environ.get("RANK", "0")
    print(f"error: rank {rank}: {failure.message} [{failure.code}]", file=sys.stderr)
    for problem in failure.problems:
        print(f"  {problem.line()}", file=sys.stderr)
    path = folder / "error.json"
    if not path.exists():  # the first rank to say something knows most
        said = {"code": failure.code, "message": failure.message, "problems": [vars(p) for p in failure.problems]}
        try:
            write_json(path, said)
        except OSError as also:
            print(f"error.json was not written: {also}", file=sys.stderr)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
