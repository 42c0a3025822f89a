"""Graphs in a normal form, and what tells two of them apart, in words."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .html_text import letters
from .model import EDGES, Members, end_member, vertex_id

VertexKey = tuple[str, str]
EdgeKey = tuple[str, str, str]
HTML = {"diagnosis", "consequence", "solution"}

# Members of a shared vertex that an incremental import may have from any asset that holds it.
SHARED = {
    ("vulnerability", "description"),
    ("macaddress", "interface"),
    ("hostname", "host_name"),
    ("hostname", "external_id"),
    ("application", "name"),
}
# Edges of a pairing that is not in CAR: both ends on some asset keep them on.
PAIRINGS = ("ipaddress_macaddress", "application_vulnerability")
_OF_THE_IMPORT = {"report", "timestamp", "active"}


@dataclass
class Graph:
    """Vertices with their members, edges with theirs but for the ends, report, timestamp and active.

    `choices` are the values that assets give to the SHARED members, and `refused` is how many objects do not fit the
    schema; only an expected graph has them.
    """

    vertices: dict[VertexKey, Members] = field(default_factory=dict)
    edges: dict[EdgeKey, Members] = field(default_factory=dict)
    choices: defaultdict[tuple[str, str, str], set[Any]] = field(default_factory=lambda: defaultdict(set))
    refused: int = 0

    @classmethod
    def read(cls, lines: str) -> Graph:
        """From the NDJSON of the server."""
        graph = cls()
        for line in lines.splitlines():
            item = json.loads(line)
            if "vertex" in item:
                graph.vertices[item["vertex"], item["id"]] = item["members"]
            else:
                graph.add_edge(item["edge"], item["from"], item["to"], item["members"])
        return graph

    def add_vertex(self, collection: str, members: Members) -> None:
        """Members that the vertex already has stay as they are: the first value holds."""
        there = self.vertices.setdefault((collection, vertex_id(collection, members)), {})
        for name, value in members.items():
            there.setdefault(name, value)

    def add_edge(self, collection: str, origin: str, target: str, members: Members) -> None:
        named = {end_member(side, end) for side, end in zip(("_from", "_to"), EDGES[collection], strict=True)}
        kept = {name: value for name, value in members.items() if name not in _OF_THE_IMPORT | named}
        self.edges[collection, origin, target] = kept

    def lines(self) -> Iterable[str]:
        """The normal form as NDJSON, in order."""
        for (name, key), members in sorted(self.vertices.items()):
            yield json.dumps({"vertex": name, "id": key, "members": members}, sort_keys=True)
        for (name, origin, target), members in sorted(self.edges.items()):
            yield json.dumps({"edge": name, "from": origin, "to": target, "members": members}, sort_keys=True)

    def counts(self) -> dict[str, int]:
        """How many there are of each collection."""
        return dict(Counter(key[0] for part in (self.vertices, self.edges) for key in part))

    def reachable(self) -> set[VertexKey]:
        """The vertices that an asset reaches over active edges, whichever way these point."""
        neighbours: defaultdict[VertexKey, list[VertexKey]] = defaultdict(list)
        for name, origin, target in self.edges:
            start, end = (EDGES[name][0], origin), (EDGES[name][1], target)
            neighbours[start].append(end)
            neighbours[end].append(start)
        found = {key for key in self.vertices if key[0] == "asset"}
        border = list(found)
        while border:
            for neighbour in neighbours[border.pop()]:
                if neighbour not in found:
                    found.add(neighbour)
                    border.append(neighbour)
        return found


def differences(
    expected: Graph, actual: Graph, before: Sequence[Graph] | None = None, merged: bool = False
) -> list[str]:
    """What is wrong with `actual`, a sentence each; empty if nothing is.

    After a full import `before` is None and both have to be equal. After incremental imports it has
    the expected graphs of the runs before, the last run last (empty: the first run was incremental);
    then what no asset reaches does not count, members that assets share may be any of theirs, those
    of the KnowledgeBase may be older, and the edges of PAIRINGS may stay while an asset has both ends.
    `merged` says that the server merges members: then one that has lost its value keeps an old one.
    """
    wrong: list[str] = []
    counted = None if before is None else actual.reachable() | expected.vertices.keys()
    for key in sorted(expected.vertices.keys() | actual.vertices.keys()):
        name, identity = key
        if name in ("source", "report"):
            continue
        if key not in actual.vertices:
            wrong.append(f"{name} {identity!r} is missing")
        elif key in expected.vertices:
            wrong += _members(key, expected, actual, before, merged)
        elif counted is None or key in counted:
            wrong.append(f"{name} {identity!r} should not be there: {_short(actual.vertices[key])}")
    for edge in sorted(expected.edges.keys() | actual.edges.keys()):
        name, origin, target = edge
        words = f"{name} {origin!r} -> {target!r}"
        if edge not in actual.edges:
            wrong.append(f"{words} is missing")
        elif edge in expected.edges:
            if not _same(expected.edges[edge], actual.edges[edge], merged and before is not None):
                wrong.append(
                    f"{words} has {_short(actual.edges[edge])}, expected {_short(expected.edges[edge])}"
                )
        elif before is None or not _may_stay(edge, expected, before, counted or set()):
            wrong.append(f"{words} should not be active")
    return wrong + _frame(expected, actual)


def wrongly_off(events: Iterable[dict[str, Any]], before: Graph, after: Graph) -> list[str]:
    """Of the server's events during a run, those that hit what was live before and is after it."""
    wrong = []
    for event in events:
        if event["event"] == "on" or event.get("vertex") == "report":
            continue
        if "vertex" in event:
            vertex = event["vertex"], event["id"]
            if vertex in before.vertices and vertex in after.vertices:
                wrong.append(f"{vertex[0]} {vertex[1]!r} was {event['event']} though it is live")
        else:
            edge = event["edge"], event["from"], event["to"]
            if edge in before.edges and edge in after.edges:
                wrong.append(f"{edge[0]} {edge[1]!r} -> {edge[2]!r} was {event['event']} though it is live")
    return wrong


