"""Runs candidate functions on given arguments, inside the sandbox. It judges nothing: expected values never come here.

Standard input: {"caseSeconds": s, "jobSeconds": s, "jobs": [{"file", "entry", "asModule", "cases": [[typed argument,
...], ...]}]}.
Standard output: {"began": job} before the first process of a job is there, one JSON line a case {"job", "case", "how",
"data"}, then {"done": true}. Only this process can write
there: it is process 1 of its name space, so nothing inside can signal it, trace it or open its descriptors, and every case runs in a
child that holds no descriptor but a pipe for its own result. What a child writes is relayed as opaque text.

How a case ended: `message` (data: "L" once the entry point is there, then one JSON line; or "X" and the name of the
exception that loading raised), `silent` (it ended without a message), `stopped` (time, processor time or memory used up), `oversize`, and
`skipped` after a case that was stopped, or once the job's time is used up.
"""
import os
import resource
import select
import sys
import time

# The C halves of json and signal: importing the whole modules takes as long as all the rest of a grading.
from _json import encode_basestring_ascii as quoted
from _signal import SIG_DFL, SIGINT, SIGKILL, SIGXCPU, signal

MESSAGE_BYTES = 65536
# Of all messages together, as they are relayed: a candidate that floods must not make the account too long to be one.
RELAYED_BYTES = 48 * 2**20
CPU_SECONDS = 1
DEPTH = 20
# Imported before the fork when a candidate's text names them: 8 children then need not each pay for it.
PRELOADED = ("statistics", "itertools", "functools", "collections", "string", "re", "math", "operator")


def decode(value):
    kind = value["t"]
    if kind == "none":
        return None
    if kind == "int":
        return int(value["v"])
    if kind == "float":
        return float(value["v"])
    if kind == "list":
        return [decode(item) for item in value["v"]]
    if kind == "tuple":
        return tuple(decode(item) for item in value["v"])
    return value["v"]


def encode(value, depth=0):
    """JSON of typed primitives, by exact type: an object that merely claims to equal the answer cannot be expressed."""
    if depth > DEPTH:
        raise OverflowError("nested too deeply")
    kind = type(value)
    if value is None:
        return '{"t":"none"}'
    if kind is bool:
        return '{"t":"bool","v":true}' if value else '{"t":"bool","v":false}'
    if kind is int:
        return '{"t":"int","v":"' + int.__repr__(value) + '"}'
    if kind is float:
        return '{"t":"float","v":"' + float.__repr__(value) + '"}'
    if kind is str:
        return '{"t":"str","v":' + quoted(value) + "}"
    if kind is list or kind is tuple:
        return '{"t":"' + kind.__name__ + '","v":[' + ",".join([encode(item, depth + 1) for item in value]) + "]}"
    raise TypeError("not a primitive: " + kind.__name__)


def write_all(descriptor, text):
    data = text.encode()
    while data:
        data = data[os.write(descriptor, data) :]


def child(path, entry, as_module, arguments, pipe):
    """Never returns. Whatever the candidate does to this process, it can only forge its own answer."""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        nothing = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.dup2(pipe, 3)
        os.closerange(4, 256)
        namespace = {"__name__": "candidate"}
        if as_module:
            # Classes find their module by its name: a dataclass with annotations as texts cannot be made without.
            sys.modules["candidate"] = module = type(sys)("candidate")
            namespace = module.__dict__
        try:
            with open(path, "rb") as file:
                exec(compile(file.read(), "candidate.py", "exec"), namespace)
            function = namespace.get(entry)
            if not callable(function):
                raise NameError(entry)
        except BaseException as error:
            os.write(3, ("X" + type(error).__name__ + "\n").encode())
            return
        os.write(3, b"L")
        try:
            value = function(*arguments)
        except BaseException as error:
            answer = '{"t":"error","v":' + quoted(type(error).__name__) + "}"
        else:
            try:
                answer = encode(value)
            except BaseException as error:
                answer = '{"bad":' + quoted(type(error).__name__) + "}"
        write_all(3, answer + "\n")
    finally:
        os._exit(0)


def reap(first):
    """Kills and collects every other process of the name space. Returns the wait status of `first`."""
    status = None
    while True:
        try:
            os.kill(-1, SIGKILL)
        except ProcessLookupError:
            pass
        try:
            pid, code = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if pid == first:
            status = code


def run_case(path, entry, as_module, arguments, seconds):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(path, entry, as_module, arguments, writing)
    os.close(writing)
    deadline = time.monotonic() + seconds
    data = b""
    how = None
    while how is None:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            how = "stopped"
            break
        chunk = os.read(reading, 65536)
        data += chunk
        if b"\n" in chunk:
            how = "message"
            data = data[: data.index(b"\n")]
        elif not chunk:
            # Wait for the exit status instead of killing: it tells a limit from a plain exit.
            _, code = os.waitpid(pid, 0)
            killed = os.WIFSIGNALED(code) and os.WTERMSIG(code) in (SIGKILL, SIGXCPU)
            how = "stopped" if killed else "silent"
        elif len(data) > MESSAGE_BYTES:
            how = "oversize"
    os.close(reading)
    reap(pid)
    if how != "message" or len(data) > MESSAGE_BYTES:
        how = "oversize" if how == "message" else how
        data = data[:1]
    return how, data.decode("utf-8", "replace")


def main():
    if os.getpid() != 1:
        sys.exit("the driver must be process 1 of its name space")
    # Python's own handler would turn an interrupt sent by a candidate into an exception here; by default process 1 is immune.
    signal(SIGINT, SIG_DFL)
    if os.path.exists("/proc/self"):
        # Where a sandbox shows /proc, children of the same user could open this process's descriptors there.
        import ctypes

        if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0:
            sys.exit("the driver could not protect itself")
    # The grader's own JSON, which is a Python expression but for three names.
    text = sys.stdin.buffer.read().decode()
    request = eval(text, {"__builtins__": {}, "true": True, "false": False, "null": None})

    relayed = 0

    def say(job, case, how, data=""):
        nonlocal relayed
        relayed += len(quoted(data))
        if relayed > RELAYED_BYTES:
            how, data = "oversize" if how == "message" else how, data[:1]
        write_all(1, f'{{"job":{job},"case":{case},"how":"{how}","data":{quoted(data)}}}\n')

    for number, job in enumerate(request["jobs"]):
        path = os.path.join("/work", job["file"])
        with open(path, "rb") as file:
            source = file.read()
        for module in PRELOADED:
            if module.encode() in source:
                __import__(module)
        over = time.monotonic() + request["jobSeconds"]
        skipping = False
        # Without this word a candidate has not run: whatever ended this process before was none of its doing.
        write_all(1, f'{{"began":{number}}}\n')
        for index, arguments in enumerate(job["cases"]):
            if skipping or time.monotonic() > over:
                say(number, index, "skipped")
                continue
            how, data = run_case(
                path, job["entry"], job["asModule"], [decode(a) for a in arguments], request["caseSeconds"]
            )
            skipping = how == "stopped"
            say(number, index, how, data)
    write_all(1, '{"done":true}\n')


main()
