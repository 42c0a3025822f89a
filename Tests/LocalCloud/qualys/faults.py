"""Scripted faults: what goes wrong, for which calls, and how often.

Three sorts: some answer instead of the work, some bend what the work writes (`BENT`, the work looks at them), some spoil
the finished answer on its way.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from . import returns
from .limits import Blocked
from .templates import JSON
from .wire import FOREVER, Answer, Request

if TYPE_CHECKING:
    from .server import Qualys

INSTEAD = {
    "status": "answers with `status`, `body` and `headers`; nothing is done",
    "drop_before": "resets the connection; nothing is done",
    "hang": "never answers",
    "blocked_concurrency": "409 with 1960, `number` calls to finish, ToWait 0",
    "blocked_rate": "409 with 1965 and ToWait of `seconds`",
    "blocked_rate_no_header": "409 with 1965, the seconds in the body alone",
    "blocked_empty": "409 with an empty body, ToWait 0",
    "too_many": "429; with `seconds` there is Retry-After, with `to_wait` also X-RateLimit-ToWait-Sec",
    "simple_return": "SIMPLE_RETURN with `status`, `code` and `text`",
    "account_expired": "SIMPLE_RETURN 2001 with status 200 and no limit headers",
    "generic_return": "GENERIC_RETURN 999 with `status`, 200 unless given",
    "generic_return_malformed": "the same with broken markup",
    "html": "a maintenance page with `status`, 503 unless given; with `seconds` there is Retry-After",
    "qps_error": "ServiceResponse with the responseCode `code` and `status`, 200 unless given",
    "gateway_failed": "FAILED of the gateway with `status`, 400 unless given",
    "jwt_expired": "401 of the gateway, and the token is good no more",
    "redirect": "302 to `url`",
    "empty": "`status`, 200 unless given, and no body",
    "entity_bomb": "XML whose entities would grow without end",
    "external_entity": "XML with an entity that names a file and an address",
    "default_attributes": "XML whose document type gives each of many elements an attribute of 200 KB",
    "deep": "XML or JSON nested `number` deep, 100,000 unless given",
    "giant_names": "XML with a name of `number` bytes, 10,000,000 unless given",
}
BENT = {
    "warning_host": "WARNING/URL names the host `url`",
    "warning_stuck": "id_min in WARNING/URL does not grow",
    "has_more_boolean": "hasMoreRecords is a JSON boolean",
    "last_id_stuck": "lastId (lastSeenAssetId) does not grow",
    "has_more_without_last_id": "hasMoreRecords true, but no lastId",
    "has_more_missing": "no hasMoreRecords (hasMore)",
    "short_pages": "a page has `number` hosts at most, whatever truncation_limit says",
    "control_chars": "raw control characters in RESULTS",
    "big_scan": "the download is `megabytes` large, 60 unless given",
}
SPOILT = {
    "drop_after": "does the work, then resets the connection without an answer",
    "cut": "closes the connection in the middle of the body, after `after_bytes` or half of it",
    "cut_clean": "the same, but the answer claims to be complete",
    "slow": "sends `piece` bytes at a time with a pause of `seconds`",
    "delay": "waits `seconds`, then works normally",
    "malformed": "breaks the markup or the JSON in the middle",
    "close_after": "answers normally, and announces the end of the connection",
}
KINDS = INSTEAD | BENT | SPOILT
_serial = itertools.count(1)
_HALF = 64 * 1024


@dataclass
class Fault:
    """One rule. `method` and `path` are globs, `body` a part of query and body; `times` -1 means for ever."""

    kind: str
    path: str = "*"
    method: str = "*"
    body: str = ""
    times: int = 1
    skip: int = 0
    status: int | None = None
    code: str | int | None = None
    text: str = "A scripted fault."
    content: str = ""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    to_wait: float | None = None
    number: int | None = None
    megabytes: float = 60.0
    url: str = "https://other.invalid"
    after_bytes: int | None = None
    piece: int = 1024
    linger: float = 0.0
    played: int = 0
    id: int = field(default_factory=lambda: next(_serial))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; there are {', '.join(KINDS)}")

    def matches(self, request: Request) -> bool:
        return (
            fnmatchcase(request.method, self.method)
            and fnmatchcase(request.path, self.path)
            and (not self.body or self.body in request.query or self.body.encode() in request.body)
        )


class FaultBook:
    """The rules in the order they were given; the first that matches and has plays left wins."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def clear(self) -> None:
        self._rules.clear()

    def all(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules]

    def take(self, request: Request) -> Fault | None:
        for rule in self._rules:
            if rule.times == 0 or not rule.matches(request):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            rule.times -= rule.times > 0
            rule.played += 1
            return rule
        return None


