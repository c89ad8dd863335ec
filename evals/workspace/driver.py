"""Runs the steps of a candidate one after the other in one folder, inside the sandbox, and hands out what was declared. It judges nothing.

Standard input: one line of JSON (`request` in run.ts), then the bytes of every file that it names, in its order. None of them is
in the file system before it is written into the workspace, so a step sees what it was given and nothing else of the run.

Standard output: one JSON line when a step begins and one when it has ended, one a declared file or a refusal, then {"done": nonce, "lines": n}. Only this process can
write there: it is process 1 of its name space, so nothing inside can signal it, trace it or open its descriptors, and a step
holds no descriptor but its own three pipes. What a step writes is relayed as opaque bytes in base64.

After each step every other process of the name space is killed and collected; the files are read when the last one is gone, by
names that no link can lead astray.
"""
import os
import select
import stat
import sys
import time

# The C halves of json, base64 and signal: importing the whole modules takes as long as all the rest.
from _json import encode_basestring_ascii as quoted
from _signal import SIG_DFL, SIGINT, SIGKILL, SIGPIPE, SIGXFSZ, signal
from binascii import b2a_base64

sys.path.insert(0, "/work")
from collect import collect

PLACE = "/tmp"
WORKSPACE = PLACE + "/workspace"
SCRATCH = PLACE + "/scratch"
# How often a step's inodes are counted, which the size of a tmpfs does not bound.
LOOK_SECONDS = 0.05
CHUNK = 65536


def read_exactly(size):
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        sys.exit("the request is shorter than it says")
    return data


def inodes():
    place = os.statvfs(PLACE)
    return place.f_files - place.f_ffree


def clear(nonce):
    """Empties the writable place. Folders are moved up before they are emptied: however deep a step nested them, no path gets long."""
    place = PLACE.encode()
    trash = place + b"/" + nonce.encode()
    os.chmod(place, 0o755)
    os.mkdir(trash)
    waiting = [place]
    moved = 0
    while waiting:
        folder = waiting.pop()
        for name in os.listdir(folder):
            path = folder + b"/" + name
            if path == trash:
                continue
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                os.unlink(path)
                continue
            os.chmod(path, 0o700)
            moved += 1
            waiting.append(trash + b"/%d" % moved)
            os.rename(path, waiting[-1])
        if folder != place:
            os.rmdir(folder)
    os.rmdir(trash)


def write_files(files):
    """Into an empty place."""
    for folder in (WORKSPACE, SCRATCH):
        os.mkdir(folder)
    for path, data in files.items():
        whole = f"{WORKSPACE}/{path}"
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "xb") as file:
            file.write(data)
        if data[:2] == b"#!":
            os.chmod(whole, 0o755)


