"""The control API over HTTP: which policies are served, and where."""

from __future__ import annotations

import json
import re
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Callable
from urllib.parse import unquote

from anneal_trainer.store import parse_ref

from .access import Access, family
from .pool import Pool, Refused

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:+-]{0,119}")
LARGEST_BODY = 64 * 1024


class Control(ThreadingHTTPServer):
    daemon_threads = True
    # A server that is started again at once must get its port back.
    allow_reuse_address = True

    def __init__(self, port: int, pool: Pool, model: str, access: Access) -> None:
        self.pool, self.model, self.access = pool, model, access
        self.address_family = family(access.bind)
        super().__init__((access.bind, port), Handler)

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which can take as long as a name server does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Control

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def _get(self) -> Any:
        if self.path == "/health":  # alive; whoever may not ask for policies is told no more
            health = {"ok": True, "model": self.server.model}
            return health | {"engines": self.server.pool.describe()} if self._trusted() else health
        if self.path == "/ready":
            self.server.pool.ready()
            return {"ready": True}
        return self.server.pool.get(self._name())

    def _put(self) -> Any:
        name = self._name()
        try:
            body = json.loads(self._body or b"null")
        except ValueError as error:
            raise Refused(400, "bad_request", f"the body is not JSON: {error}") from None
        if not isinstance(body, dict) or set(body) != {"adapter"}:
            raise Refused(400, "bad_request", 'the body must be {"adapter": REF or null}')
        ref = None
        if body["adapter"] is not None:
            ref, problems = parse_ref(body["adapter"], "adapter")
            if problems:
                raise Refused(400, "bad_request", "; ".join(p.line() for p in problems))
        return self.server.pool.put(name, ref)

    def _delete(self) -> Any:
        name = self._name()
        self.server.pool.delete(name)
        return {"policy": name, "deleted": True}

    def _trusted(self) -> bool:
        return self.server.access.may(self.headers.get("authorization"))

    def _name(self) -> str:
        if not self._trusted():
            raise Refused(401, "unauthorized", "send Authorization: Bearer and the server's token")
        prefix, _, name = self.path.partition("/policies/")
        name = unquote(name)
        if prefix or not name:
            raise Refused(404, "not_found", f"no {self.path} here")
        if not NAME.fullmatch(name):
            raise Refused(400, "bad_request", f"a policy name matches {NAME.pattern}")
        return name

    def _answer(self, work: Callable[[], Any]) -> None:
        try:
            # Read even when unused: what is left over would be taken for the next request.
            length = int(self.headers.get("content-length") or 0)
            if length > LARGEST_BODY:
                self.close_connection = True
                raise Refused(413, "bad_request", f"a body has at most {LARGEST_BODY} bytes")
            self._body = self.rfile.read(length)
            status, value = 200, work()
        except Refused as error:
            status, value = error.status, {"code": error.code, "message": str(error)}
        except Exception as error:
            traceback.print_exc()
            status, value = 500, {"code": "internal", "message": f"{type(error).__name__}: {error}"}
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: health is asked for all the time."""
