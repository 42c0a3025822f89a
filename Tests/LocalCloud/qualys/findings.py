"""WAS findings."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from . import kb, moments
from .criteria import DATE, INTEGER, TEXT, WORD, Criterion
from .mix import mix, pick
from .options import Options
from .records import BRIEF, Records
from .templates import Values, escaped, gap, number
from .webapps import USER, WebApps, listed

_KIND, _COUNT = 2, 3
_FIRST = 5_000_001
_SHAPES = 60
_UNIQUE = re.compile(r"aaaaaaaa-0000-4000-8000-(\d{12})")


class Findings(Records):
    """Finding number j of web application number w has the id 5,000,001 + w stride + j."""

    name = "Finding"
    schema = "3.0/was/finding"
    kinds = {
        "id": INTEGER, "uniqueId": TEXT, "qid": INTEGER, "name": TEXT, "type": WORD, "url": TEXT, "webApp.id": INTEGER,
        "webApp.name": TEXT, "webApp.tags.id": INTEGER, "webApp.tags.name": TEXT, "status": WORD, "patch": INTEGER,
        "severity": INTEGER, "externalRef": TEXT, "ignoredDate": DATE, "ignoredReason": WORD, "group": WORD,
        "owasp.name": TEXT, "owasp.code": INTEGER, "wasc.name": TEXT, "wasc.code": INTEGER, "cwe.id": INTEGER,
        "firstDetectedDate": DATE, "lastDetectedDate": DATE, "lastTestedDate": DATE, "timesDetected": INTEGER,
        "findingType": WORD, "isIgnored": WORD,
    }  # fmt: skip

    def __init__(self, options: Options, webapps: WebApps) -> None:
        super().__init__(options)
        self.webapps = webapps
        self._last = (0, 0)
        self.added: dict[int, int] = {}
        self.stride = 10 ** len(str(2 * options.findings + 1000))

    def count_of(self, webapp: int) -> int:
        """How many a web application has, the removed ones with them."""
        mean = self.options.findings
        return mix(self.options.seed, _COUNT, webapp) % (2 * mean + 1) + self.added.get(webapp, 0)

    def of(self, webapp: int) -> range:
        """The ids of one web application."""
        first = _FIRST + self.webapps.index(webapp) * self.stride
        return range(first, first + self.count_of(webapp))

    def webapp_of(self, id: int) -> int:
        return self.webapps.id_at((id - _FIRST) // self.stride)

    def ids(self, after: int = 0) -> Iterator[int]:
        first = self.webapp_of(max(after, _FIRST))
        for webapp in self.webapps.ids(first - 1):
            for id in self.of(webapp):
                if id > after and id not in self.removed:
                    yield id

    def has(self, id: int) -> bool:
        if id < _FIRST or id in self.removed:
            return False
        webapp = self.webapp_of(id)
        return self.webapps.has(webapp) and id in self.of(webapp)

    def id_from(self, text: str) -> int | None:
        unique = _UNIQUE.fullmatch(text)
        return int(unique[1]) if unique else super().id_from(text)

    def narrowed(self, criterion: Criterion) -> list[int] | None:
        if criterion.field != "webApp.id" or criterion.operator.upper() not in ("EQUALS", "IN"):
            return None
        webapps = sorted({int(part) for part in criterion.value.split(",")})
        return [
            id
            for webapp in webapps
            if self.webapps.has(webapp)
            for id in self.of(webapp)
            if id not in self.removed
        ]

    def bits(self, id: int) -> int:
        """Of the finding that was asked for last they are kept: a page asks several times for each."""
        if id != self._last[0]:
            self._last = id, mix(self.options.seed, _KIND, id)
        return self._last[1]

    def shape(self, id: int) -> int:
        return self.bits(id) % _SHAPES

    def _detected(self, id: int) -> int:
        return self.options.epoch - self.bits(id) // 64 % (100 * moments.DAY)

    def _first_detected(self, id: int) -> int:
        return self._detected(id) - self.bits(id) // 128 % (300 * moments.DAY)

    def field(self, id: int, name: str) -> Any:
        match name:
            case "id":
                return id
            case "uniqueId":
                return f"aaaaaaaa-0000-4000-8000-{id:012d}"
            case "webApp.id":
                return self.webapp_of(id)
            case "webApp.name":
                return self.webapps.title(self.webapp_of(id))
            case "webApp.tags.id" | "webApp.tags.name":
                return self.webapps.field(self.webapp_of(id), name.removeprefix("webApp."))
            case "lastDetectedDate" | "lastTestedDate":
                return self._detected(id)
            case "firstDetectedDate":
                return self._first_detected(id)
            case "url":
                return None if _type(self.shape(id)) == "INFORMATION_GATHERED" else f"/page{id}"
        record = _plain(self.shape(id), self.options.finding_bytes)
        if name in ("severity",):
            return int(record["severity"])
        value = record.get(name)
        return moments.parse(value) if name == "ignoredDate" and value else value

    def values(self, id: int, form: str) -> Values:
        webapp = self.webapp_of(id)
        title, url = _names(self.webapps, webapp, form)
        detected = moments.text(self._detected(id)).encode()
        return {
            b"id": b"%d" % id,
            b"unique": b"aaaaaaaa-0000-4000-8000-%012d" % id,
            b"app": b"%d" % webapp,
            b"name": title,
            b"url": url,
            b"detected": detected,
            b"first": moments.text(self._first_detected(id)).encode(),
            b"times": b"%d" % (1 + self.bits(id) % 40),
        }

    def record(self, shape: int, view: str) -> dict[str, Any]:
        whole = _plain(shape, self.options.finding_bytes)
        if view != BRIEF:
            return whole
        return {
            name: value
            for name, value in whole.items()
            if name not in ("resultList", "history", "sslData")
        }


@lru_cache(4096)
def _names(webapps: WebApps, webapp: int, form: str) -> tuple[bytes, bytes]:
    return escaped(webapps.title(webapp), form), escaped(webapps.url(webapp), form)


def _type(shape: int) -> str:
    return pick(
        ("VULNERABILITY",) * 6 + ("INFORMATION_GATHERED",) * 3 + ("SENSITIVE_CONTENT",), shape
    )


@lru_cache(1024)
def _plain(shape: int, size: int) -> dict[str, Any]:
    """A finding with gaps. The tenth shapes come from Burp: no QID, no name, and another order."""
    kind = _type(shape)
    tags = [{"id": 9001, "name": "tag 1"}] if shape % 4 == 1 else []
    webapp = {
        "id": number("app"),
        "name": gap("name"),
        "url": gap("url"),
        "tags": listed("Tag", *tags),
    }
    if shape % 20 == 11:
        return {
            "webApp": webapp, "id": number("id"), "url": gap("url"), "lastDetectedDate": gap("detected"), "qid": 0,
            "type": "VULNERABILITY", "status": "NEW", "timesDetected": 1, "potential": "true", "findingType": "BURP",
            "lastTestedDate": gap("detected"), "firstDetectedDate": gap("first"), "isIgnored": "false",
            "severity": "5", "uniqueId": gap("unique"), "cvssV3": {"base": "9.8"},
        }  # fmt: skip
    qid = kb.web_qid(shape)
    finding: dict[str, Any] = {
        "id": number("id"), "uniqueId": gap("unique"), "qid": qid, "name": kb.title(qid), "type": kind,
        "potential": "true" if shape % 9 == 4 else "false", "findingType": "QUALYS",
        "group": pick(("XSS", "SQL", "INFO", "PATH"), shape) if kind == "VULNERABILITY" else "DIAG",
    }  # fmt: skip
    if kind == "VULNERABILITY":
        finding |= _classified(shape)
    if kind == "SENSITIVE_CONTENT":
        finding["content"] = "4111********1111 \x01 control, \x00 null, naïve"
    finding["resultList"] = _results(kind, size)
    severity = 1 + shape // 3 % 5
    finding["severity"] = str(severity)
    if kind != "INFORMATION_GATHERED":
        finding["url"] = gap("url") + f"&q={shape}"
        finding["status"] = pick(
            ("ACTIVE", "NEW", "ACTIVE", "REOPENED", "FIXED", "PROTECTED"), shape // 2
        )
    finding |= {"firstDetectedDate": gap("first"), "lastDetectedDate": gap("detected")}
    if kind != "INFORMATION_GATHERED":
        finding |= {"lastTestedDate": gap("detected"), "timesDetected": number("times")}
        if finding["status"] == "FIXED":
            finding["fixedDate"] = gap("detected")
    finding["webApp"] = webapp
    if kind != "INFORMATION_GATHERED":
        finding |= _handled(shape, severity)
    finding["updatedDate"] = gap("detected")
    if shape % 8 == 5:
        finding |= {
            "internalSequence": 18446744073709551615,
            "newMember": {"ratio": 1e-7, "list": [None, True]},
        }
    return finding


def _classified(shape: int) -> dict[str, Any]:
    owasp = {"name": "Injection", "url": "https://owasp.example.test/A3", "code": 3}
    wasc = {"name": "CROSS-SITE SCRIPTING", "url": "https://wasc.example.test/8", "code": 8}
    members: dict[str, Any] = {
        "cwe": {"count": 2, "list": [79, 80]} if shape % 3 else {"count": 0},
        "owasp": listed("OWASP", *([owasp] if shape % 4 else [])),
        "wasc": listed("WASC", wasc),
        "param": "q<ü>",
    }
    if shape % 2:
        members["detectionScore"] = 30 + shape
        members["cvssV3"] = {"base": 6.1, "temporal": 5.6, "attackVector": "Network"}
    return members


def _results(kind: str, size: int) -> dict[str, Any]:
    text = ('Ergebnis für "><qss a=X1Y2> ]]> \u2028 ' * (size // 40 + 1))[:size]
    payload: dict[str, Any] = {
        "response": "https://app.example.test/\nhttps://app.example.test/ä\n" + text
    }
    if kind == "VULNERABILITY":
        payload = {
            "payload": '"><qss a=X1Y2>',
            "request": {
                "method": "GET",
                "link": "https://app.example.test/s?q=%22%3E%3Cqss%20a%3DX1Y2%3E",
                "headers": base64.b64encode(b"Referer: https://app.example.test/\n").decode(),
            },
            "response": base64.b64encode(text.encode()).decode(),
            "payloadResponce": {"offset": 19, "length": 15},
        }
    result: dict[str, Any] = {"authentication": "false", "ajax": "false"}
    if kind == "VULNERABILITY":
        result["accessPath"] = listed("Url", {"value": "https://app.example.test/start"})
    result["payloads"] = listed("PayloadInstance", payload)
    return listed("Result", result)


def _handled(shape: int, severity: int) -> dict[str, Any]:
    """What people did about it."""
    members: dict[str, Any] = {"isIgnored": "false"}
    if shape % 10 == 3:
        members = {
            "isIgnored": "true", "ignoredReason": "RISK_ACCEPTED", "ignoredBy": USER,
            "ignoredDate": "2023-06-05T00:00:00Z", "ignoredComment": "akzeptiert bis Mai",
        }  # fmt: skip
    if shape % 10 == 2:
        members |= {
            "originalSeverity": str(6 - severity), "severityComment": "lower", "editedSeverityUser": USER,
            "editedSeverityDate": "2023-06-05T00:00:00Z",
        }  # fmt: skip
    if shape % 4 == 0:
        members["retest"] = {"retestStatus": "NO_RETEST"}
        scan = {
            "id": 3001,
            "reference": "was/1714779000000.1000001",
            "launchedDate": "2024-05-04T02:00:00Z",
        }
        members["history"] = {"set": [{"WebAppFindingHistory": {"scanData": scan}}]}
    return members