def child(argv, environment, pipes):
    """Never returns."""
    try:
        os.setsid()
        for standard, pipe in enumerate(pipes):
            os.dup2(pipe, standard)
        os.closerange(3, 256)
        # Python ignores these two, and what is ignored stays so in the program.
        signal(SIGPIPE, SIG_DFL)
        signal(SIGXFSZ, SIG_DFL)
        os.chdir(WORKSPACE)
        os.execvpe(sys.executable if argv[0] == "python3" else argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


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


class Kept:
    """What one pipe brought, up to a limit."""

    def __init__(self, descriptor, limit):
        os.set_blocking(descriptor, False)
        self.descriptor, self.limit = descriptor, limit
        self.data = bytearray()
        self.over = self.ended = False

    def read(self):
        try:
            chunk = os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return False
        self.ended = not chunk
        self.over = self.over or len(self.data) + len(chunk) > self.limit
        self.data += chunk[: self.limit - len(self.data)]
        return not self.ended and not self.over


def run_step(step, stdin, limits):
    """Gives how it ended, its exit code, seconds by this process's clock, standard output and standard error."""
    environment = {**os.environ, "PWD": WORKSPACE, "HOME": SCRATCH, "TMPDIR": SCRATCH, **step["env"]}
    (stdin_out, stdin_in), (out, out_in), (err, err_in) = os.pipe(), os.pipe(), os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        child(step["argv"], environment, (stdin_out, out_in, err_in))
    for descriptor in (stdin_out, out_in, err_in):
        os.close(descriptor)
    gone = os.pidfd_open(pid)
    streams = {out: Kept(out, limits["outputBytes"]), err: Kept(err, limits["outputBytes"])}
    os.set_blocking(stdin_in, False)
    watch = select.poll()
    for descriptor in (gone, out, err):
        watch.register(descriptor, select.POLLIN)
    watch.register(stdin_in, select.POLLOUT)
    looked = started
    room = limits["inodes"] + inodes()
    how = None
    while how is None:
        now = time.monotonic()
        left = started + step["seconds"] - now
        if left <= 0:
            how = "timeout"
        elif now - looked > LOOK_SECONDS:
            looked = now
            how = "output-limit" if inodes() > room else None
        for descriptor, _ in watch.poll(1000 * min(max(left, 0), LOOK_SECONDS)) if how is None else ():
            if descriptor == gone:
                how = "exited"
            elif descriptor == stdin_in:
                try:
                    stdin = stdin[os.write(stdin_in, stdin[:CHUNK]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    stdin = b""
                if not stdin:
                    watch.unregister(stdin_in)
                    os.close(stdin_in)
                    stdin_in = None
            elif not streams[descriptor].read():
                if streams[descriptor].over:
                    how = "output-limit"
                elif streams[descriptor].ended:
                    watch.unregister(descriptor)
    seconds = time.monotonic() - started
    status = reap(pid)
    code = None
    if how == "exited":
        for stream in streams.values():
            while stream.read():
                pass
        if os.WIFEXITED(status):
            code = os.WEXITSTATUS(status)
        else:
            how = "signalled"
        if any(stream.over for stream in streams.values()):
            how, code = "output-limit", None
    for descriptor in (gone, out, err, stdin_in):
        if descriptor is not None:
            os.close(descriptor)
    return how, code, seconds, bytes(streams[out].data), bytes(streams[err].data)


def main():
    if os.getpid() != 1:
        sys.exit("the driver must be process 1 of its name space")
    # Python's own handler would turn an interrupt sent by a step into an exception here; by default process 1 is immune.
    signal(SIGINT, SIG_DFL)
    if os.path.exists("/proc/self"):
        # Where a sandbox shows /proc, steps of the same user could open this process's descriptors there.
        import ctypes

        if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0:
            sys.exit("the driver could not protect itself")
    # The grader's own JSON, which is a Python expression but for three names.
    line = sys.stdin.buffer.readline().decode()
    request = eval(line, {"__builtins__": {}, "true": True, "false": False, "null": None})
    limits = request["limits"]
    files = {path: read_exactly(size) for path, size in request["files"]}
    said = 0

    def write(text):
        data = text.encode()
        while data:
            data = data[os.write(1, data) :]

    def say(text, pieces=(), end=""):
        nonlocal said
        said += 1
        write(text)
        for piece in pieces:
            write(piece)
        write(end + "\n")

    written = False
    for number, step in enumerate(request["steps"]):
        stdin = read_exactly(step["stdin"])
        if step["fresh"] is not None or not written:
            if written:
                clear(request["nonce"])
            own = {path: read_exactly(size) for path, size in step["fresh"] or ()}
            write_files({**files, **own})
            written = True
        say(f'{{"began":{number}}}')
        how, code, seconds, out, err = run_step(step, stdin, limits)
        texts = [b2a_base64(text, newline=False).decode() for text in (out, err)]
        code = "null" if code is None else code
        say(
            f'{{"step":{number},"how":"{how}","exitCode":{code},"milliseconds":{seconds * 1000:.3f},'
            f'"stdout":"{texts[0]}","stderr":"{texts[1]}"}}'
        )
    os.chmod(PLACE, 0o755)
    collect(WORKSPACE, request["collect"], limits, say)
    say(f'{{"done":{quoted(request["nonce"])},"lines":{said}}}')


main()
