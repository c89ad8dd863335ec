"""ASGI middleware of the vLLM server (`--middleware anneal_megatron.serving.guard.Guard`).

It lets a request for a completion through only if that names the weights that every worker said it computes with, and
looks again before the answer is given out: a request may have waited in a paused server's queue while the weights changed.
Everything that is not needed to sample asks for the control token; vLLM's own key guards only paths below /v1.
"""

from __future__ import annotations

import hmac
import json
import os
from pathlib import Path
from typing import Any, Awaitable, Callable

HEADER = b"x-anneal-weights"
TOKEN_FILE = "ANNEAL_CONTROL_TOKEN_FILE"
SAMPLING = ("/v1/completions", "/v1/chat/completions")
OPEN = ("/health", "/v1/models", "/tokenize", "/detokenize", "/metrics", "/version", *SAMPLING)
CHANGES = ("/start_weight_update", "/update_weights", "/finish_weight_update")
ASKING = "/collective_rpc"
METHOD = "anneal_weights"
LARGEST_BODY = 1 << 20

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """One front-end process: it must be the only one (`--api-server-count 1`), or it would miss changes."""

    def __init__(self, app: Any, token: str | None = None) -> None:
        self._app = app
        file = os.environ.get(TOKEN_FILE)
        self._token = token if token is not None else Path(file).read_text().strip() if file else ""
        self._serving: str | None = None
        self._changes = 0
        self._changing = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # Nothing of ours speaks over a web socket, and it could not be checked.
            return await (self._app(scope, receive, send) if scope["type"] == "lifespan" else _close(send))
        path = scope["path"]
        headers = dict(scope["headers"])
        if path not in OPEN and not self._may(headers.get(b"authorization", b"")):
            return await _answer(send, 401, "the control token is needed")
        if path in SAMPLING:
            return await self._sample(scope, receive, send, headers.get(HEADER, b"").decode("latin-1"))
        if path in CHANGES:
            return await self._change(scope, receive, send)
        if path == ASKING:
            return await self._ask(scope, receive, send)
        await self._app(scope, receive, send)

    def _may(self, given: bytes) -> bool:
        return not self._token or hmac.compare_digest(given, b"Bearer " + self._token.encode())

    async def _sample(self, scope: Message, receive: Receive, send: Send, wanted: str) -> None:
        if not wanted:
            return await _answer(send, 428, f"name the weights in the header {HEADER.decode()}")
        if wanted != self._serving:
            return await _answer(send, 409, f"these weights are {self._serving or 'of no known version'}")
        began = self._changes
        refused = False

        async def checked(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            same = self._changes == began and self._serving == wanted
            if message["type"] == "http.response.start" and same:
                name = (HEADER, wanted.encode())
                message = {**message, "headers": [*message.get("headers", []), name]}
            elif message["type"] == "http.response.start":
                refused = True
                return await _answer(send, 409, "the weights changed while the request waited")
            elif not same:
                # Of a stream, some has been given out: a broken connection is what is left to say.
                raise ConnectionAbortedError("the weights changed during the generation")
            await send(message)

        await self._app(scope, receive, checked)

    async def _change(self, scope: Message, receive: Receive, send: Send) -> None:
        # Before it begins: from here on nobody knows what the workers compute with.
        self._changes += 1
        self._changing += 1
        self._serving = None
        try:
            await self._app(scope, receive, send)
        finally:
            self._changing -= 1

    async def _ask(self, scope: Message, receive: Receive, send: Send) -> None:
        """Learns from the workers' own words, unless a change has begun since they were asked."""
        body = await _body(receive)
        if body is None:
            return await _answer(send, 413, f"a body has at most {LARGEST_BODY} bytes")
        began, busy = self._changes, self._changing
        status, said = 0, b""
        sent = False

        async def again() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def heard(message: Message) -> None:
            nonlocal status, said
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                said += message.get("body", b"")
                if not message.get("more_body") and status == 200 and began == self._changes and not busy:
                    self._learn(body, said)
            await send(message)

        await self._app(scope, again, heard)

    def _learn(self, asked: bytes, said: bytes) -> None:
        try:
            if json.loads(asked).get("method") != METHOD:
                return
            workers = json.loads(said)["results"]
            steady = all(not w["session"] and not w["dirty"] for w in workers)
            tags = {w["serving"] for w in workers}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._serving = None
            return
        self._serving = tags.pop() if steady and len(tags) == 1 else None


async def _body(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


async def _answer(send: Send, status: int, text: str) -> None:
    body = json.dumps({"error": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1008})
