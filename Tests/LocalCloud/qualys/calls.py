"""The log of calls: what was asked, when, and what was answered. Tests read it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

_VALUE_LIMIT = 20_000
_CALLS_LIMIT = 200_000


@dataclass
class Call:
    """One request. Times are monotonic milliseconds of the server; `status` stays empty when no answer was sent."""

    number: int
    method: str
    path: str
    api: str
    started: float
    parameters: dict[str, str] = field(default_factory=dict)
    user_agent: str = ""
    requested_with: str = ""
    request_bytes: int = 0
    status: int | None = None
    code: str | None = None
    fault: str | None = None
    ended: float | None = None
    bytes: int = 0


class CallLog:
    """Calls in the order of their arrival."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._count = 0

    def begin(self, method: str, path: str, api: str) -> Call:
        self._count += 1
        call = Call(self._count, method, path, api, _now())
        if len(self._calls) < _CALLS_LIMIT:
            self._calls.append(call)
        return call

    def end(self, call: Call, sent: int) -> None:
        call.ended, call.bytes = _now(), sent

    def all(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in self._calls]

    def clear(self) -> None:
        self._calls, self._count = [], 0


def public(parameters: dict[str, str]) -> dict[str, str]:
    """Parameters as they may be kept: no credentials, nothing endless."""
    return {
        name: "[redacted]" if name in ("username", "password", "token") else value[:_VALUE_LIMIT]
        for name, value in parameters.items()
    }


def _now() -> float:
    return round(time.monotonic() * 1000, 3)
