"""The collections of a graph: what identifies a vertex, and what the ends of an edge are."""

from __future__ import annotations

from typing import Any

Members = dict[str, Any]

# Collections whose vertices are known by `_key`; all others are known by `external_id`.
KEYED = frozenset({"source", "report", "ipaddress", "macaddress", "hostname"})

# Members that a vertex may have, `source` and its id apart.
VERTICES: dict[str, tuple[str, ...]] = {
    "report": ("timestamp", "type", "description"),
    "asset": ("name", "asset_type", "description"),
    "ipaddress": (),
    "macaddress": ("interface",),
    "hostname": ("host_name", "external_id"),
    "account": ("name",),
    "user": (),
    "geolocation": ("region", "longitude", "latitude"),
    "vulnerability": (
        "name",
        "description",
        "base_score",
        "xfr_cvss2_base",
        "xfr_cvss3_base",
        "cve_ids",
        "diagnosis",
        "consequence",
        "solution",
    ),
    "application": ("name",),
}

EDGES: dict[str, tuple[str, str]] = {
    "asset_vulnerability": ("asset", "vulnerability"),
    "asset_ipaddress": ("asset", "ipaddress"),
    "asset_macaddress": ("asset", "macaddress"),
    "asset_hostname": ("asset", "hostname"),
    "asset_application": ("asset", "application"),
    "asset_account": ("asset", "account"),
    "asset_geolocation": ("asset", "geolocation"),
    "ipaddress_macaddress": ("ipaddress", "macaddress"),
    "ipaddress_vulnerability": ("ipaddress", "vulnerability"),
    "application_vulnerability": ("application", "vulnerability"),
    "user_account": ("user", "account"),
}


def id_member(collection: str) -> str:
    return "_key" if collection in KEYED else "external_id"


def vertex_id(collection: str, members: Members) -> str:
    return str(members[id_member(collection)])


def end_member(side: str, collection: str) -> str:
    """The member that names an end of an edge; `side` is `_from` or `_to`."""
    return side if collection in KEYED else f"{side}_external_id"


def ends(collection: str, members: Members) -> tuple[str, str]:
    """The ids of the vertices that an edge joins."""
    origin, target = EDGES[collection]
    return (_end("_from", origin, members), _end("_to", target, members))


def _end(side: str, collection: str, members: Members) -> str:
    value = str(members[end_member(side, collection)])
    return value.removeprefix(f"{collection}/") if collection in KEYED else value
