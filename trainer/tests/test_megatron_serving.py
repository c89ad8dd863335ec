"""The ledger of a vLLM worker and the guard at the server's door, without vLLM."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable

import pytest

from anneal_megatron.serving.guard import HEADER, Guard
from anneal_megatron.serving.ledger import Ledger, Refused

TAG, OTHER = "3-" + "a" * 16, "2-" + "b" * 16


def loaded(tag: str = TAG) -> Ledger:
    ledger = Ledger(0)
    ledger.claim(1)
    ledger.load_begins(1, session=True)
    ledger.load_ended(tag)
    ledger.finished()
    return ledger


def test_what_was_received_counts_when_the_session_is_finished() -> None:
    ledger = Ledger(3)
    ledger.claim(7)
    assert ledger.describe(False, None)["serving"] is None
    ledger.load_begins(7, session=True)
    assert ledger.describe(True, None)["dirty"]
    ledger.load_ended(TAG)
    told = ledger.describe(True, {"tag": TAG, "toward": None})
    assert (told["received"], told["serving"], told["dirty"]) == (TAG, None, False)
    ledger.finished()
    told = ledger.describe(False, None)
    assert {**told, "boot": "b"} == {
        "schema": "anneal/worker-weights/v1", "boot": "b", "rank": 3, "fence": 7, "session": False,
        "dirty": False, "received": None, "serving": TAG, "cache": None,
    }  # fmt: skip


def test_a_load_that_broke_off_leaves_no_version_and_has_to_be_flushed() -> None:
    ledger = loaded()
    ledger.load_begins(1, session=True)
    with pytest.raises(Refused, match="broken off"):
        ledger.load_begins(1, session=True)
    ledger.finished()
    assert ledger.serving is None
    ledger.load_begins(1, session=True)


def test_a_session_without_a_load_changes_nothing() -> None:
    ledger = loaded()
    ledger.finished()
    assert ledger.serving == TAG


def test_a_second_load_in_one_session_and_one_without_a_session_are_refused() -> None:
    ledger = loaded()
    with pytest.raises(Refused, match="start_weight_update"):
        ledger.load_begins(1, session=False)
    ledger.load_begins(1, session=True)
    ledger.load_ended(TAG)
    with pytest.raises(Refused, match="here already"):
        ledger.load_begins(1, session=True)


def test_an_older_update_gives_way() -> None:
    ledger = loaded()
    ledger.claim(5)
    ledger.claim(5)
    for call in (lambda: ledger.claim(4), lambda: ledger.load_begins(4, session=True)):
        with pytest.raises(Refused, match="update 4 gives way to update 5"):
            call()


class Server:
    """What stands behind the guard; `act` answers."""

    def __init__(self, token: str = "") -> None:
        self.guard = Guard(self._app, token)
        self.workers = [{"session": False, "dirty": False, "serving": TAG} for _ in range(2)]
        self.before: Callable[[], Awaitable[None]] | None = None
        self.seen: list[str] = []

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["path"])
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        if self.before is not None:
            await self.before()
        said = {"results": self.workers} if scope["path"] == "/collective_rpc" else {"body": body.decode()}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    async def call(self, path: str, body: Any = None, **headers: str) -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[dict[str, Any]] = []
        pieces = [json.dumps(body).encode()[:5], json.dumps(body).encode()[5:]]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "path": path,
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        }
        await self.guard(scope, receive, send)
        data = b"".join(m.get("body", b"") for m in sent)
        return sent[0]["status"], dict(sent[0]["headers"]), json.loads(data)

    async def ask(self) -> None:
        await self.call("/collective_rpc", {"method": "anneal_weights"})

    async def complete(self, tag: str = TAG) -> tuple[int, dict[bytes, bytes], Any]:
        return await self.call("/v1/completions", {"prompt": [1]}, x_anneal_weights=tag)


def run(work: Callable[[Server], Awaitable[None]], **options: str) -> None:
    asyncio.run(work(Server(**options)))


def test_nothing_is_sampled_before_the_workers_have_said_what_they_compute_with() -> None:
    async def work(server: Server) -> None:
        assert (await server.complete())[0] == 409
        await server.ask()
        status, headers, body = await server.complete()
        assert (status, headers[HEADER], body) == (200, TAG.encode(), {"body": '{"prompt": [1]}'})
        assert (await server.complete(OTHER))[0] == 409
        assert (await server.call("/v1/completions", {}))[0] == 428
        assert (await server.call("/v1/chat/completions", {}))[0] == 428

    run(work)


@pytest.mark.parametrize("path", ["/start_weight_update", "/update_weights", "/finish_weight_update"])
def test_with_a_change_all_is_open_again_until_they_are_asked(path: str) -> None:
    async def work(server: Server) -> None:
        await server.ask()
        await server.call(path, {})
        assert (await server.complete())[0] == 409
        await server.ask()
        assert (await server.complete())[0] == 200

    run(work)


@pytest.mark.parametrize("key, value", [("session", True), ("dirty", True), ("serving", OTHER), ("serving", None)])
def test_one_worker_that_differs_is_enough(key: str, value: Any) -> None:
    async def work(server: Server) -> None:
        server.workers[1][key] = value
        await server.ask()
        assert (await server.complete())[0] == 409

    run(work)


def test_a_request_that_waited_while_the_weights_changed_is_not_answered() -> None:
    async def work(server: Server) -> None:
        await server.ask()

        async def change() -> None:
            server.before = None
            await server.call("/update_weights", {})
            await server.ask()  # the same version again: it may still have sampled in between

        server.before = change
        status, _, body = await server.complete()
        assert (status, body) == (409, {"error": "the weights changed while the request waited"})

    run(work)


def test_what_the_workers_said_before_a_change_is_not_believed_after_it() -> None:
    async def work(server: Server) -> None:
        async def change() -> None:
            server.before = None
            await server.call("/start_weight_update", {})

        server.before = change
        await server.ask()
        assert (await server.complete())[0] == 409

    run(work)


def test_a_stream_is_broken_off_when_the_weights_change() -> None:
    async def work(server: Server) -> None:
        await server.ask()

        async def stream(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            server.guard._changes += 1
            await send({"type": "http.response.body", "body": b"b"})

        server.guard._app = stream
        with pytest.raises(ConnectionAbortedError):
            await server.complete()

    run(work)


def test_other_rpcs_teach_nothing() -> None:
    async def work(server: Server) -> None:
        await server.call("/collective_rpc", {"method": "something"})
        assert (await server.complete())[0] == 409

    run(work)


def test_what_is_not_for_sampling_asks_for_the_control_token() -> None:
    async def work(server: Server) -> None:
        for path in ("/pause", "/collective_rpc", "/update_weights", "/sleep", "/v1/load_lora_adapter", "/server_info"):
            assert (await server.call(path, {}))[0] == 401
            assert (await server.call(path, {}, authorization="Bearer wrong"))[0] == 401
            assert (await server.call(path, {}, authorization="Bearer secret"))[0] == 200
        for path in ("/health", "/tokenize", "/v1/models"):
            assert (await server.call(path, {}))[0] == 200
        assert server.seen.count("/pause") == 1

    run(work, token="secret")
