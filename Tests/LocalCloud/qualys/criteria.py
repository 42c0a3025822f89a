"""The request of a QPS search: preferences, filters, and which records fit them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import moments

DATE, INTEGER, TEXT, WORD, BOOLEAN = "date", "integer", "text", "keyword", "boolean"
_OPERATORS = {
    DATE: ("EQUALS", "NOT EQUALS", "GREATER", "LESSER"),
    INTEGER: ("EQUALS", "NOT EQUALS", "GREATER", "LESSER", "IN"),
    TEXT: ("CONTAINS", "EQUALS", "NOT EQUALS"),
    WORD: ("EQUALS", "NOT EQUALS", "IN"),
    BOOLEAN: ("EQUALS", "NOT EQUALS"),
}


class Invalid(ValueError):
    """A request that the service would refuse; `resolution` is its advice."""

    def __init__(self, message: str, resolution: str = "Check the request.") -> None:
        super().__init__(message)
        self.resolution = resolution


@dataclass(frozen=True)
class Criterion:
    """One filter, its value still text."""

    field: str
    operator: str
    value: str


@dataclass
class Search:
    """What was asked for, with the service's defaults."""

    limit: int = 100
    offset: int = 1
    from_id: int = 0
    verbose: bool = False
    criteria: list[Criterion] = field(default_factory=list)

    def described(self) -> dict[str, str]:
        """For the log of calls."""
        told = {
            "limitResults": str(self.limit),
            "startFromOffset": str(self.offset),
            "verbose": str(self.verbose),
        }
        return told | {f"{each.field} {each.operator}": each.value for each in self.criteria}


def parse(body: bytes, content_type: str) -> Search:
    """Reads either form; an empty body asks for everything."""
    if not body.strip():
        return Search()
    try:
        if "json" in content_type or (body.lstrip()[:1] == b"{"):
            return _from_json(json.loads(body))
        return _from_xml(ElementTree.fromstring(body))
    except (ValueError, AttributeError, KeyError, TypeError, ElementTree.ParseError) as problem:
        if isinstance(problem, Invalid):
            raise
        raise Invalid(f"The request cannot be read: {problem}") from None


def _from_json(document: Any) -> Search:
    request = document["ServiceRequest"] or {}
    given = (request.get("filters") or {}).get("Criteria") or []
    given = [given] if isinstance(given, dict) else given
    criteria = [
        Criterion(each["field"], each["operator"], str(each.get("value", ""))) for each in given
    ]
    return _search(dict(request.get("preferences") or {}), criteria)


def _from_xml(root: ElementTree.Element) -> Search:
    if root.tag != "ServiceRequest":
        raise Invalid("Invalid root element.")
    preferences = {each.tag: each.text or "" for each in root.iterfind("preferences/*")}
    criteria = [
        Criterion(each.attrib["field"], each.attrib["operator"], (each.text or "").strip())
        for each in root.iterfind("filters/Criteria")
    ]
    return _search(preferences, criteria)


def _search(preferences: dict[str, Any], criteria: list[Criterion]) -> Search:
    known = {"limitResults", "startFromOffset", "startFromId", "verbose", "limitHistories"}
    if unknown := set(preferences) - known:
        raise Invalid(f"Preferences: unknown element {sorted(unknown)[0]}.")
    search = Search(
        limit=int(preferences.get("limitResults", 100)),
        offset=int(preferences.get("startFromOffset", 1)),
        from_id=int(preferences.get("startFromId", 0)),
        verbose=str(preferences.get("verbose", "false")).lower() == "true",
        criteria=criteria,
    )
    if not 1 <= search.limit <= 1000:
        raise Invalid("Preferences: limitResults must be between 1 and 1000.")
    if search.offset < 1:
        raise Invalid("Preferences: startFromOffset must be 1 or more.")
    return search


def check(criterion: Criterion, kinds: dict[str, str]) -> Callable[[Any], bool]:
    """A function that tells whether a record's value fits; raises Invalid as the service refuses."""
    kind = kinds.get(criterion.field)
    if kind is None:
        raise Invalid(f"Criteria: unknown field '{criterion.field}'.", "Use a supported field.")
    operator = criterion.operator.upper()
    if operator in ("NONE", "IS EMPTY"):
        return lambda value: value is None
    if operator not in _OPERATORS[kind]:
        raise Invalid(f"Criteria: operator '{operator}' is not supported for '{criterion.field}'.")
    if operator == "IN":
        wanted = {_value(criterion, kind, part.strip()) for part in criterion.value.split(",")}
        return lambda value: value in wanted
    wanted_value = _value(criterion, kind, criterion.value.strip())
    if kind == DATE and moments.is_day(criterion.value.strip()) and operator.endswith("EQUALS"):
        inside = range(wanted_value, wanted_value + moments.DAY)
        return lambda value: value is not None and (value in inside) == (operator == "EQUALS")
    return _COMPARE[operator](wanted_value)


_COMPARE: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "EQUALS": lambda wanted: lambda value: value == wanted,
    "NOT EQUALS": lambda wanted: lambda value: value != wanted,
    "GREATER": lambda wanted: lambda value: value is not None and value > wanted,
    "LESSER": lambda wanted: lambda value: value is not None and value < wanted,
    "CONTAINS": lambda wanted: lambda value: value is not None and wanted.lower() in value.lower(),
}


def _value(criterion: Criterion, kind: str, text: str) -> Any:
    place = f"Criteria: Invalid value format for criteria '{criterion.field}' ({text})."
    try:
        if kind == INTEGER:
            return int(text)
        if kind == DATE:
            return moments.parse(text)
    except ValueError:
        raise Invalid(
            place, f"Specify criteria value(s) as {'Long' if kind == INTEGER else 'Date'}."
        ) from None
    if kind == BOOLEAN and text not in ("true", "false"):
        raise Invalid(place, "Values expected: true, false.")
    return text
