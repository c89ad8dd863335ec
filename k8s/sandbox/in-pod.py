"""What runs in a sandbox's pod, in three containers that share nothing but one small volume.

`prepare` writes the files, read-only from then on, and makes three pipes. `program` opens its ends of them, takes their names away and
becomes the untrusted program, which then is process 1 of its name space and holds three pipes, as it would under bubblewrap.
`collector`, which the program can neither see nor reach, feeds standard input, keeps a bounded amount of what comes out, looks at the
clock, and gives its account as one line in its own log.

Inputs come as parts 0000, 0001, … of a folder. Those of `prepare` are one line of JSON, [[path, size], …], and the bytes of these files.
"""
import base64
import json
import os
import resource
import select
import socket
import sys
import time

SPACE = "/space"
WORK = "/work"
PIPES = "/pipes"
NAMES = ("in", "out", "err")
# A pipe whose other end has not been opened by then never will be.
PATIENCE_SECONDS = 120
PROBE_SECONDS = 2
CHUNK = 65536


def parts_of(folder):
    for name in sorted(name for name in os.listdir(folder) if name.isdigit()):
        with open(f"{folder}/{name}", "rb") as file:
            yield file.read()


def prepare():
    for folder in ("work", "tmp", "pipes"):
        os.mkdir(f"{SPACE}/{folder}")
    for name in NAMES:
        os.mkfifo(f"{SPACE}/pipes/{name}")
    head, _, data = b"".join(parts_of("/files")).partition(b"\n")
    for path, size in json.loads(head):
        whole = f"{SPACE}/work/{path}"
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "xb") as file:
            file.write(data[:size])
        os.chmod(whole, 0o444)
        data = data[size:]


def shut(filter):
    """Installs a system call filter, which stays: what no program needs, and what reaches process 1 from its own children."""
    if filter is None or os.uname().machine != "x86_64":
        return False
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]

    code = base64.b64decode(filter)
    held = ctypes.create_string_buffer(code, len(code))
    chosen = Program(len(code) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    # PR_SET_NO_NEW_PRIVS, and PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(chosen), 0, 0) != 0:
        sys.exit(f"the kernel takes no system call filter: {os.strerror(ctypes.get_errno())}")
    return True


def program(settings, argv):
    # In the collector's order: each of these waits for the other side.
    ends = [os.open(f"{PIPES}/{name}", os.O_RDONLY if name == "in" else os.O_WRONLY) for name in NAMES]
    for name in NAMES:
        os.unlink(f"{PIPES}/{name}")
    for standard, end in enumerate(ends):
        os.dup2(end, standard)
    os.closerange(3, 256)
    filtered = shut(settings.get("filter"))
    if settings["probe"] is not None:
        return probe(settings["probe"], filtered)
    for name, value in settings["limits"].items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
    os.chdir(WORK)
    # Nothing of the pod's environment, which names the cluster's API server.
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    # As in infra/sandbox/profile.ts.
    environment.update({"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"})
    try:
        os.execvpe(sys.executable if argv[0] == "python3" else argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127)


def probe(addresses, filtered):
    """Says which of these it can talk to; the API server is one of them."""
    own = f"{os.environ.get('KUBERNETES_SERVICE_HOST', '')}:{os.environ.get('KUBERNETES_SERVICE_PORT', '')}"
    reached = []
    for address in [own, *addresses]:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port or 0)), PROBE_SECONDS).close()
            reached.append(address)
        except OSError:
            pass
    print(json.dumps({"pid": os.getpid(), "uid": os.getuid(), "reached": reached, "filtered": filtered}))


def open_in_time(name, flags):
    """Opening to write fails until there is a reader, and a reader that never comes would be waited for for ever."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return os.open(f"{PIPES}/{name}", flags | os.O_NONBLOCK)
        except OSError:
            if time.monotonic() > until:
                sys.exit(f"nobody opened {name}")
            time.sleep(0.01)


def collector(settings):
    feed = open_in_time("in", os.O_WRONLY)
    started = time.monotonic()
    streams = {os.open(f"{PIPES}/{name}", os.O_RDONLY | os.O_NONBLOCK): bytearray() for name in NAMES[1:]}
    waiting, parts = b"", parts_of("/stdin")
    watch = select.poll()
    watch.register(feed, select.POLLOUT)
    for descriptor in streams:
        watch.register(descriptor, select.POLLIN)
    limit, how, live = settings["outputBytes"], None, set(streams)
    while live and how is None:
        left = started + settings["wallMs"] / 1000 - time.monotonic()
        if left <= 0:
            how = "timeout"
        for descriptor, _ in watch.poll(1000 * left) if how is None else ():
            if descriptor == feed:
                waiting = fed(feed, waiting or next(parts, b""))
                if waiting is None or not (waiting := waiting or next(parts, b"")):
                    watch.unregister(feed)
                    os.close(feed)
                continue
            chunk = os.read(descriptor, CHUNK)
            kept = streams[descriptor]
            if len(kept) + len(chunk) > limit:
                how = "output-limit"
            kept += chunk[: limit - len(kept)]
            if not chunk:
                watch.unregister(descriptor)
                live.remove(descriptor)
    out, err = (base64.b64encode(kept).decode() for kept in streams.values())
    milliseconds = round((time.monotonic() - started) * 1000, 3)
    account = {"account": settings["nonce"], "how": how or "closed", "milliseconds": milliseconds}
    print(json.dumps({**account, "stdout": out, "stderr": err}), flush=True)


def fed(pipe, data):
    """What is left to write; None where nobody reads any more."""
    try:
        return data[os.write(pipe, data[:CHUNK]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return None


if sys.argv[1] == "prepare":
    prepare()
elif sys.argv[1] == "program":
    program(json.loads(sys.argv[2]), sys.argv[3:])
else:
    collector(json.loads(sys.argv[2]))
