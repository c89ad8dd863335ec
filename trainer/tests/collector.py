"""A collector of spans on loopback: takes OTLP over HTTP as JSON, or does what a sick one does."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator

TRACE, CALLER = "ab" * 16, "cd" * 8


@dataclass(frozen=True)
class Seen:
    service: str
    trace: str
    id: str
    parent: str
    name: str
    begin: int
    end: int
    about: dict[str, Any]
    failed: str

    @property
    def seconds(self) -> float:
        return (self.end - self.begin) / 1e9


class Collector:
    """Every span that came, and how many at a time. `silent`: requests are taken and never answered."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.batches: list[int] = []
        self.paths: set[str] = set()
        self.status, self.silent = 200, threading.Event()
        self._released = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.silent.is_set():
                    collector._released.wait(20)
                    return
                assert self.headers["Content-Type"] == "application/json"
                collector.paths.add(self.path)
                spans = list(read(json.loads(body)))
                collector.spans += spans
                collector.batches.append(len(spans))
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def environment(self, flags: str = "01") -> dict[str, str]:
        """What the worker gives a job's process."""
        return {"TRACEPARENT": f"00-{TRACE}-{CALLER}-{flags}", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{self.url}/v1/traces"}

    def of(self, name: str) -> list[Seen]:
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.begin)

    def only(self, name: str) -> Seen:
        (span,) = self.of(name)
        return span

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()


def read(document: dict[str, Any]) -> Iterator[Seen]:
    """By the published schema: 64-bit numbers are texts, ids are hexadecimal."""
    for resource in document["resourceSpans"]:
        service = values(resource["resource"])["service.name"]
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                begin, end = span["startTimeUnixNano"], span["endTimeUnixNano"]
                assert isinstance(begin, str) and isinstance(end, str)
                status = span["status"]
                failed = status["message"] if status.get("code") == 2 else ""
                yield Seen(
                    service, span["traceId"], span["spanId"], span["parentSpanId"], span["name"],
                    int(begin), int(end), values(span), failed,
                )  # fmt: skip


def values(holder: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in holder["attributes"]:
        ((kind, value),) = pair["value"].items()
        found[pair["key"]] = int(value) if kind == "intValue" else value
    return found
