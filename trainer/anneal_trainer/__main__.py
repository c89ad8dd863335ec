"""Runs a train job, in a folder or from the store, exports an adapter, or names the base model."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from . import failures, tracing
from .failures import JobFailure, bad_configuration, classify
from .stop import Stop, die_with_parent, on_sigterm, watch_stack


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="anneal_trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="run the job in DIR/job.json")
    train.add_argument("--job", type=Path, required=True, metavar="DIR", help="or DIR/job.json")
    train.add_argument("--parent", type=int, metavar="PID", help="end at once when this process is gone")
    pod = commands.add_parser("pod", help="run the job NAME of the artifact store")
    pod.add_argument("--name", required=True)
    pod.add_argument("--attempt", type=int, required=True, metavar="N", help="which try this is, from 1")
    pod.add_argument("--work", type=Path, required=True, metavar="DIR", help="a folder for DIR/NAME; may be empty")
    pod.add_argument("--termination-log", type=Path, default=Path("/dev/termination-log"), metavar="FILE")
    export = commands.add_parser("export", help="convert an adapter for llama.cpp")
    export.add_argument("--adapter", type=Path, required=True, metavar="X.safetensors")
    export.add_argument("--out", type=Path, required=True, metavar="X.gguf")
    commands.add_parser("model", help="print the base model's name and hash, once checked")
    arguments = parser.parse_args(argv)
    if arguments.command == "export":
        return _export(arguments.adapter, arguments.out)
    if arguments.command == "model":
        return _model()
    if arguments.command == "pod":
        from .pod import Pod

        work = arguments.work.absolute()
        os._exit(Pod(arguments.name, arguments.attempt, work, arguments.termination_log).run())
    if arguments.parent is not None:
        die_with_parent(arguments.parent)
    folder = arguments.job.parent if arguments.job.name == "job.json" else arguments.job
    span = tracing.begin("train")
    return span.leave(_train(folder.absolute(), span))


def _train(folder: Path, span: tracing.Span) -> int:
    stop = Stop()
    on_sigterm(stop)
    watch_stack(stop)
    try:
        from .job import load_job
        from .train import TrainJob, finished

        job = load_job(folder)
        span.set(job=job.name)
        if finished(folder, job):
            print("already done: result.json has the same specHash", file=sys.stderr)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            return failures.CHECKPOINTED if stop.reason else failures.DONE
    except Exception as error:
        return _fail(folder, error)
    (folder / "error.json").unlink(missing_ok=True)

    work = TrainJob(folder, job, stopping=lambda: bool(stop.reason), span=span)
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            work.run()
        except BaseException as error:  # carried over to the main thread
            outcome.append(error)
        stop.work_done()

    thread = threading.Thread(target=run, name="train", daemon=True)
    thread.start()
    stop.wait(job.max_seconds)
    if not outcome and not stop.reason:
        # From here on a SIGTERM ends the process by itself: never with status 0.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if stop.reason:
        return _leave(folder, work, stop.reason, span)
    return _fail(folder, outcome[0]) if outcome else failures.DONE


def _leave(folder: Path, work: object, reason: str, span: tracing.Span) -> int:
    """Checkpoint and go at once: the worker may be inside a long native call."""
    work.log(f"stop: {reason}")
    try:
        work.save_now()
        code = failures.CHECKPOINTED
    except Exception as error:
        code = _fail(folder, error)
    sys.stderr.flush()
    os._exit(span.leave(code))


def _fail(folder: Path, error: BaseException) -> int:
    from .atomic import write_json

    failure = classify(error)
    if failure.exit_code == failures.BUG and not isinstance(error, JobFailure):
        traceback.print_exception(error)
    print(f"error: {failure.message} [{failure.code}]", file=sys.stderr)
    for problem in failure.problems:
        print(f"  {problem.line()}", file=sys.stderr)
    document = {
        "code": failure.code,
        "message": failure.message,
        "problems": [vars(p) for p in failure.problems],
    }
    try:
        write_json(folder / "error.json", document)
    except OSError as also:  # a full disk or a missing folder must not hide the first failure
        print(f"error.json was not written: {also}", file=sys.stderr)
    return failure.exit_code


def _model() -> int:
    from .basemodel import SMOLLM2, SMOLLM2_FILE

    try:
        SMOLLM2_FILE.locate()
    except JobFailure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        return failure.exit_code
    about = {"base": SMOLLM2, "file": SMOLLM2_FILE.name}
    print(json.dumps(about | {"sha256": SMOLLM2_FILE.sha256, "bytes": SMOLLM2_FILE.bytes}))
    return failures.DONE


def _export(adapter: Path, out: Path) -> int:
    from . import adapterfile
    from .ggufadapter import write_adapter

    try:
        flat, about, problems = adapterfile.read(adapter.read_bytes(), str(adapter))
        missing = sorted({"base", "alpha"} - set(about))
        if problems or missing:
            text = f"{adapter} is not an Anneal adapter"
            problem = failures.Problem(str(adapter), "metadata base and alpha", f"no {missing}")
            raise bad_configuration("bad_adapter", text, problems or [problem])
        partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
        write_adapter(partial, flat, about)
        os.replace(partial, out)
    except Exception as error:
        failure = classify(error)
        print(f"error: {failure.message}", file=sys.stderr)
        return failure.exit_code
    return failures.DONE


if __name__ == "__main__":
    sys.exit(main())
