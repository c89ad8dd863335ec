"""The rollout image's guard (trainer/anneal_megatron/serving/guard.py, as it is) before *scripted* vLLM servers, with the standard
library alone: an HTTP server that calls the guard as uvicorn does, and an application behind it that passes everything on.

Many doors in one process. Lines of JSON come in (`open`, `shut`, `sync`), each is answered; beside the answers a line tells
what became of each request for a completion. A door that is shut forgets everything: in the image the guard dies with its vLLM.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "trainer"))
from anneal_megatron.serving.guard import SAMPLING, Guard  # noqa: E402

Headers = list[tuple[bytes, bytes]]
SAMPLE = b"x-request-id"
# What a scripted server says when its answer is to be lost on the way: it has ended the call, and nobody hears of it.
LOST = b"x-scripted-lost"


def tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def head_of(reader: asyncio.StreamReader) -> tuple[list[bytes], Headers]:
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = [line.split(b":", 1) for line in lines[1:] if line]
    return lines[0].split(b" ", 2), [(name.lower(), value.strip()) for name, value in headers]


async def body_of(reader: asyncio.StreamReader, headers: Headers) -> bytes:
    return await reader.readexactly(int(dict(headers).get(b"content-length", b"0")))


class Door:
    def __init__(self, upstream: int, token: str) -> None:
        self._upstream = upstream
        self._guard = Guard(self._app, token)
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self, port: int) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (method, target, _), headers = await head_of(reader)
            body = await body_of(reader, headers)
            path, _, query = target.partition(b"?")
            scope = {"type": "http", "method": method.decode(), "path": path.decode(), "query_string": query}
            work = asyncio.ensure_future(self._serve({**scope, "headers": headers}, body, writer))
            gone = asyncio.ensure_future(reader.read(1))
            try:
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
                # vLLM ends a generation that nobody waits for; what changes weights goes on to its end.
                if not work.done() and path.decode() in SAMPLING:
                    work.cancel()
                await work
            finally:
                gone.cancel()
                work.cancel()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.transport.abort() if not writer.is_closing() else None

    async def _serve(self, scope: dict[str, Any], body: bytes, writer: asyncio.StreamWriter) -> None:
        heard = False
        lost = False

        async def receive() -> dict[str, Any]:
            nonlocal heard
            if heard:
                return {"type": "http.disconnect"}
            heard = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal lost
            if message["type"] == "http.response.start":
                headers: Headers = message["headers"]
                named = dict(headers)
                lost = LOST in named
                if scope["path"] in SAMPLING:
                    sample = named.get(SAMPLE, b"").decode()
                    tell({"port": self.port, "status": message["status"], "sample": sample})
                if lost:
                    return
                lines = [b"HTTP/1.1 %d Answered" % message["status"], *(b": ".join(one) for one in headers)]
                writer.write(b"\r\n".join([*lines, b"connection: close", b"", b""]))
            elif not lost:
                writer.write(message["body"])

        await self._guard(scope, receive, send)
        if lost:
            await asyncio.Event().wait()
        await writer.drain()
        writer.close()

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            target = scope["path"].encode() + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            kept = [b": ".join(one) for one in scope["headers"] if one[0] not in (b"connection", b"content-length")]
            length = b"content-length: %d" % len(body)
            first = scope["method"].encode() + b" " + target + b" HTTP/1.1"
            writer.write(b"\r\n".join([first, *kept, length, b"connection: close", b"", b""]) + body)
            (_, status, *_), headers = await head_of(reader)
            answer = await body_of(reader, headers)
        finally:
            writer.transport.abort()
        kept_back = (b"connection", b"transfer-encoding", b"keep-alive")
        passed = [one for one in headers if one[0] not in kept_back]
        await send({"type": "http.response.start", "status": int(status), "headers": passed})
        await send({"type": "http.response.body", "body": answer, "more_body": False})


async def main() -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    doors: dict[int, Door] = {}
    while line := await orders.readline():
        order = json.loads(line)
        answer = {"id": order["id"]}
        if order["do"] == "open":
            door = Door(order["upstream"], order["token"])
            answer["opened"] = await door.open(order["port"])
            doors[door.port] = door
        elif order["do"] == "shut" and order["port"] in doors:
            doors.pop(order["port"]).shut()
        tell(answer)


asyncio.run(main())
