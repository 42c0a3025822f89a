"""Serves function packages at addresses that look presigned and run out like presigned ones."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode

from .errors import error_answer
from .operations import Operation
from .wire import Answer, Request

LIFETIME_SECONDS = 600
_PATH = re.compile(
    r"/awslambda-(?P<region>[a-z0-9-]+)-tasks/snapshots/(?P<account>\d{12})/(?P<name>.+)"
)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
    "Signature query string parameter or the Authorization header should be specified"
)


@dataclass(frozen=True)
class _Ticket:
    path: str
    body: bytes
    expires: float


class Packages:
    """Hands out addresses and serves what was handed out, as it was at that moment."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tickets: dict[str, _Ticket] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._tickets.clear()

    def hand_out(self, host: str, account: str, region: str, name: str, body: bytes) -> str:
        """A presigned-looking address of a package."""
        now = self._clock()
        version = f"{name}-{secrets.token_hex(16)}"
        path = f"/awslambda-{region}-tasks/snapshots/{account}/{quote(version)}"
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        signature = secrets.token_hex(32)
        query = {
            "versionId": secrets.token_urlsafe(24),
            "X-Amz-Security-Token": secrets.token_urlsafe(300),
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": stamp,
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": str(LIFETIME_SECONDS),
            "X-Amz-Credential": f"ASIA{secrets.token_hex(8).upper()}/{stamp[:8]}/{region}/s3/aws4_request",
            "X-Amz-Signature": signature,
        }
        with self._lock:
            self._tickets = {
                key: ticket for key, ticket in self._tickets.items() if ticket.expires > now - 3600
            }
            self._tickets[signature] = _Ticket(path, body, now + LIFETIME_SECONDS)
        return f"http://{host}{path}?{urlencode(query)}"

    def serve(self, request: Request) -> Answer:
        """The package, or the refusal that S3 would send."""
        if request.header("authorization") or request.header("x-amz-security-token"):
            return _refuse(400, "InvalidArgument", _ONE_MECHANISM)
        signature = next(iter(parse_qs(request.query).get("X-Amz-Signature", ())), "")
        with self._lock:
            ticket = self._tickets.get(signature)
        if ticket is None or ticket.path != request.path:
            return _refuse(403, "SignatureDoesNotMatch", "The request signature does not match.")
        if self._clock() >= ticket.expires:
            return _refuse(403, "AccessDenied", "Request has expired")
        return _content(ticket.body, request.header("range"))


def download_of(request: Request) -> Operation | None:
    """The download that a request asks for, as an operation for log and faults."""
    path = _PATH.fullmatch(request.path)
    if not path:
        return None
    name = path["name"].rpartition("-")[0]
    arn = f"arn:aws:lambda:{path['region']}:{path['account']}:function:{name}"
    return Operation("package", "Download", "rest-xml", path["region"], "", {"Resource": arn})


def _content(body: bytes, wanted: str | None) -> Answer:
    headers = [("Content-Type", "application/zip"), ("Accept-Ranges", "bytes")]
    span = _RANGE.fullmatch(wanted or "")
    if not span:
        return Answer(200, headers, body)
    first, last = int(span[1]), min(int(span[2] or len(body)), len(body) - 1)
    if first > last:
        return _refuse(416, "InvalidRange", "The requested range is not satisfiable")
    headers.append(("Content-Range", f"bytes {first}-{last}/{len(body)}"))
    return Answer(206, headers, memoryview(body)[first : last + 1])


def _refuse(status: int, code: str, message: str) -> Answer:
    return error_answer("s3", "rest-xml", status, code, message)
