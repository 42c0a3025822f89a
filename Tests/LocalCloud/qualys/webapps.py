"""WAS web applications."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from . import moments
from .criteria import BOOLEAN, DATE, INTEGER, TEXT, WORD
from .mix import mix, pick
from .records import BRIEF, FULL, Records
from .templates import Values, escaped, gap, number

_KIND = 1
_FIRST, _STEP = 2001, 2
SHAPES = 24
NAMES = (
    "Shop – Käse & Wein",
    'Intranet "beta"',
    "東京 portal",
    "Plain",
    "Αγορά <test>",
    "Back\\office",
    "naïve 100 %s",
)
USER = {"id": 4401, "username": "quays_st1", "firstName": "Zoë", "lastName": "Müller"}


def listed(name: str, *items: Any) -> dict[str, Any]:
    """A list as WAS writes it: the count, and no `list` when there is nothing."""
    return (
        {"count": len(items), "list": [{name: item} for item in items]} if items else {"count": 0}
    )


class WebApps(Records):
    """Web application number i has the id 2001 + 2 i."""

    name = "WebApp"
    schema = "3.0/was/webapp"
    kinds = {
        "id": INTEGER, "name": TEXT, "url": TEXT, "tags.name": TEXT, "tags.id": INTEGER, "createdDate": DATE,
        "updatedDate": DATE, "isScheduled": BOOLEAN, "isScanned": BOOLEAN, "lastScan.status": WORD, "lastScan.date": DATE,
    }  # fmt: skip

    @property
    def size(self) -> int:
        return self.options.webapps + self.added

    added = 0

    def index(self, id: int) -> int:
        return (id - _FIRST) // _STEP

    def id_at(self, index: int) -> int:
        return _FIRST + _STEP * index

    def ids(self, after: int = 0) -> Iterator[int]:
        start = max(0, (after - _FIRST) // _STEP + 1)
        ids = range(_FIRST + _STEP * start, _FIRST + _STEP * self.size, _STEP)
        return (id for id in ids if id not in self.removed) if self.removed else iter(ids)

    def has(self, id: int) -> bool:
        inside = id >= _FIRST and (id - _FIRST) % _STEP == 0 and self.index(id) < self.size
        return inside and id not in self.removed

    def bits(self, id: int) -> int:
        return mix(self.options.seed, _KIND, id)

    def is_scanned(self, id: int) -> bool:
        return self.bits(id) % 11 != 5

    def last_scan(self, id: int) -> int | None:
        """When it was last scanned."""
        return (
            self.options.epoch - self.bits(id) % (400 * moments.DAY)
            if self.is_scanned(id)
            else None
        )

    def title(self, id: int) -> str:
        return f"{pick(NAMES, self.shape(id))} {self.index(id)}"

    def url(self, id: int) -> str:
        return f"https://app{self.index(id)}.example.test/start?x=1&y=2"

    def field(self, id: int, name: str) -> Any:
        match name:
            case "id":
                return id
            case "name":
                return self.title(id)
            case "url":
                return self.url(id)
            case "createdDate":
                return self._created(id)
            case "updatedDate":
                return self._updated(id)
            case "isScheduled":
                return "true" if self.shape(id) % 2 else "false"
            case "isScanned":
                return "true" if self.is_scanned(id) else "false"
            case "lastScan.date":
                return self.last_scan(id)
            case "lastScan.status":
                return "FINISHED" if self.is_scanned(id) else None
            case "tags.id":
                return 9001 if self.shape(id) % 3 else None
            case _:
                return "tag 1" if self.shape(id) % 3 else None

    def _created(self, id: int) -> int:
        return self.options.epoch - 500 * moments.DAY + self.bits(id) % (50 * moments.DAY)

    def _updated(self, id: int) -> int:
        return self.options.epoch - self.bits(id) // 7 % (90 * moments.DAY)

    def shape(self, id: int) -> int:
        """Odd multiples: scanned or not is part of the shape."""
        return (self.bits(id) >> 20) % SHAPES * 2 + self.is_scanned(id)

    def values(self, id: int, form: str) -> Values:
        scan = self.last_scan(id) or 0
        return {
            b"id": b"%d" % id,
            b"name": escaped(self.title(id), form),
            b"url": escaped(self.url(id), form),
            b"created": moments.text(self._created(id)).encode(),
            b"updated": moments.text(self._updated(id)).encode(),
            b"scan": b"%d" % (1000 + self.index(id)),
            b"scanned": moments.text(scan).encode(),
            b"risk": b"%d" % (self.bits(id) % 1000),
        }

    def record(self, shape: int, view: str) -> dict[str, Any]:
        tags = [{"id": 9001 + each, "name": f"tag {each + 1}"} for each in range(shape % 3)]
        head: dict[str, Any] = {"id": number("id"), "name": gap("name"), "url": gap("url")}
        tail: dict[str, Any] = {"createdDate": gap("created"), "updatedDate": gap("updated")}
        if shape % 4:
            tail["riskScore"] = number("risk")
        if view == BRIEF:
            return {**head, "owner": {"id": USER["id"]}, "tags": {"count": len(tags)}, **tail}
        if view != FULL:
            return {**head, "owner": {"id": USER["id"]}, "tags": listed("Tag", *tags), **tail}
        return {**head, **_details(shape), "tags": listed("Tag", *tags), **_history(shape), **tail}


def _details(shape: int) -> dict[str, Any]:
    """The members of the full record; some applications have the older names of the lists."""
    older = shape % 5 == 3
    exclude = {"regex": "true", "value": "/logout.*"}
    lists = (
        {
            "urlBlacklist": listed("UrlEntry", exclude),
            "urlWhitelist": listed(""),
            "postDataBlacklist": listed(""),
        }
        if older
        else {
            "urlExcludelist": listed("UrlEntry", exclude),
            "urlAllowlist": listed(""),
            "postDataExcludelist": listed(""),
        }
    )
    full: dict[str, Any] = {
        "owner": USER,
        "scope": pick(("ALL", "LIMIT", "SUBDOMAIN", "DOMAINS"), shape),
        "uris": listed("Url", *(["https://more.example.test/ä"] if shape % 3 == 1 else [])),
        "attributes": listed("Attribute", {"name": "Business Function", "value": "sales"}),
        "defaultProfile": {"id": 7001, "name": "Initial Options"},
        "defaultScanner": {"type": "EXTERNAL"},
        "scannerLocked": "false",
        "progressiveScanning": pick(("DISABLED", "ENABLED", "DEFAULT"), shape),
        "redundancyLinks": listed(""),
        "maxRedundancyLinks": 5,
        **lists,
        "logoutRegexList": listed(""),
        "authRecords": listed("WebAppAuthRecord", {"id": 6001, "name": "form login"}),
        "dnsOverrides": listed(""),
        "useRobots": "IGNORE",
        "useSitemap": "false",
        "headers": listed(""),
        "malwareMonitoring": "false",
        "crawlingScripts": listed(""),
        "config": {"cancelScansAfterNHours": 24} if shape % 2 else {},
    }
    if shape % 7 == 0:
        full["os"] = "Linux 5.x"
    if shape % 6 == 1:
        full["screenshot"] = base64.b64encode(b"not really a JPEG " * 40).decode()
    if shape % 6 == 2:
        # Members that no documentation names have to survive too.
        full["internalSequence"] = 9223372036854775807
        full["newMember"] = {"nested": [1, {"deep": None}], "ratio": 0.30000000000000004}
    return full


def _history(shape: int) -> dict[str, Any]:
    comment = {
        "contents": "line one\nline two\t\x01 control",
        "createdDate": "2023-02-03T04:05:06Z",
    }
    history: dict[str, Any] = {
        "comments": listed("Comment", *([comment] if shape % 3 else [])),
        "isScheduled": "true" if shape % 2 else "false",
        "createdBy": USER,
        "updatedBy": USER,
    }
    if shape % 2:
        history["lastScan"] = {
            "id": number("scan"),
            "name": "Web Application Vulnerability Scan",
            "summary": {"resultsStatus": "SUCCESSFUL", "authStatus": "NONE"},
        }
    return history
