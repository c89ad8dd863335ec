"""Which engines run: at most `limit`, the longest unused one making room for the next."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from anneal_trainer.atomic import write_atomic
from anneal_trainer.failures import JobFailure
from anneal_trainer.store import Ref, open_store

from . import policy
from .access import Access
from .policy import Engine, EngineFailed
from .spawner import Spawner

# An engine that answered a request this recently is still in use by someone.
BUSY_SECONDS = 2.0
# How long a newcomer waits for one of them to fall idle before it takes the oldest anyway.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 1.0


class Refused(Exception):
    """An answer other than 200: HTTP status, stable code, text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Pool:
    """Engines by policy name. A name stays bound to its adapter until it is deleted."""

    def __init__(self, spawner: Spawner, state: Path, model: "Future[Path]", limit: int, access: Access) -> None:
        self._spawner, self._state, self._model, self._limit = spawner, state, model, limit
        self._access = access
        self._bound: dict[str, Ref | None] = {}
        self._engines: dict[str, Engine] = {}
        self._changing = threading.Lock()  # held over a start or stop, seconds
        self._closed = False
        threading.Thread(target=self._look_around, name="look", daemon=True).start()

    def describe(self) -> list[dict[str, Any]]:
        return [e.describe() for e in list(self._engines.values()) if e.alive]

    def ready(self) -> None:
        """Raises Refused 503 while a policy could not be served."""
        if not self._model.done():
            raise Refused(503, "not_ready", "the model is being prepared")
        if error := self._model.exception():
            raise Refused(503, "model_unavailable", str(error))

    def put(self, name: str, adapter: Ref | None) -> dict[str, Any]:
        """Serve `name` with `adapter`. Raises Refused 409, 422 or 503."""
        with self._changing:
            if name in self._bound and self._bound[name] != adapter:
                raise Refused(409, "policy_conflict", f"{name} is bound to another adapter; delete it first")
            engine = self._running(name, adapter)
            self._bound[name] = adapter
            return engine.describe()

    def get(self, name: str) -> dict[str, Any]:
        """The engine of a bound policy, started again if it died or had to make room."""
        with self._changing:
            if name not in self._bound:
                raise Refused(404, "policy_unknown", f"no policy {name} here; PUT it first")
            return self._running(name, self._bound[name]).describe()

    def delete(self, name: str) -> None:
        with self._changing:
            if self._bound.pop(name, self) is self:
                raise Refused(404, "policy_unknown", f"no policy {name} here")
            self._stop(name)

    def close(self) -> None:
        """Stop every engine, without waiting for a start in progress (it dies with us)."""
        self._closed = True
        for engine in list(self._engines.values()):
            engine.kill()
        for engine in list(self._engines.values()):
            engine.stop()

    def _running(self, name: str, adapter: Ref | None) -> Engine:
        engine = self._engines.get(name)
        if engine is not None and engine.alive:
            engine.used = time.monotonic()
            return engine
        self._stop(name)
        file = self._fetch(adapter)
        self._make_room()
        sha256 = adapter.sha256 if adapter else None
        try:
            model = self._model.result()
        except Exception as error:
            raise Refused(503, "model_unavailable", str(error)) from None
        try:
            logs = self._state / "engines"
            engine = policy.start(self._spawner, logs, model, name, file, sha256, self._access)
        except EngineFailed as error:
            code = "adapter_rejected" if adapter else "engine_failed"
            raise Refused(422 if adapter else 503, code, str(error)) from None
        except OSError as error:  # no port, no process, no space: not the adapter's fault
            raise Refused(503, "engine_failed", str(error)) from None
        self._engines[name] = engine
        if self._closed:
            engine.stop()
        return engine

    def _fetch(self, adapter: Ref | None) -> Path | None:
        """A checked copy of the adapter, so that the store may drop or replace its own."""
        if adapter is None:
            return None
        try:
            data, problems = open_store().read(adapter, "adapter")
        except JobFailure as failure:
            text = "; ".join([failure.message, *(p.line() for p in failure.problems)])
            raise Refused(503, "store_unavailable", text) from None
        if data is None:
            raise Refused(422, "adapter_corrupt", "; ".join(p.line() for p in problems))
        if data[:4] != b"GGUF":
            raise Refused(422, "adapter_format", "expected a GGUF adapter (the job's adapterGguf output)")
        path = self._state / "adapters" / f"{adapter.sha256}.gguf"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
        return path

    def _make_room(self) -> None:
        for name in [n for n, e in self._engines.items() if not e.alive]:
            self._stop(name)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self._engines) >= self._limit:
            for engine in self._engines.values():
                engine.look()
            now = time.monotonic()
            idle = [e for e in self._engines.values() if now - e.busy > BUSY_SECONDS]
            if idle or now > deadline:
                oldest = min(idle or self._engines.values(), key=lambda e: e.used)
                self._stop(oldest.name)
            else:
                time.sleep(0.2)

    def _stop(self, name: str) -> None:
        if engine := self._engines.pop(name, None):
            engine.stop()

    def _look_around(self) -> None:
        """Keep `busy` and `used` current; needed only where there is a choice."""
        while not self._closed:
            time.sleep(LOOK_SECONDS)
            engines = list(self._engines.values())
            for engine in engines if len(engines) > 1 else ():
                engine.look()
