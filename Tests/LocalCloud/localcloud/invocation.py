"""One event on its way through a function, and how it ended."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: `response`, `error` or `died`."""

    kind: str
    body: bytes = b""
    error_type: str | None = None
    exit_status: int | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Invocation:
    """One event on its way through the function."""

    event: bytes
    request_id: str
    timeout_s: float
    function_arn: str
    trace_id: str
    extra_headers: dict[str, str]
    handed_out: threading.Event = field(default_factory=threading.Event)
    _outcome: Outcome | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def result(self, timeout: float = 30.0) -> Outcome:
        if not self._ended.wait(timeout):
            raise TimeoutError(f"no result for {self.request_id} in {timeout} s")
        assert self._outcome is not None
        return self._outcome

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._ended.set()

    def headers(self) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
            **self.extra_headers,
        }
