"""What a complete client should have got, one JSON object a line: `/_qualys/truth/<name>`.

Arguments come in the query or, where they are long, as a JSON object of texts in a POST.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import host_detections, kb, moments
from .records import FULL, VERBOSE, Records
from .selection import select
from .templates import JSON
from .wire import Request

if TYPE_CHECKING:
    from .server import Qualys, Work

Rows = Iterator[dict[str, Any]]


def _counts(qualys: Qualys) -> Rows:
    """How many there are of everything."""
    all = qualys.subscription
    counts = {kind: records.count([]) for (_, kind), records in all.records.items()}
    yield counts | {
        "kb": len(kb.qids(qualys.options.kb)),
        "host": sum(map(all.hosts.is_host, all.hosts.assets())),
    }


def _records(records: Records, view: str) -> Rows:
    for id in records.ids():
        yield json.loads(records.render(id, JSON, view))[records.name]


def _webapps(qualys: Qualys) -> Rows:
    """Full records; `retired` ones cannot be got."""
    all = qualys.subscription
    for record in _records(all.webapps, FULL):
        yield {"id": record["id"], "retired": record["id"] in all.webapps.dead, "record": record}


def _findings(qualys: Qualys, webapp: str | None = None) -> Rows:
    """Verbose records, of all web applications or of one."""
    all = qualys.subscription
    ids = all.findings.of(int(webapp)) if webapp else all.findings.ids()
    for id in ids:
        if all.findings.has(id):
            yield json.loads(all.findings.render(id, JSON, VERBOSE))["Finding"]


def _catalog(qualys: Qualys) -> Rows:
    return _records(qualys.subscription.catalog, VERBOSE)


def _scans(
    qualys: Qualys,
    finished_since: str | None = None,
    finished_until: str | None = None,
    status: str | None = None,
    sha256: str = "1",
) -> Rows:
    """Scans that ended in the window (its end is not in it); bytes and sha256 are those of the JSON download."""
    scans = qualys.subscription.scans
    since = moments.parse(finished_since) if finished_since else None
    until = moments.parse(finished_until) if finished_until else None
    for id in scans.ids():
        launched, ended, state = scans.times(id)
        if (since is not None and ended < since) or (
            until is not None and (ended >= until or not ended)
        ):
            continue
        if status is not None and state != status:
            continue
        row: dict[str, Any] = {
            "id": id,
            "name": scans.title(id),
            "webapp": scans.webapp_of(id),
            "status": state,
            "launched": moments.text(launched),
            "finished": moments.text(ended) if ended else None,
            "retired": id in scans.dead,
        }
        if sha256 == "1":
            row["bytes"], row["sha256"] = scans.digest(id)
        yield row


def _hosts(qualys: Qualys, **parameters: str) -> Rows:
    """Hosts that a Host List with the same parameters names, with what each has for the default filters of HLD."""
    all = qualys.subscription
    work = _as_call(qualys, "/api/2.0/fo/asset/host/", parameters)
    view = host_detections.view_of(_as_call(qualys, "", {}))
    for i in select(work):
        shown = [each for each in all.detections.of_host(i) if view.shows(each)]
        yield {
            "host": all.hosts.host_id(i),
            "asset": all.hosts.asset_id(i),
            "address": all.hosts.address(i),
            "detections": len(shown),
            "processed": moments.text(all.hosts.processed(i)),
            "scanned": moments.text(all.hosts.scanned(i)),
        }


def _detections(qualys: Qualys, results: str = "0", **parameters: str) -> Rows:
    """Detections that HLD shows with the same parameters; `results=1` adds RESULTS."""
    all = qualys.subscription
    work = _as_call(qualys, "/api/2.0/fo/asset/host/vm/detection/", parameters)
    view = host_detections.view_of(work)
    for i, chosen in host_detections.shown(work, view):
        everything = all.detections.of_host(i)
        for each in [one for one in everything if view.shows(one)] if chosen is None else chosen:
            row: dict[str, Any] = {
                "host": all.hosts.host_id(i),
                "unique": all.detections.unique_id(i, each),
                "updated": moments.text(all.detections.updated(i, each)),
            }
            row |= {name: getattr(each, name) for name in _DETECTION}
            if results == "1":
                row["results"] = each.results
            yield row


def _detection_counts(qualys: Qualys, **parameters: str) -> Rows:
    """One row: hosts that HLD lists with the same parameters, and their detections. Fast for any size."""
    all = qualys.subscription
    work = _as_call(qualys, "/api/2.0/fo/asset/host/vm/detection/", parameters)
    view = host_detections.view_of(work)
    hosts = count = 0
    known: dict[int, int] = {}
    for i, chosen in host_detections.shown(work, view):
        hosts += 1
        if chosen is not None:
            count += len(chosen)
            continue
        which = all.detections.list_of(i)
        if which not in known:
            known[which] = sum(map(view.shows, all.detections.of_list(which)))
        count += known[which]
    yield {"hosts": hosts, "detections": count}


_DETECTION = ("qid", "type", "severity", "status", "port", "ignored", "disabled", "times")


def _as_call(qualys: Qualys, path: str, parameters: dict[str, str]) -> Work:
    from .server import Work

    return Work(qualys, Request("GET", path, {}, b""), path, parameters, JSON)


def _kb(qualys: Qualys) -> Rows:
    """The KnowledgeBase: BASE as text, or null."""
    for qid in kb.qids(qualys.options.kb):
        second, third = kb.scores(qid)
        yield {
            "qid": qid, "title": kb.title(qid), "severity": kb.severity(qid), "cves": kb.cves(qid), "cvss2": second,
            "cvss3": third,
        }  # fmt: skip


def _assets(qualys: Qualys) -> Rows:
    """Host assets as the API gives them in JSON."""
    return _records(qualys.subscription.host_assets, FULL)


def _applications(qualys: Qualys) -> Rows:
    """Assets of the gateway with all of their software."""
    all = qualys.subscription
    for i in all.hosts.assets():
        yield json.loads(all.inventory.render(i, None))


TRUTHS: dict[str, Callable[..., Rows]] = {
    "counts": _counts,
    "webapps": _webapps,
    "findings": _findings,
    "catalog": _catalog,
    "scans": _scans,
    "hosts": _hosts,
    "detections": _detections,
    "detection-counts": _detection_counts,
    "kb": _kb,
    "assets": _assets,
    "applications": _applications,
}
