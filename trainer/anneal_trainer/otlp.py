"""Sends spans to a collector: OTLP over HTTP as JSON, with the standard library alone. Imported only where a job is traced.

A span that is not taken at once is dropped, and so is one for which there is no room: no step waits for a collector.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

# At most so many in a request, and waiting: a step of a second fills neither.
BATCH, ROOM = 256, 2048
GATHER_SECONDS = 2.0
# Of one wait for the network; the training goes on meanwhile.
TIMEOUT_SECONDS = 2.0
# How long the end of a process is held up. A pod is two processes, one after the other.
CLOSE_SECONDS = 1.0

Wire = dict[str, Any]


class Sender:
    """A queue and the thread that empties it. SimpleQueue, because `put` and `close` are called in signal handlers as well."""

    def __init__(self, url: str, service: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no address of a collector")
        secure = parts.scheme == "https"
        self._connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        self._waiting: SimpleQueue[Wire | None] = SimpleQueue()
        self._done: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._run, name="spans", daemon=True).start()

    def put(self, span: Wire) -> None:
        if self._waiting.qsize() < ROOM:
            self._waiting.put(span)

    def close(self) -> None:
        """Sends what is left, for at most CLOSE_SECONDS. Once."""
        self._waiting.put(None)
        try:
            self._done.get(timeout=CLOSE_SECONDS)
        except Empty:
            pass

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._gather()
            if batch:
                try:
                    self._send(batch)
                except Exception:  # whatever it is, it is no trouble of the job's
                    pass
        self._done.put(None)

    def _gather(self) -> tuple[list[Wire], bool]:
        """A batch, and whether it is the last one."""
        batch: list[Wire] = []
        until = float("inf")
        while len(batch) < BATCH:
            left = min(until - time.monotonic(), threading.TIMEOUT_MAX)
            try:
                span = self._waiting.get(timeout=max(left, 0))
            except Empty:
                break
            if span is None:
                return batch, True
            batch.append(span)
            until = min(until, time.monotonic() + GATHER_SECONDS)
        return batch, False

    def _send(self, spans: list[Wire]) -> None:
        body = {"resourceSpans": [{"resource": self._resource, "scopeSpans": [{"scope": {"name": "anneal"}, "spans": spans}]}]}
        connection = self._connect(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", self._path, json.dumps(body).encode(), {"Content-Type": "application/json"})
            connection.getresponse().read(4096)
        finally:
            connection.close()


def open_sender(url: str, service: str) -> Sender | None:
    """None where there is nothing to send to, or no thread to be had: a job is not refused for its spans."""
    try:
        return Sender(url, service)
    except (ValueError, RuntimeError):
        return None
