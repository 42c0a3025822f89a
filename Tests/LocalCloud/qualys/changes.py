"""What can happen to the data during a test: `POST /_qualys/changes` with `change` and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import moments
from .criteria import DATE
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
    all.webapps.change(
        id, {"updatedDate": moments.text(all.now), **members}, {"updatedDate": all.now}
    )
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
    kinds = all.findings.kinds
    fields = {name: moments.parse(value) if kinds.get(name) == DATE else value for name, value in members.items()}
    all.findings.change(id, {"updatedDate": moments.text(all.now), **members}, fields)
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
    all.scans.set_times(
        id, all.scans.times(id)[0], moments.parse(at) if at else all.now, "FINISHED"
    )
    return {"id": id}


def _resize_scan(all: Subscription, id: int, bytes: int) -> dict[str, int]:
    all.scans.sizes[id] = bytes
    all.scans.touch()
    return {"id": id}


def _retire_scan(all: Subscription, id: int) -> dict[str, int]:
    all.scans.dead.add(id)
    return {"id": id}


def _number_of(all: Subscription, host: int | None, asset: int | None) -> int:
    i = (
        all.hosts.number_of_asset(asset)
        if asset is not None
        else all.hosts.number_of_host(host or 0)
    )
    if i is None:
        raise ValueError(f"there is no such host: {host or asset}")
    return i


def _about(all: Subscription, i: int) -> dict[str, int]:
    all.hosts_changed()
    return {"host": all.hosts.host_id(i), "asset": all.hosts.asset_id(i)}


def _add_host(all: Subscription) -> dict[str, int]:
    """A new host: all of its clocks say now. Those that would be terminated from the start are passed over."""
    while True:
        i = all.hosts.size
        all.hosts.added += 1
        if all.hosts.is_host(i) and all.detections.list_of(i) >= 0:
            break
        all.hosts.deleted.add(i)
    for clock in (all.hosts.processed_at, all.hosts.updated_at, all.hosts.inventoried_at):
        clock[i] = all.now
    return _about(all, i)


def _purge_host(all: Subscription, host: int) -> dict[str, int]:
    """The asset stays, without a host."""
    i = _number_of(all, host, None)
    all.hosts.purged.add(i)
    all.hosts.updated_at[i] = all.now
    return _about(all, i)


def _delete_host(
    all: Subscription, host: int | None = None, asset: int | None = None
) -> dict[str, int]:
    """Gone from all endpoints."""
    i = _number_of(all, host, asset)
    all.hosts.deleted.add(i)
    return _about(all, i)


def _fix_detection(
    all: Subscription, host: int, number: int | None = None, qid: int | None = None
) -> dict[str, int]:
    """By its number in the host's list, or all of a QID; the first live one otherwise."""
    i = _number_of(all, host, None)
    live = [
        each for each in all.detections.of_host(i) if each.status in ("New", "Active", "Re-Opened")
    ]
    if number is not None:
        chosen = [each for each in live if each.number == number]
    else:
        chosen = [each for each in live if each.qid == qid] if qid is not None else live[:1]
    if not chosen:
        raise ValueError("there is no such detection that is not fixed")
    for each in chosen:
        all.detections.fixed.setdefault(i, {})[each.number] = all.now
    all.hosts.processed_at[i] = all.now
    return {**_about(all, i), "qid": chosen[0].qid, "fixed": len(chosen)}


def _touch_host(
    all: Subscription, host: int | None = None, asset: int | None = None, clock: str = "all"
) -> dict[str, int]:
    """`clock` is processed, updated, inventoried or all."""
    i = _number_of(all, host, asset)
    clocks = {
        "processed": all.hosts.processed_at, "updated": all.hosts.updated_at, "inventoried": all.hosts.inventoried_at,
    }  # fmt: skip
    for name, times in clocks.items():
        if clock in (name, "all"):
            times[i] = all.now
    return _about(all, i)


def _move_address(
    all: Subscription, to: str, host: int | None = None, asset: int | None = None
) -> dict[str, int]:
    i = _number_of(all, host, asset)
    all.hosts.addresses[i] = to
    all.hosts.updated_at[i] = all.now
    return _about(all, i)


def _remove_application(
    all: Subscription, asset: int, software: int | None = None
) -> dict[str, int]:
    """By the software's id; the first one otherwise."""
    i = _number_of(all, None, asset)
    listed = [each["id"] for each in all.inventory.software_of(i) or []]
    id = software if software is not None else (listed or [None])[0]
    if id not in listed:
        raise ValueError(f"the asset has no such application; it has {listed}")
    all.inventory.gone.setdefault(i, set()).add(id)
    all.hosts.inventoried_at[i] = all.now
    return {**_about(all, i), "software": id}


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
    "add_host": _add_host,
    "purge_host": _purge_host,
    "delete_host": _delete_host,
    "fix_detection": _fix_detection,
    "touch_host": _touch_host,
    "move_address": _move_address,
    "remove_application": _remove_application,
    "set_now": lambda all, now: all.set_now(now),
}