def instead(qualys: Qualys, fault: Fault, request: Request, form: str) -> Answer:
    """The answer of a fault that does no work."""
    seconds = int(fault.seconds or 0)
    match fault.kind:
        case "status":
            headers = [("Content-Type", fault.content_type), *fault.headers.items()]
            return Answer(fault.status or 500, headers, fault.content.encode())
        case "drop_before" | "hang":
            return Answer(0, drop=True, linger=FOREVER if fault.kind == "hang" else 0)
        case "blocked_concurrency":
            reason = Blocked("concurrency", fault.number or 1)
            return returns.blocked(qualys, "/api/", form, reason)
        case "blocked_rate":
            answer = returns.blocked(qualys, "/api/", form, Blocked("rate", seconds))
            answer.headers.append(("X-RateLimit-ToWait-Sec", str(seconds)))
            return answer
        case "blocked_rate_no_header":
            return returns.blocked(qualys, "/api/", form, Blocked("rate", seconds))
        case "blocked_empty":
            return Answer(409, [("X-RateLimit-ToWait-Sec", "0"), ("X-RateLimit-Remaining", "0")])
        case "too_many":
            answer = Answer(429, [("Content-Type", "text/plain")], b"Too Many Requests")
            if fault.seconds is not None:
                answer.headers.append(("Retry-After", str(seconds)))
            if fault.to_wait is not None:
                answer.headers.append(("X-RateLimit-ToWait-Sec", f"{fault.to_wait:.0f}"))
            return answer
        case "simple_return":
            code = None if fault.code is None else int(fault.code)
            return returns.simple_return(qualys, fault.status or 200, code, fault.text)
        case "account_expired":
            return returns.simple_return(qualys, 200, 2001, "This account has expired.")
        case "generic_return" | "generic_return_malformed":
            broken = fault.kind == "generic_return_malformed"
            return returns.generic_return(qualys, fault.status or 200, broken)
        case "html":
            return returns.html(fault.status or 503, fault.seconds)
        case "qps_error":
            return returns.qps_error(
                qualys, str(fault.code or "OTHER_ERROR"), form, fault.status or 200
            )
        case "gateway_failed":
            body = b'{"responseMessage":"Invalid filter","responseCode":"FAILED"}'
            return Answer(fault.status or 400, [("Content-Type", "application/json")], body)
        case "jwt_expired":
            qualys.tokens.expire_all()
            return returns.gateway_error(qualys, request.path, 401, "Unauthorized", "JWT expired")
        case "redirect":
            return Answer(fault.status or 302, [("Location", fault.url)])
        case "empty":
            return Answer(fault.status or 200, [returns.XML_TYPE])
    return hostile(fault, form)