def report(wrong: Sequence[str], most: int = 40) -> str:
    """The differences for a person; the empty text if there are none."""
    lines = [f"- {one}" for one in wrong[:most]]
    if len(wrong) > most:
        lines.append(f"and {len(wrong) - most} more")
    return "\n".join(lines)


def _members(
    key: VertexKey, expected: Graph, actual: Graph, before: Sequence[Graph] | None, merged: bool
) -> list[str]:
    name, identity = key
    wanted, found = expected.vertices[key], actual.vertices[key]
    wrong = []
    for member in sorted(wanted.keys() | found.keys()):
        value = found.get(member)
        if member in wanted and member in found and _equal(member, wanted[member], value):
            continue
        if before is not None and any(
            _equal(member, choice, value) for choice in _choices(key, member, expected, before)
        ):
            continue
        if merged and member not in wanted and value in _older(key, member, before or ()):
            continue
        if member not in found:
            wrong.append(f"{name} {identity!r} has no {member}, expected {_short(wanted[member])}")
        elif member not in wanted:
            wrong.append(f"{name} {identity!r} has {member} {_short(value)}, expected none")
        else:
            wrong.append(f"{name} {identity!r} has {member} {_short(value)}, expected {_short(wanted[member])}")
    return wrong


def _choices(key: VertexKey, member: str, expected: Graph, before: Sequence[Graph]) -> set[Any]:
    """The values that a member may also have after an incremental import; None stands for none."""
    choices: set[Any] = set()
    if (key[0], member) in SHARED:
        for graph in (expected, *before[-1:]):
            choices |= graph.choices.get((*key, member), set())
    if key[0] == "vulnerability" and member != "description":
        choices |= _older(key, member, before)
    return choices


def _older(key: VertexKey, member: str, before: Sequence[Graph]) -> set[Any]:
    return {graph.vertices[key].get(member) for graph in before if key in graph.vertices}


def _may_stay(edge: EdgeKey, expected: Graph, before: Sequence[Graph], counted: set[VertexKey]) -> bool:
    name, origin, target = edge
    start, end = EDGES[name]
    if (start, origin) not in counted and (end, target) not in counted:
        return True
    if name not in PAIRINGS or not any(edge in graph.edges for graph in before):
        return False
    holders = {asset for kind, asset, key in expected.edges if (kind, key) == (f"asset_{start}", origin)}
    return any((f"asset_{end}", asset, target) in expected.edges for asset in holders)


def _frame(expected: Graph, actual: Graph) -> list[str]:
    """The source and the report: there, and as they have to be; their texts and times are free."""
    wrong = []
    sources = {key: value for key, value in actual.vertices.items() if key[0] == "source"}
    wanted = {key: value for key, value in expected.vertices.items() if key[0] == "source"}
    if sources.keys() != wanted.keys():
        wrong.append(f"the sources are {sorted(sources)}, expected {sorted(wanted)}")
    for key, members in sources.items():
        free = {name: value for name, value in members.items() if name != "description"}
        if key in wanted and free != wanted[key]:
            wrong.append(f"source {key[1]!r} has {_short(free)}, expected {_short(wanted[key])}")
    reports = [value for key, value in actual.vertices.items() if key[0] == "report"]
    for members in reports:
        fixed = {name: value for name, value in members.items() if name not in ("_key", "timestamp", "source")}
        if fixed != {"type": "Qualys", "description": "Qualys reports"}:
            wrong.append(f"report {members.get('_key')!r} has {_short(fixed)}")
    if wanted and not reports:
        wrong.append("there is no report")
    return wrong


def _same(wanted: Members, found: Members, merged: bool) -> bool:
    if merged:
        found = {name: value for name, value in found.items() if name in wanted or name != "risk_score"}
    return wanted.keys() == found.keys() and all(_equal(name, wanted[name], found[name]) for name in wanted)


def _equal(member: str, wanted: Any, found: Any) -> bool:
    if isinstance(wanted, str) and isinstance(found, str):
        if member in HTML:
            return letters(wanted) == letters(found)
        return wanted == found
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return bool(wanted == found)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else text[:200] + "..."


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares two graphs in NDJSON.")
    parser.add_argument("expected", type=Path)
    parser.add_argument("actual", type=Path)
    options = parser.parse_args()
    wrong = differences(*(Graph.read(path.read_text()) for path in (options.expected, options.actual)))
    print(report(wrong) or "the graphs are equal")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
