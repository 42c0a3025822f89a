"""Scripted faults: what goes wrong, for which calls, and how often."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .wire import Answer

KINDS = {
    "status": "answers with status and body; nothing is done",
    "status_after": "does the work, then answers with status and body",
    "drop_before": "closes the connection; nothing is done",
    "drop_after": "does the work, then closes the connection without an answer",
    "cut": "does the work and closes the connection in the middle of the body",
    "close_after": "answers normally, then closes the connection without announcing it",
    "delay": "waits, then works normally",
    "hang": "never answers; nothing is done",
    "hang_after": "does the work and never answers",
    "import_error": "takes the import, which then ends as an error; nothing of it is applied",
    "import_half": "takes the import, applies the first half of it, then ends as an error",
    "job_error": "starts the job, which then ends as ERROR; nothing is done",
    "job_error_after": "starts the job, which does its work and ends as ERROR all the same",
    "slow": "the import or job is under way for `polls` more questions",
    "not_ready": "a GET of databases says is_ready false; nothing else changes",
}
# After these nobody knows the id of what was taken.
LOST_ANSWERS = {"status_after", "drop_after", "cut", "hang_after"}
FOREVER = 24 * 3600.0
_serial = itertools.count(1)


@dataclass
class Fault:
    """One rule; `action` is a glob such as `Get*`, `resource` a part of the target or a collection
    of the import; `skip` lets that many calls pass, `times` -1 means for ever."""

    kind: str
    action: str = "*"
    resource: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    body: str = '{"message": "A scripted fault."}'
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    polls: int = 3
    after_bytes: int | None = None
    played: int = 0
    id: int = field(default_factory=lambda: next(_serial))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; there are {', '.join(KINDS)}")

    def matches(self, action: str, resource: str) -> bool:
        return fnmatchcase(action, self.action) and self.resource in resource


class FaultBook:
    """The rules in the order they were given; the first that matches and has plays left wins."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Condition()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def take(self, action: str, resource: str) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not rule.matches(action, resource):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= rule.times > 0
                rule.played += 1
                self._lock.notify_all()
                return rule
        return None

    def wait(self, number: int, seconds: float) -> bool:
        """Whether the rule of this number has been played, now or within the time."""

        def played() -> bool:
            return any(rule.id == number and rule.played > 0 for rule in self._rules)

        with self._lock:
            return self._lock.wait_for(played, seconds)


def play(
    fault: Fault, work: Callable[[], Answer | None], wait: Callable[[float], None]
) -> Answer | None:
    """The answer under a fault; `None` closes the connection. `work` does what was asked, the
    kinds that concern an import, a job or the database included."""
    if fault.kind == "status":
        return _refusal(fault)
    if fault.kind == "drop_before":
        return None
    if fault.kind == "hang":
        wait(fault.seconds or FOREVER)
        return None
    if fault.kind == "delay":
        wait(fault.seconds)
    answer = work()
    if answer is None or fault.kind == "drop_after":
        return None
    if fault.kind == "hang_after":
        wait(fault.seconds or FOREVER)
        return None
    if fault.kind == "status_after":
        return _refusal(fault)
    if fault.kind == "cut":
        half = len(answer.body) // 2
        answer.cut_after = half if fault.after_bytes is None else fault.after_bytes
    answer.close_quietly = fault.kind == "close_after"
    return answer


def _refusal(fault: Fault) -> Answer:
    headers = {"Content-Type": "application/json", **fault.headers}
    return Answer(fault.status, fault.body.encode(), headers)
