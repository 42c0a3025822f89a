"""WAS scans and their downloads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from . import kb, moments
from .criteria import DATE, INTEGER, TEXT, WORD
from .mix import mix, pick
from .options import Options
from .records import FULL, VERBOSE, Records
from .templates import JSON, Values, dumps, escaped, gap, number, to_xml
from .webapps import USER, WebApps, listed

_KIND = 5
_FIRST, _STEP = 3001, 3
_NO_RESULTS = "NO_WEB_SERVICE"
_ENDED = ("FINISHED", "ERROR", "CANCELED")


class Scans(Records):
    """Scan number i has the id 3001 + 3 i. Launches are spread over the days before now; every tenth runs over midnight."""

    name = "WasScan"
    schema = "3.0/was/wasscan"
    kinds = {
        "id": INTEGER, "name": TEXT, "webApp.name": TEXT, "webApp.id": INTEGER, "webApp.tags": WORD,
        "webApp.tags.id": INTEGER, "reference": TEXT, "launchedDate": DATE, "type": WORD, "mode": WORD, "status": WORD,
        "authStatus": WORD, "resultsStatus": WORD,
    }  # fmt: skip

    def __init__(self, options: Options, webapps: WebApps) -> None:
        super().__init__(options)
        self.webapps = webapps
        self.added = 0
        self.sizes: dict[int, int] = {}
        self._times: dict[int, tuple[int, int, str]] = {}

    def ids(self, after: int = 0) -> Iterator[int]:
        start = max(0, (after - _FIRST) // _STEP + 1)
        ids = range(
            _FIRST + _STEP * start, _FIRST + _STEP * (self.options.scans + self.added), _STEP
        )
        return (id for id in ids if id not in self.removed) if self.removed else iter(ids)

    def has(self, id: int) -> bool:
        index, rest = divmod(id - _FIRST, _STEP)
        return rest == 0 and 0 <= index < self.options.scans + self.added and id not in self.removed

    def bits(self, id: int) -> int:
        return mix(self.options.seed, _KIND, id)

    def times(self, id: int) -> tuple[int, int, str]:
        """Launch, end (0 while it runs, and for scans without results) and status."""
        if id in self._times:
            return self._times[id]
        index = (id - _FIRST) // _STEP
        if index == self.options.scans - 1 > 0:
            return self.options.epoch - 600, 0, "RUNNING"
        span = self.options.scan_days * moments.DAY
        launched = int(self.options.epoch - span + span * index / max(1, self.options.scans))
        took = 600 + self.bits(id) // 8 % 21600
        if index % 10 == 4:
            launched, took = launched - launched % moments.DAY + 85800, 2400 + self.bits(id) % 7200
        if launched > self.options.epoch:
            return launched - moments.DAY, launched - moments.DAY + took, "FINISHED"
        if launched + took > self.options.epoch:
            return launched, 0, "RUNNING"
        if index % 17 == 3:
            return launched, 0, "FINISHED"
        status = {7: "ERROR", 9: "CANCELED"}.get(index % 13, "FINISHED")
        return launched, launched + took, status

    def set_times(self, id: int, launched: int, ended: int, status: str) -> None:
        self._times[id] = (launched, ended, status)
        self.touch()

    def add(self) -> int:
        self.added += 1
        return _FIRST + _STEP * (self.options.scans + self.added - 1)

    def has_results(self, id: int) -> bool:
        return self.times(id)[1] > 0

    def webapp_of(self, id: int) -> int:
        return self.webapps.id_at(self.bits(id) // 16 % max(1, self.options.webapps))

    def reference(self, id: int) -> str:
        return f"was/{self.times(id)[0]}000.{1_000_000 + (id - _FIRST) // _STEP}"

    def title(self, id: int) -> str:
        return (
            f"{pick(('Scan – Ünicode', 'Vulnerability Scan', 'Scan & <Test>'), self.bits(id))} {id}"
        )

    def field(self, id: int, name: str) -> Any:
        match name:
            case "id":
                return id
            case "name":
                return self.title(id)
            case "webApp.id":
                return self.webapp_of(id)
            case "webApp.name":
                return self.webapps.title(self.webapp_of(id))
            case "reference":
                return self.reference(id)
            case "launchedDate":
                return self.times(id)[0]
            case "status":
                return self.times(id)[2]
            case "resultsStatus":
                return "SUCCESSFUL" if self.has_results(id) else _NO_RESULTS
            case "webApp.tags" | "webApp.tags.id":
                return self.webapps.field(self.webapp_of(id), "tags.id")
        return self.record(self.shape(id), VERBOSE).get(name)

    def shape(self, id: int) -> int:
        """The look of it, then its status, then whether there are results."""
        status = ("RUNNING", *_ENDED).index(self.times(id)[2])
        return self.bits(id) % 6 * 8 + status * 2 + self.has_results(id)

    def values(self, id: int, form: str) -> Values:
        launched, ended, _ = self.times(id)
        webapp = self.webapp_of(id)
        return {
            b"id": b"%d" % id,
            b"name": escaped(self.title(id), form),
            b"reference": self.reference(id).encode(),
            b"app": b"%d" % webapp,
            b"appname": escaped(self.webapps.title(webapp), form),
            b"appurl": escaped(self.webapps.url(webapp), form),
            b"launched": moments.text(launched).encode(),
            b"ended": moments.text(ended).encode(),
            b"took": b"%d" % (ended - launched),
        }

    def record(self, shape: int, view: str) -> dict[str, Any]:
        look, status, results = shape // 8, ("RUNNING", *_ENDED)[shape // 2 % 4], shape % 2
        done = {"resultsStatus": "SUCCESSFUL", "authStatus": "NONE"}
        summary = done if results else {"resultsStatus": _NO_RESULTS} if status in _ENDED else {}
        if view == "status":
            return {
                "id": number("id"),
                "status": status,
                "consolidatedStatus": status,
                "summary": summary,
            }
        record: dict[str, Any] = {
            "id": number("id"),
            "name": gap("name"),
            "reference": gap("reference"),
            "type": "DISCOVERY" if look == 5 else "VULNERABILITY",
            "mode": pick(("SCHEDULED", "ONDEMAND", "API"), look),
            "multi": "false",
            "target": {
                "webApp": {"id": number("app"), "name": gap("appname"), "url": gap("appurl")},
                "scannerAppliance": {"type": "EXTERNAL"},
                "cancelOption": "DEFAULT",
            },
            "profile": {"id": 7001, "name": "Initial Options"},
            "launchedDate": gap("launched"),
            "launchedBy": USER,
            "status": status,
            "summary": summary,
        }
        if results and view in (VERBOSE, FULL):
            record |= {
                "endScanDate": gap("ended"),
                "scanDuration": number("took"),
                "consolidatedStatus": status,
            }
        return record

    def download(self, id: int, form: str, size: int | None = None) -> Iterator[bytes]:
        """The scan with its results, about so many bytes, made while it is sent."""
        head = self.render(id, form, FULL)
        if not self.has_results(id):
            yield _WRAP[form][0] + head + _WRAP[form][1]
            return
        size = size or self.sizes.get(id) or self._usual_size(id)
        vuln = _vuln(self.bits(id), form)
        count = max(1, (size - len(head)) // len(vuln))
        start, end = (b'{"WasScan":', b"}}") if form == JSON else (b"<WasScan>", b"</WasScan>")
        yield _WRAP[form][0] + head[: -len(end)] + _results_head(count, form)
        block = 1 + (1 << 18) // len(vuln)
        comma = b"," if form == JSON else b""
        while count > 0:
            yield comma.join([vuln] * min(block, count)) + (comma if count > block else b"")
            count -= block
        yield _results_tail(form) + end + _WRAP[form][1]

    def _usual_size(self, id: int) -> int:
        return self.options.scan_bytes // 2 + self.bits(id) % max(1, self.options.scan_bytes)

    def digest(self, id: int, form: str = JSON) -> tuple[int, str]:
        """Bytes and SHA-256 of the download."""
        size, sum = 0, hashlib.sha256()
        for piece in self.download(id, form):
            size += len(piece)
            sum.update(piece)
        return size, sum.hexdigest()


# The envelope's count is 0 with one scan in it, as in a real body.
_WRAP = {
    JSON: (b'{"ServiceResponse":{"data":[', b'],"count":0,"responseCode":"SUCCESS"}}'),
    "xml": (b'<?xml version="1.0" encoding="UTF-8"?>\n', b"\n"),
}


def _vuln(bits: int, form: str) -> bytes:
    qid = kb.web_qid(bits)
    result = base64.b64encode(f"Ergebnis für {bits} ".encode() * 40).decode()
    payload = {"payload": '"><qss a=X1Y2>', "result": {"base64": "true", "value": result}}
    instance = {"authenticated": "false", "payloads": listed("WasScanVulnPayload", payload)}
    vuln = {
        "WasScanVuln": {
            "qid": qid, "title": kb.title(qid), "uri": "https://app.example.test/s?q=1&r=ü", "severity": "4",
            "potential": "false", "param": "q", "sequence": 9007199254740993 + bits % 1000, "note": "\x01\x1f ]]> \u2028",
            "instances": listed("WasScanVulnInstance", instance),
        }
    }  # fmt: skip
    return dumps(vuln) if form == JSON else to_xml(vuln).encode()


def _results_head(count: int, form: str) -> bytes:
    levels = {f"nbVulnsLevel{level}": count if level == 4 else 0 for level in range(1, 6)}
    members = {
        "options": listed("WasScanOption", {"name": "Performance Settings", "value": "LOW"}),
        "stats": {
            "global": {"nbVulnsTotal": count, **levels, "nbScsTotal": 0, "nbIgsTotal": 1},
            "byGroup": listed("GroupStat", {"group": "XSS", "nbTotal": count}),
            "byOwasp": listed("OwaspStat", {"owasp": "OWASP-A3", "nbTotal": count}),
            "byWasc": {"count": 0},
        },
    }
    if form == JSON:
        return b"," + dumps(members)[1:-1] + b',"vulns":{"count":%d,"list":[' % count
    return to_xml(members).encode() + b"<vulns><count>%d</count><list>" % count


def _results_tail(form: str) -> bytes:
    data = {"base64": "true", "value": base64.b64encode(b"https://app.example.test/\n").decode()}
    gathered = {"qid": kb.web_qid(2), "title": "Link List – naïve", "severity": "1", "data": data}
    members = {
        "sensitiveContents": {"count": 0},
        "igs": listed("WasScanIg", gathered),
        "sendMail": "true", "sendOneMail": "false", "enableWAFAuth": "false", "progressiveScanning": "false",
    }  # fmt: skip
    return (
        b"]}," + dumps(members)[1:-1]
        if form == JSON
        else b"</list></vulns>" + to_xml(members).encode()
    )
