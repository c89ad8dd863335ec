"""Which weights a worker computes with: the truth that an update of a fleet is decided from.

vLLM 0.24 knows start_weight_update, update_weights and finish_weight_update, but no version. Its layer-wise reload also
goes on counting where a failed load stopped (`initialize_layerwise_reload` skips layers that it has begun), so that a
second load would leave parameters unset. The ledger therefore refuses a load until the session was finished.
"""

from __future__ import annotations

import uuid
from typing import Any

SCHEMA = "anneal/worker-weights/v1"


class Refused(ValueError):
    """The worker's answer to a call that would harm its weights; vLLM passes it on as HTTP 4xx or 5xx."""


class Ledger:
    """Of one worker process. `serving` is what the operator vouches for at the start, or None."""

    def __init__(self, rank: int, serving: str | None = None) -> None:
        self.rank, self.serving = rank, serving
        self.boot = uuid.uuid4().hex
        self.fence = 0
        self.dirty = False
        self.received: str | None = None

    def claim(self, fence: int) -> None:
        """A newer update takes over; the same one may say so again."""
        if fence < self.fence:
            raise Refused(f"update {fence} gives way to update {self.fence}")
        self.fence = fence

    def load_begins(self, fence: int, session: bool) -> None:
        if fence != self.fence:
            raise Refused(f"update {fence} gives way to update {self.fence}")
        if not session:
            raise Refused("start_weight_update must be called before update_weights")
        if self.dirty:
            raise Refused("a load was broken off: finish this session first")
        if self.received is not None:
            raise Refused("these weights are here already: finish this session")
        self.dirty = True

    def load_ended(self, tag: str) -> None:
        self.received, self.dirty = tag, False

    def finished(self) -> None:
        """The session was closed: what was received whole now counts; what was broken off is of no version."""
        if self.dirty:
            self.serving = None
        elif self.received is not None:
            self.serving = self.received
        self.dirty, self.received = False, None

    def describe(self, session: bool, cache: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "boot": self.boot,
            "rank": self.rank,
            "fence": self.fence,
            "session": session,
            "dirty": self.dirty,
            "received": self.received,
            "serving": self.serving,
            "cache": cache,
        }
