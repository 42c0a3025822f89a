"""What can happen to the data during a test: `POST /_qualys/changes` with `change` and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import moments
from .subscription import Subscription


def apply(subscription: Subscription, change: str, **arguments: Any) -> Any:
    """Does it, and answers with the ids that it is about."""
    if change not in CHANGES:
        raise ValueError(f"unknown change {change!r}; there are {', '.join(CHANGES)}")
    return CHANGES[change](subscription, **arguments)


def _add_webapp(all: Subscription) -> dict[str, int]:
    all.webapps.added += 1
    all.webapps.touch()
    all.findings.touch()
    return {"id": all.webapps.id_at(all.webapps.size - 1)}


def _remove_webapp(all: Subscription, id: int) -> dict[str, int]:
    all.webapps.removed.add(id)
    all.webapps.touch()
    all.findings.touch()
    return {"id": id}


def _retire_webapp(all: Subscription, id: int) -> dict[str, int]:
    all.webapps.dead.add(id)
    return {"id": id}


def _touch_webapp(all: Subscription, id: int, **members: Any) -> dict[str, int]:
    all.webapps.change(id, {"updatedDate": moments.text(all.now), **members}, {"updatedDate": all.now})
    return {"id": id}


def _add_finding(all: Subscription, webapp: int) -> dict[str, int]:
    all.findings.added[webapp] = all.findings.added.get(webapp, 0) + 1
    id = all.findings.of(webapp)[-1]
    text = moments.text(all.now)
    detected = {"lastDetectedDate": text, "updatedDate": text}
    all.findings.change(id, detected, {"lastDetectedDate": all.now, "lastTestedDate": all.now})
    return {"id": id}


def _remove_finding(all: Subscription, id: int) -> dict[str, int]:
    all.findings.removed.add(id)
    all.findings.touch()
    return {"id": id}


def _change_finding(all: Subscription, id: int, **members: Any) -> dict[str, int]:
    all.findings.change(id, {"updatedDate": moments.text(all.now), **members}, dict(members))
    return {"id": id}


def _add_catalog(all: Subscription, count: int = 1) -> dict[str, int]:
    all.catalog.added += count
    all.catalog.touch()
    return {"count": count}


def _add_scan(
    all: Subscription,
    launched: str | None = None,
    finished: str | None = None,
    status: str = "FINISHED",
    bytes: int | None = None,
) -> dict[str, int]:
    id = all.scans.add()
    ended = moments.parse(finished) if finished else all.now if status != "RUNNING" else 0
    begun = moments.parse(launched) if launched else (ended or all.now) - 3600
    all.scans.set_times(id, begun, ended if status != "RUNNING" else 0, status)
    if bytes is not None:
        all.scans.sizes[id] = bytes
    return {"id": id}


def _finish_scan(all: Subscription, id: int, at: str | None = None) -> dict[str, int]:
    all.scans.set_times(id, all.scans.times(id)[0], moments.parse(at) if at else all.now, "FINISHED")
    return {"id": id}


def _resize_scan(all: Subscription, id: int, bytes: int) -> dict[str, int]:
    all.scans.sizes[id] = bytes
    return {"id": id}


def _retire_scan(all: Subscription, id: int) -> dict[str, int]:
    all.scans.dead.add(id)
    return {"id": id}


CHANGES: dict[str, Callable[..., Any]] = {
    "add_webapp": _add_webapp,
    "remove_webapp": _remove_webapp,
    "retire_webapp": _retire_webapp,
    "touch_webapp": _touch_webapp,
    "add_finding": _add_finding,
    "remove_finding": _remove_finding,
    "change_finding": _change_finding,
    "add_catalog": _add_catalog,
    "add_scan": _add_scan,
    "finish_scan": _finish_scan,
    "resize_scan": _resize_scan,
    "retire_scan": _retire_scan,
    "set_now": lambda all, now: all.set_now(now),
}