def hostile(fault: Fault, form: str) -> Answer:
    """Documents made to bring a parser down."""
    root = b"HOST_LIST_VM_DETECTION_OUTPUT"
    head = b'<?xml version="1.0" encoding="UTF-8" ?>\n'
    if fault.kind == "deep":
        depth = fault.number or 100_000
        if form == JSON:
            body = (
                b'{"ServiceResponse":{"responseCode":"SUCCESS","count":1,"data":'
                + b"[" * depth
                + b"]" * depth
                + b"}}"
            )
            return Answer(200, [("Content-Type", "application/json")], body)
        body = head + b"<%b>" % root + b"<A>" * depth + b"</A>" * depth + b"</%b>\n" % root
    elif fault.kind == "default_attributes":
        body = (
            head
            + b'<!DOCTYPE %b [<!ATTLIST HOST a CDATA "%b">]>\n<%b><RESPONSE><HOST_LIST>%b</HOST_LIST></RESPONSE></%b>\n'
            % (root, b"x" * 200_000, root, b"<HOST/>" * 500, root)
        )
    elif fault.kind == "giant_names":
        name = b"N" * (fault.number or 10_000_000)
        body = head + b"<%b><%b/></%b>\n" % (root, name, root)
    else:
        if fault.kind == "entity_bomb":
            entities = b'<!ENTITY a0 "ha">' + b"".join(
                b'<!ENTITY a%d "%b">' % (level, b"&a%d;" % (level - 1) * 10)
                for level in range(1, 12)
            )
            reference = b"&a11;"
        else:
            entities = b'<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY w SYSTEM "http://127.0.0.1:1/secret">'
            reference = b"&f;&w;"
        body = (
            head
            + b"<!DOCTYPE %b [%b]>\n<%b><RESPONSE><DATETIME>2024-05-06T07:08:09Z</DATETIME><HOST_LIST><HOST>"
            b"<ID>50001001</ID><OS>%b</OS></HOST></HOST_LIST></RESPONSE></%b>\n"
            % (root, entities, root, reference, root)
        )
    return Answer(200, [returns.XML_TYPE], body)


def told_seconds(fault: Fault) -> float:
    """How long the answer of a fault tells the client to stay away."""
    if fault.kind in ("blocked_rate", "blocked_rate_no_header", "too_many", "html"):
        return max(fault.seconds or 0.0, fault.to_wait or 0.0)
    return 0.0


def spoil(fault: Fault, answer: Answer) -> Answer:
    """The finished answer on its way to the client."""
    match fault.kind:
        case "drop_after":
            return Answer(0, drop=True)
        case "cut":
            answer.cut_after, answer.linger = _middle(fault, answer), fault.linger
        case "cut_clean":
            size = _middle(fault, answer)
            answer.body = _shortened(answer.body, size)
        case "slow":
            answer.pause, answer.piece = fault.seconds or 0.05, fault.piece
        case "malformed":
            answer.body = _broken(answer.body)
        case "close_after":
            answer.headers.append(("Connection", "close"))
    return answer


def _middle(fault: Fault, answer: Answer) -> int:
    if fault.after_bytes is not None:
        return fault.after_bytes
    if not isinstance(answer.body, bytes):
        answer.body, size = _first_bytes(answer.body)
        return size // 2
    return len(answer.body) // 2


def _first_bytes(body: Iterable[bytes]) -> tuple[Iterable[bytes], int]:
    """The same body, and how long it is, or how long at least."""
    pieces = iter(body)
    held: list[bytes] = []
    while sum(map(len, held)) < 2 * _HALF and (piece := next(pieces, None)) is not None:
        held.append(piece)
    return itertools.chain(held, pieces), sum(map(len, held))


def _shortened(body: bytes | Iterable[bytes], size: int) -> bytes | Iterable[bytes]:
    return body[:size] if isinstance(body, bytes) else _until(body, size)


def _until(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _broken(body: bytes | Iterable[bytes]) -> bytes | Iterable[bytes]:
    """One mark in the middle that does not belong there."""
    if isinstance(body, bytes):
        # In JSON after a colon, where a value begins: in a text or a name it would be one more letter.
        mark, offset = (b'":', 2) if body[:1] == b"{" else (b"</", 0)
        middle = max(body.find(mark, len(body) // 2), 0) + offset
        return body[:middle] + b"<" + body[middle:]
    pieces, size = _first_bytes(body)
    return itertools.chain([_broken(b"".join(_until(pieces, size)))], pieces)  # type: ignore[list-item]
