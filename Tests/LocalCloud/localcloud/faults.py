"""Scripted faults: what goes wrong, for which calls, and how often."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import error_answer
from .operations import Operation
from .wire import Answer

KINDS = {
    "status": "answers with status, code and message; nothing is done",
    "drop_before": "closes the connection; nothing is done",
    "drop_after": "does the work, then closes the connection without an answer",
    "cut": "does the work and closes the connection in the middle of the body",
    "corrupt": "does the work and sends a body of the right length with wrong bytes",
    "delay": "waits, then works normally",
    "hang": "never answers; nothing is done",
    "close_after": "answers normally, then closes the connection without announcing it",
}
FOREVER = 24 * 3600.0
_serial = itertools.count(1)


@dataclass
class Fault:
    """One rule; `action` is a glob such as `s3:*`, `times` -1 means for ever."""

    kind: str
    action: str = "*"
    resource: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    code: str = "InternalError"
    message: str = "A scripted fault."
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    after_bytes: int | None = None
    played: int = 0
    id: int = field(default_factory=lambda: next(_serial))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; there are {', '.join(KINDS)}")

    def matches(self, operation: Operation) -> bool:
        return fnmatchcase(operation.action, self.action) and self.resource in operation.resource


class FaultBook:
    """The rules in the order they were given; the first that matches and has plays left wins."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def take(self, operation: Operation) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not rule.matches(operation):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= rule.times > 0
                rule.played += 1
                return rule
        return None


def play(
    fault: Fault,
    operation: Operation,
    work: Callable[[], Answer | None],
    wait: Callable[[float], None],
) -> Answer | None:
    """The answer under a fault; `None` closes the connection. `work` does what was asked."""
    if fault.kind == "status":
        refusal = error_answer(
            operation.service, operation.protocol, fault.status, fault.code, fault.message
        )
        refusal.headers += fault.headers.items()
        return refusal
    if fault.kind == "drop_before":
        return None
    if fault.kind == "hang":
        wait(fault.seconds or FOREVER)
        return None
    if fault.kind == "delay":
        time.sleep(fault.seconds)
    answer = work()
    if answer is None or fault.kind == "drop_after":
        return None
    return _spoil(answer, fault)


def _spoil(answer: Answer, fault: Fault) -> Answer:
    if fault.kind == "cut":
        half = len(answer.body) // 2
        answer.cut_after = half if fault.after_bytes is None else fault.after_bytes
        answer.linger = fault.seconds
    elif fault.kind == "corrupt":
        middle = len(answer.body) // 2
        spoilt = bytearray(answer.body)
        spoilt[middle : middle + 16] = bytes(byte ^ 0x5A for byte in spoilt[middle : middle + 16])
        answer.body = bytes(spoilt)
    elif fault.kind == "close_after":
        answer.close_quietly = True
    return answer
