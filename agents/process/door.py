"""Starts an agent beside a forwarder: 127.0.0.1:PORT inside the sandbox leads to the socket at /work/door, and nowhere else.

    door.py PORT SECONDS KEPT -- COMMAND ...

Standard output: what the agent said, its beginning and its end, at most KEPT bytes of each. The last line of standard error says how it
ended: {"how": "exited" | "signalled" | "timeout", "code": N or null, "said": bytes}. The agent holds none of this process's descriptors.
"""
import os
import selectors
import signal
import socket
import sys
import time

DOOR = "/work/door"
CHUNK = 65536


def listen(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(64)
    server.setblocking(False)
    return server


def start(command):
    """The agent's process and the end of a pipe that brings its output and its errors."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            nothing = os.open("/dev/null", os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(into, 1)
            os.dup2(into, 2)
            os.closerange(3, 256)
            os.execvpe(sys.executable if command[0] == "python3" else command[0], command, os.environ)
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    os.close(into)
    os.set_blocking(out, False)
    return pid, out


class Way:
    """One direction of a connection: read from one end, written to the other, no more in between than one chunk."""

    def __init__(self, source, target):
        self.source, self.target, self.waiting, self.ended = source, target, b"", False


class Forwarder:
    def __init__(self, watch, server):
        self.watch, self.server = watch, server
        self.ways = {}
        watch.register(server, selectors.EVENT_READ, self.accept)

    def accept(self, _):
        try:
            client, _ = self.server.accept()
        except OSError:
            return
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            door.connect(DOOR)
        except OSError:
            client.close()
            door.close()
            return
        there, back = Way(client, door), Way(door, client)
        for end in (client, door):
            end.setblocking(False)
            self.ways[end] = (there, back)
            self.watch.register(end, selectors.EVENT_READ, self.move)
        return

    def move(self, end):
        if end not in self.ways:
            return
        ways = self.ways[end]
        try:
            for way in ways:
                self.step(way)
        except OSError:
            self.close(ways)
            return
        if all(way.ended and not way.waiting for way in ways):
            self.close(ways)
            return
        for side in (ways[0].source, ways[0].target):
            wanted = 0
            for way in ways:
                if way.source is side and not way.ended and not way.waiting:
                    wanted |= selectors.EVENT_READ
                if way.target is side and way.waiting:
                    wanted |= selectors.EVENT_WRITE
            self.want(side, wanted)

    def want(self, side, wanted):
        try:
            known = self.watch.get_key(side).events
        except KeyError:
            known = 0
        if wanted == known:
            return
        if known:
            self.watch.unregister(side)
        if wanted:
            self.watch.register(side, wanted, self.move)

    def step(self, way):
        while True:
            if not way.waiting:
                if way.ended:
                    return
                try:
                    way.waiting = way.source.recv(CHUNK)
                except BlockingIOError:
                    return
                if not way.waiting:
                    way.ended = True
                    way.target.shutdown(socket.SHUT_WR)
                    return
            try:
                sent = way.target.send(way.waiting)
            except BlockingIOError:
                return
            way.waiting = way.waiting[sent:]

    def close(self, ways):
        for side in (ways[0].source, ways[0].target):
            self.ways.pop(side, None)
            self.want(side, 0)
            side.close()


class Kept:
    """The beginning and the end of what was said."""

    def __init__(self, most):
        self.most, self.size, self.head, self.tail = most, 0, b"", b""

    def add(self, data):
        self.size += len(data)
        room = max(0, self.most - len(self.head))
        self.head += data[:room]
        self.tail = (self.tail + data[room:])[-self.most :] if len(data) > room else self.tail

    def text(self):
        left = self.size - len(self.head) - len(self.tail)
        gap = b"\n[... %d bytes ...]\n" % left if left > 0 else b""
        return self.head + gap + self.tail


def main():
    port, seconds, most = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    watch = selectors.DefaultSelector()
    Forwarder(watch, listen(port))
    kept = Kept(most)
    end = time.monotonic() + seconds
    pid, out = start(sys.argv[5:])
    gone = os.pidfd_open(pid)
    watch.register(gone, selectors.EVENT_READ, None)

    def read(_):
        try:
            data = os.read(out, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            watch.unregister(out)
            return False
        kept.add(data)
        return True

    watch.register(out, selectors.EVENT_READ, read)
    how = None
    while how is None:
        left = end - time.monotonic()
        if left <= 0:
            how = "timeout"
            os.kill(pid, signal.SIGKILL)
            break
        for key, _ in watch.select(left):
            if key.fileobj == gone:
                how = "exited"
            elif key.data is not None:
                key.data(key.fileobj)
    _, status = os.waitpid(pid, 0)
    try:
        while read(out):
            pass
    except (KeyError, ValueError):
        pass
    code = None
    if how == "exited":
        if os.WIFEXITED(status):
            code = os.WEXITSTATUS(status)
        else:
            how = "signalled"
    os.write(1, kept.text())
    said = "null" if code is None else code
    os.write(2, f'{{"how":"{how}","code":{said},"said":{kept.size}}}\n'.encode())


main()
