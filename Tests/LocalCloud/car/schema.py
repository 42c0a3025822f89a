"""The import schema (JSON Schema draft 7), and a check by it that is quick enough for every object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .model import EDGES, KEYED, VERTICES, end_member

Schema = dict[str, Any]

SOURCE_KEY = r"^[a-zA-Z0-9_:@=;!'%\-.()+,$*]+$"
_TEXT: Schema = {"type": "string", "minLength": 1}
_SCORE: Schema = {"type": "number", "minimum": 0, "maximum": 10}

# What is asked of a vertex beyond its members being what they are called.
_MEMBERS: dict[str, dict[str, Schema]] = {
    "report": {"_key": _TEXT, "timestamp": {"type": "number"}},
    "asset": {"external_id": _TEXT, "name": _TEXT},
    "ipaddress": {"_key": {"type": "string", "pattern": "^[a-f0-9:.]+$"}},
    "macaddress": {
        "_key": {"type": "string", "pattern": "^([0-9a-f]{2}:){5}([0-9a-f]{2}:[0-9a-f]{2}:)?[0-9a-f]{2}$"}
    },
    "hostname": {
        "_key": {"type": "string", "pattern": r"^[^&#^|?<>[\]]+$"},
        "host_name": _TEXT,
    },
    "account": {"external_id": _TEXT, "name": _TEXT},
    "user": {"external_id": _TEXT},
    "geolocation": {"external_id": _TEXT},
    "vulnerability": {"external_id": _TEXT, "name": _TEXT},
    "application": {"external_id": _TEXT, "name": _TEXT},
}
_NUMBERS = {"timestamp", "xfr_cvss2_base", "xfr_cvss3_base", "longitude", "latitude"}


def import_schema() -> Schema:
    """The schema of a whole import, as `importSchema` answers it."""
    properties: dict[str, Schema] = {
        "source": _vertex("source", {"_key": {"type": "string", "pattern": SOURCE_KEY}}, ("name",)),
        "report": _vertex("report", _MEMBERS["report"], VERTICES["report"]),
    }
    for collection, members in VERTICES.items():
        if collection != "report":
            items = _vertex(collection, _MEMBERS[collection], members)
            properties[collection] = {"type": "array", "items": items}
    for collection in EDGES:
        properties[collection] = {"type": "array", "items": _edge(collection)}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["source", "report"],
        "properties": properties,
    }


def _vertex(collection: str, needed: dict[str, Schema], optional: tuple[str, ...]) -> Schema:
    others = {name: {"type": "number"} if name in _NUMBERS else {"type": "string"} for name in optional}
    if "base_score" in others:
        others["base_score"] = _SCORE
    schema: Schema = {
        "type": "object",
        "required": list(needed),
        "properties": {"source": _TEXT, **others, **needed},
    }
    if collection == "geolocation":
        schema["anyOf"] = [{"required": ["region"]}, {"required": ["longitude", "latitude"]}]
    return schema


def _edge(collection: str) -> Schema:
    properties: dict[str, Schema] = {
        "report": _TEXT,
        "source": _TEXT,
        "active": {"type": "boolean"},
        "timestamp": {"type": "number"},
    }
    for side, end in zip(("_from", "_to"), EDGES[collection], strict=True):
        form = {"type": "string", "pattern": f"^{end}/."} if end in KEYED else _TEXT
        properties[end_member(side, end)] = form
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, "risk_score": _SCORE},
    }


IMPORT_SCHEMA = import_schema()


def faults(value: Any, schema: Schema) -> Iterator[str]:
    """What of `value` does not fit; knows exactly the words of JSON Schema that are used above."""
    if not _is(value, schema.get("type")):
        yield f"is not of type {schema['type']}"
        return
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield "is empty"
        if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
            yield f"{value!r} does not match {schema['pattern']}"
    elif isinstance(value, (int, float)):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{value} is out of range"
    elif isinstance(value, dict):
        yield from _member_faults(value, schema)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            for fault in faults(item, schema["items"]):
                yield f"{index}: {fault}"


def _member_faults(value: dict[str, Any], schema: Schema) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{name} is missing"
    for name, part in schema.get("properties", {}).items():
        if name in value:
            for fault in faults(value[name], part):
                yield f"{name} {fault}"
    choices = schema.get("anyOf")
    if choices and all(any(True for _ in faults(value, choice)) for choice in choices):
        yield "fits none of " + ", ".join(str(choice) for choice in choices)


def _is(value: Any, kind: str | None) -> bool:
    if kind is None:
        return True
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list}[kind])


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
