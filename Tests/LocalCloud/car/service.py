"""The server: sign-in, the log of calls, faults, and everything that it holds."""

from __future__ import annotations

import re
import threading
import time
import traceback
from typing import Any

from . import control
from .faults import Fault, FaultBook, play
from .graph import SourceGraph, Timeline
from .handlers import HANDLERS, WITHOUT_DATABASE, Call
from .imports import Import, Job, Refused
from .routes import Operation, identify
from .settings import Credentials, Settings
from .wire import Answer, Request, json_answer

_MOST_VIOLATIONS = 1000
_COLLECTION = re.compile(rb'"([a-z_]+)"\s*:\s*\[')


class Service:
    """Everything that answers on the one port."""

    def __init__(self, credentials: Credentials, stopping: threading.Event) -> None:
        self.credentials = credentials
        self.faults = FaultBook()
        self.lock = threading.RLock()
        self._stopping = stopping
        self.reset()

    def reset(self) -> None:
        """An empty, ready database; no calls, faults or violations."""
        with self.lock:
            self.settings = Settings()
            self.faults.clear()
            self.calls: list[dict[str, Any]] = []
            self.violations: list[dict[str, Any]] = []
            self.timeline = Timeline()
            self.graphs: dict[str, SourceGraph] = {}
            self.jobs: dict[str, Job] = {}
            self.imports: dict[str, Import] = {}
            # Those whose answer got lost, by the digest of what was sent.
            self.lost: dict[bytes, Import] = {}
            self.extensions: dict[str, Any] = {}
            self.totals: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer | None:
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)
        operation = identify(request)
        call = self._begin(request, operation)
        answer = self._answer(request, operation, call)
        call["status"] = answer and answer.status
        return answer

    def violate(self, kind: str, message: str) -> None:
        """Writes down what no correct client does."""
        with self.lock:
            if len(self.violations) < _MOST_VIOLATIONS:
                self.violations.append({"kind": kind, "message": message, "call": len(self.calls)})

    def settle(self) -> None:
        """Ends everything that is under way, in order, as it would have ended by itself in time."""
        with self.lock:
            for work in [*self.jobs.values(), *self.imports.values()]:
                work.finish()

    def graph(self, source: str) -> SourceGraph:
        if source not in self.graphs:
            self.graphs[source] = SourceGraph(source, self.timeline)
        self.graphs[source].replace_members = self.settings.members == "replace"
        return self.graphs[source]

    def _begin(self, request: Request, operation: Operation) -> dict[str, Any]:
        with self.lock:
            call: dict[str, Any] = {
                "number": len(self.calls) + 1,
                "time": time.time(),
                "method": request.method,
                "target": request.target,
                "action": operation.action,
                "bytes": len(request.body),
                "status": None,
                "fault": None,
            }
            self.calls.append(call)
            return call

    def _answer(self, request: Request, operation: Operation, call: dict[str, Any]) -> Answer | None:
        if not self.credentials.accept(request.headers.get("authorization", "")):
            return json_answer(401, {"message": "Authentication failed"})
        resource = request.target
        if operation.action == "Import":
            resource += " " + b" ".join(_COLLECTION.findall(request.body)).decode()
        fault = self.faults.take(operation.action, resource)

        def work() -> Answer:
            with self.lock:
                return self._work(request, operation, call, fault)

        if fault is None:
            return work()
        call["fault"] = fault.kind
        return play(fault, work, self._wait)

    def _work(
        self, request: Request, operation: Operation, call: dict[str, Any], fault: Fault | None
    ) -> Answer:
        handler = HANDLERS.get(operation.action)
        if handler is None:
            self.violate("unknown call", f"{request.method} {request.target[:300]}")
            return json_answer(404, {"message": "there is no such call"})
        needs_database = operation.action not in WITHOUT_DATABASE
        if needs_database and self.settings.database != "ready":
            self.violate("database not ready", f"{operation.action} of a database that is not ready")
            return json_answer(503, {"message": "the database is not ready"})
        try:
            return handler(Call(self, request, operation.parts, call, fault))
        except Refused as refused:
            self.violate("refused", str(refused))
            return json_answer(refused.status, {"message": str(refused)})
        except Exception as problem:
            traceback.print_exc()
            self.violate("server error", repr(problem))
            return json_answer(500, {"message": repr(problem)})

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)
