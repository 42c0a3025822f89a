"""The log of calls: what was asked, by whom, and what was answered. Tests read it."""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from .operations import Operation
from .wire import Answer, Request

_ERROR_CODE = re.compile(rb'<Code>(\w+)</Code>|"__type":\s*"(?:[^"#]*#)?(\w+)')


@dataclass
class Call:
    """One request; `status` stays empty when no answer was sent."""

    number: int
    time: str
    service: str
    action: str
    resource: str
    region: str
    access_key_id: str
    account: str = ""
    status: int | None = None
    error: str | None = None
    fault: str | None = None
    user_agent: str = ""
    body: str | None = None


# Action, resource, region, account and program of a call.
Kind = tuple[str, str, str, str, str]


def _kind(call: Call) -> Kind:
    """A key in a bucket counts by its first two folders."""
    resource = "/".join(call.resource.split("/")[:3]) if call.service == "s3" else call.resource
    return call.action, resource, call.region, call.account, call.user_agent.split("/")[0]


class CallLog:
    """Calls in the order of their arrival."""

    def __init__(self, record_bodies: bool = False) -> None:
        self.record_bodies = record_bodies
        self._calls: list[Call] = []
        # Kinds of calls that are no longer in the list, and how many that are in it have been told already.
        self._kinds: set[Kind] = set()
        self._told = 0
        self._lock = threading.Lock()

    def begin(self, request: Request, operation: Operation) -> Call:
        with self._lock:
            call = Call(
                number=len(self._calls) + 1,
                time=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                service=operation.service,
                action=operation.action,
                resource=operation.resource,
                region=operation.region,
                access_key_id=operation.access_key_id,
                user_agent=request.header("user-agent") or "",
            )
            if self.record_bodies:
                call.body = base64.b64encode(request.body).decode()
            self._calls.append(call)
            return call

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(call) for call in self._calls]

    def clear(self) -> None:
        with self._lock:
            self._kinds |= {_kind(call) for call in self._calls[self._told :]}
            self._calls.clear()
            self._told = 0

    def take_kinds(self) -> list[Kind]:
        """What was called since this was asked last, each kind once: clearing the log does not forget it."""
        with self._lock:
            kinds = self._kinds | {_kind(call) for call in self._calls[self._told :]}
            self._kinds, self._told = set(), len(self._calls)
            return sorted(kinds)


def note_answer(call: Call, answer: Answer | None) -> None:
    """Writes down what the client was sent, if anything."""
    if answer is None:
        return
    call.status = answer.status
    if answer.status >= 400:
        code = _ERROR_CODE.search(bytes(answer.body)) or _ERROR_CODE.search(_type_header(answer))
        call.error = next(group for group in code.groups() if group).decode() if code else None


def _type_header(answer: Answer) -> bytes:
    return f'"__type":"{answer.header("x-amzn-errortype") or ""}"'.encode()
