"""The job's spans, below the one that started it: TRACEPARENT says which (W3C Trace Context), the OTEL_… variables where they go.

Without both, and of a trace that nobody keeps, every call here returns at once: nothing is imported, started or sent.
Spans carry names, numbers and error codes, never messages: those may quote what a model wrote.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Mapping

from .failures import CHECKPOINTED, DONE

if TYPE_CHECKING:
    from .otlp import Sender

TRACES, ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
ATTEMPT = "ANNEAL_ATTEMPT"  # which try of the job this is, where somebody counts them
SERVICE = "anneal-trainer"
FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# Of children with one name; see `kept`.
WHOLE = 200
INTERNAL, ERROR = 1, 2  # SpanKind, StatusCode

Value = str | int | float | bool


class Span:
    """Timed from when it is made until `end`, or as the context of a `with`. Without a sender it is none, nor are its children."""

    def __init__(self, sender: "Sender | None", trace: str, parent: str, name: str, about: Mapping[str, Value]) -> None:
        self._sender, self._trace, self._parent, self._name = sender, trace, parent, name
        self._id = os.urandom(8).hex() if sender else ""
        self._about = dict(about)
        self._counts: dict[str, int] = {}
        # The clock may be set while a step runs: it says when, the other one how long.
        self._began, self._clock = time.time_ns(), time.monotonic_ns()

    def span(self, name: str, **about: Value) -> "Span":
        """A child. `about` becomes attributes with the prefix `anneal.`."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return Span(self._sender if kept(count) else None, self._trace, self._id, name, about)

    def set(self, **about: Value) -> None:
        self._about |= about

    def end(self, failed: str = "") -> None:
        """Once; later calls do nothing. `failed`: the code of what went wrong."""
        sender, self._sender = self._sender, None
        if sender is None:
            return
        end = self._began + time.monotonic_ns() - self._clock
        sender.put({
            "traceId": self._trace, "spanId": self._id, "parentSpanId": self._parent,
            "name": self._name, "kind": INTERNAL,
            "startTimeUnixNano": str(self._began), "endTimeUnixNano": str(end),
            "attributes": [{"key": f"anneal.{key}", "value": _typed(value)} for key, value in self._about.items()],
            "status": {"code": ERROR, "message": failed} if failed else {},
        })  # fmt: skip

    def leave(self, code: int) -> int:
        """Of the process's own span: ends it with what the process exits with, and waits a moment until all is sent."""
        sender = self._sender
        self.set(exit_code=code)
        self.end("" if code in (DONE, CHECKPOINTED) else f"exit {code}")
        if sender is not None:
            sender.close()
        return code

    def environment(self) -> dict[str, str]:
        """For a child process, whose spans hang below this one."""
        if self._sender is None:
            return {}
        attempt = {ATTEMPT: str(self._about["attempt"])} if "attempt" in self._about else {}
        return {"TRACEPARENT": f"00-{self._trace}-{self._id}-01", **attempt}

    def __enter__(self) -> "Span":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self.end("" if kind is None else str(getattr(error, "code", "") or kind.__name__))


OFF = Span(None, "", "", "", {})


def begin(name: str, env: Mapping[str, str] = os.environ, **about: Value) -> Span:
    """The process's own span; `leave` ends it."""
    parent = FORM.fullmatch(env.get("TRACEPARENT", ""))
    url = env.get(TRACES, "") or (env[ENDPOINT].rstrip("/") + "/v1/traces" if env.get(ENDPOINT) else "")
    if parent is None or not url:
        return OFF
    trace, span, flags = parent.groups()
    sampled = int(flags, 16) & 1
    if not sampled or not int(trace, 16) or not int(span, 16):
        return OFF
    from .otlp import open_sender

    if env.get(ATTEMPT, "").isdigit():
        about["attempt"] = int(env[ATTEMPT])
    return Span(open_sender(url, SERVICE), trace, span, name, about)


def kept(count: int) -> bool:
    """Of many alike the first 200, then every 10th up to 2,000, every 100th up to 20,000, and so on: a job of months is still read."""
    every = 1
    while count > WHOLE * every:
        every *= 10
    return count % every == 0


def _typed(value: Value) -> dict[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
