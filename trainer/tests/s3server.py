"""A real S3 server for the tests (versitygw on a folder), and a proxy before it that makes faults."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable

import pytest

from support import wait_for

REPO = Path(__file__).parent.parent.parent
# Read here, since tests run without any ANNEAL_ variable.
CONFIGURED = os.environ.get("ANNEAL_VERSITYGW", "")
ACCESS, SECRET = "anneal-tests", "only-on-loopback"


def binary() -> Path:
    """The server's program; otherwise the test is skipped, saying why."""
    if importlib.util.find_spec("boto3") is None:
        pytest.skip("boto3 is not installed: pip install --no-deps -r trainer/requirements-s3.lock")
    found = [Path(CONFIGURED)] if CONFIGURED else sorted((REPO / ".testbed" / "bin").glob("**/versitygw"))
    if not found or not os.access(found[-1], os.X_OK):
        pytest.skip("no versitygw: name one in ANNEAL_VERSITYGW, or have one below .testbed/bin")
    return found[-1].absolute()


@dataclass
class S3Server:
    """Buckets are folders below `root`; objects are files in them."""

    root: Path
    port: int
    users: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, access: str = ACCESS, secret: str = SECRET, url: str = "") -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": url or self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            # Whatever the machine has configured for people stays out of it.
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }

    def add_user(self, access: str, secret: str) -> None:
        """One who may do nothing until a bucket's owner lets him."""
        command = [str(binary()), "admin", "--access", ACCESS, "--secret", SECRET, "--endpoint-url", self.url]
        command += ["create-user", "--access", access, "--secret", secret, "--role", "user"]
        subprocess.run(command, check=True, capture_output=True, timeout=20)


def serve(folder: Path) -> S3Server:
    """One request at a time: its conditional writes look first and write then."""
    root, users = folder / "buckets", folder / "users"
    root.mkdir()
    users.mkdir()
    port = free_port()
    command = [str(binary()), "--port", f"127.0.0.1:{port}", "--access", ACCESS, "--secret", SECRET]
    command += ["--iam-dir", str(users), "--keep-alive", "--quiet", "posix", "--concurrency", "1", str(root)]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(["nice", *command], stdout=log, stderr=log)
    server = S3Server(root, port, users, process)
    wait_for(lambda: answers(server.url), "the S3 server", 20)
    return server


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclass
class Fault:
    """Once, for the first request that fits: a status, or what happens to the server's answer."""

    method: str
    part: str
    kind: int | str  # a status; "drop": the answer is lost; "truncate": half of it arrives


@dataclass
class Proxy:
    """Passes requests on to the server; `before` and `after` see each, `down` refuses all."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    down: bool = False
    after: Callable[[str], None] = lambda request: None

    def start(self, upstream: int) -> ThreadingHTTPServer:
        proxy, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                with lock:
                    request = f"{self.command} {self.path}"
                    proxy.seen.append(request)
                    fits = [f for f in proxy.faults if f.method == self.command and f.part in self.path]
                    fault = fits[0] if fits else None
                    if fault:
                        proxy.faults.remove(fault)
                if proxy.down:
                    self.close_connection = True
                    return
                if fault and isinstance(fault.kind, int):
                    return self.send(fault.kind, [], b"", 0)
                connection = http.client.HTTPConnection("127.0.0.1", upstream, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
                connection.request(self.command, self.path, body, headers)
                got = connection.getresponse()
                data = got.read()
                connection.close()
                proxy.after(request)
                if fault and fault.kind == "drop":
                    self.close_connection = True
                    return
                length = int(got.getheader("content-length") or len(data))
                if fault and fault.kind == "truncate":
                    data = data[: len(data) // 2]
                    self.close_connection = True
                self.send(got.status, got.getheaders(), data, length)

            def send(self, status: int, headers: list[tuple[str, str]], data: bytes, length: int) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("content-length", str(length))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # the client was killed: that is what some tests are about

        server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server
