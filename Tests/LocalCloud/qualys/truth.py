"""What a complete client should have got, one JSON object a line: `GET /_qualys/truth/<name>?<arguments>`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import moments
from .records import FULL, VERBOSE, Records
from .templates import JSON

if TYPE_CHECKING:
    from .server import Qualys

Rows = Iterator[dict[str, Any]]


def _counts(qualys: Qualys) -> Rows:
    """How many there are of everything."""
    all = qualys.subscription
    yield {kind: records.count([]) for (_, kind), records in all.records.items()}


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
        if (since is not None and ended < since) or (until is not None and (ended >= until or not ended)):
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


TRUTHS: dict[str, Callable[..., Rows]] = {
    "counts": _counts,
    "webapps": _webapps,
    "findings": _findings,
    "catalog": _catalog,
    "scans": _scans,
}
