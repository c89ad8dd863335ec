"""What keeps one call from holding up the whole construction.

Sizes decide first, because they are the same on every machine: a call whose arguments are evidently too large is not made. Each
function and each composition also runs in a child with a limit of processor time, which ends even one long call in C. It is far above
what any of them needs, and only there so that a call that the sizes do not foresee costs its own task and no more.
"""
import builtins
import importlib
import json
import os
import resource
import signal
import sys
import traceback

from probe_values import Unusable

# Far above every generated argument, and above every result that a task can expect.
MAX_BITS = 4096
MAX_LENGTH = 10_000
# Where an argument says how often, how long or how far, the work grows with its value and not with its length.
MAX_COUNT = 1000
COUNTS = {
    "builtins.pow": [1],
    "itertools.combinations": [1],
    "itertools.combinations_with_replacement": [1],
    "itertools.permutations": [1],
    "itertools.repeat": [1],
    "math.comb": [0, 1],
    "math.factorial": [0],
    "math.perm": [0, 1],
    "operator.lshift": [1],
    "operator.pow": [1],
    "str.center": [1],
    "str.expandtabs": [1],
    "str.ljust": [1],
    "str.rjust": [1],
    "str.zfill": [1],
}
# A number times a number may be large; a sequence so many times may not.
REPEATS = ["operator.mul", "operator.imul"]


def resolve(family):
    module, name = family.split(".", 1)
    if module == "builtins":
        return getattr(builtins, name)
    if module in ("str", "list"):
        return getattr(getattr(builtins, module), name)
    return getattr(importlib.import_module(module), name)


COUNTED = {resolve(family): positions for family, positions in COUNTS.items()}
REPEATING = {resolve(family) for family in REPEATS}


class TooLarge(Unusable):
    """An argument that is evidently too large for the call to be made."""


def length(value):
    if type(value) in (list, tuple):
        return len(value) + sum(map(length, value[: MAX_LENGTH + 1]))
    return len(value) if type(value) is str else 0


def refuse_large(function, arguments):
    counts = COUNTED.get(function, [])
    if function in REPEATING and any(isinstance(a, (str, list, tuple)) for a in arguments):
        counts = [0, 1]
    for position, argument in enumerate(arguments):
        if length(argument) > MAX_LENGTH:
            raise TooLarge("an argument is too long for the call")
        if isinstance(argument, int) and (
            argument.bit_length() > MAX_BITS or position in counts and abs(argument) > MAX_COUNT
        ):
            raise TooLarge("an argument is too large for the call")


def bounded(what, seconds, work):
    """What `work` returns, a result that JSON can hold or None with a reason. Standard error tells what is being probed."""
    print(f"probing {what}", file=sys.stderr, flush=True)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(seconds, work, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        data = answer.read()
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) == signal.SIGXCPU:
            return None, f"a call takes too long: more than {seconds} s of processor time"
        return None, f"a call ends the interpreter: {signal.Signals(os.WTERMSIG(status)).name}"
    if status != 0:
        # The child has said why.
        sys.exit(1)
    return json.loads(data)


def child(seconds, work, reading, writing):
    """Never returns."""
    status = 1
    try:
        os.close(reading)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
        try:
            answer = work()
        except MemoryError:
            answer = None, "a call takes too much memory"
        except RecursionError:
            answer = None, "a call nests too deeply"
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
