"""The graph that the server holds: one of each source, and what was ever switched off in it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .model import EDGES, Members

Ends = tuple[str, str]


@dataclass
class Vertex:
    members: Members
    generation: int


@dataclass
class Edge:
    members: Members
    active: bool
    generation: int


class Timeline:
    """Everything live that was switched off, deleted or dropped, and what of it came back."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._off: set[tuple[Any, ...]] = set()

    def off(self, how: str, source: str, *what: str) -> None:
        self._note(how, source, what)
        self._off.add((source, *what))

    def on(self, source: str, *what: str) -> None:
        """Only what had been off before is an event: everything else is just new."""
        if (source, *what) in self._off:
            self._off.remove((source, *what))
            self._note("on", source, what)

    def _note(self, how: str, source: str, what: tuple[str, ...]) -> None:
        number = len(self.events) + 1
        moment = {"number": number, "time": time.time(), "event": how, "source": source}
        names = ("vertex", "id") if len(what) == 2 else ("edge", "from", "to")
        self.events.append(moment | dict(zip(names, what, strict=True)))


@dataclass
class SourceGraph:
    """What one source has sent. A full import counts generations: what it did not send is older."""

    name: str
    timeline: Timeline
    replace_members: bool = False
    known: bool = False
    members: Members = field(default_factory=dict)
    model_state_id: str | None = None
    full_import: bool = False
    generation: int = 0
    vertices: defaultdict[str, dict[str, Vertex]] = field(default_factory=lambda: defaultdict(dict))
    edges: defaultdict[str, dict[Ends, Edge]] = field(default_factory=lambda: defaultdict(dict))

    def put_vertex(self, collection: str, key: str, members: Members) -> None:
        """Adds to the members that are there; the first time since the start of a full import, or
        always if members are replaced, only what is sent now holds. Edges are put in likewise."""
        there = self.vertices[collection].get(key)
        if there is None or self.replace_members or there.generation != self.generation:
            self.vertices[collection][key] = Vertex(dict(members), self.generation)
        else:
            there.members.update(members)
        self.timeline.on(self.name, collection, key)

    def put_edge(self, collection: str, pair: Ends, members: Members) -> None:
        there = self.edges[collection].get(pair)
        known: Members = {}
        if there is not None and not self.replace_members and there.generation == self.generation:
            known = there.members
        now = Edge({**known, **members}, bool(members.get("active", True)), self.generation)
        self.edges[collection][pair] = now
        if now.active:
            self.timeline.on(self.name, collection, *pair)
        elif there is not None and there.active:
            self.timeline.off("off", self.name, collection, *pair)

    def has(self, collection: str, key: str) -> bool:
        return key in self.vertices[collection]

    def switch(self, collection: str, pair: Ends, active: bool) -> bool:
        """False if there is no such edge."""
        edge = self.edges[collection].get(pair)
        if edge is None:
            return False
        if edge.active and not active:
            self.timeline.off("off", self.name, collection, *pair)
        elif active:
            self.timeline.on(self.name, collection, *pair)
        edge.active = edge.members["active"] = active
        return True

    def delete(self, collection: str, keys: Iterable[str], how: str = "deleted") -> None:
        """Takes vertices away, and with them every edge that touches one."""
        gone = {key for key in keys if self.vertices[collection].pop(key, None) is not None}
        for key in gone:
            self.timeline.off(how, self.name, collection, key)
        for name, sides in EDGES.items():
            for side, end in enumerate(sides):
                if gone and end == collection:
                    self._drop_edges(name, [pair for pair in self.edges[name] if pair[side] in gone], how)

    def start_full_import(self) -> None:
        self.full_import = True
        self.generation += 1

    def end_full_import(self) -> None:
        """Drops what was not sent since the start."""
        self.full_import = False
        for name, edges in self.edges.items():
            old = [pair for pair, edge in edges.items() if edge.generation < self.generation]
            self._drop_edges(name, old, "dropped")
        for name, vertices in self.vertices.items():
            old_keys = [key for key, one in vertices.items() if one.generation < self.generation]
            self.delete(name, old_keys, "dropped")

    def lines(self, inactive: bool = False) -> Iterator[dict[str, Any]]:
        """Every vertex and every active edge, in order."""
        for name in sorted(self.vertices):
            for key, vertex in sorted(self.vertices[name].items()):
                yield {"vertex": name, "id": key, "members": vertex.members}
        for name in sorted(self.edges):
            for (origin, target), edge in sorted(self.edges[name].items()):
                if edge.active or inactive:
                    yield {"edge": name, "from": origin, "to": target, "members": edge.members}

    def counts(self) -> dict[str, Any]:
        return {
            "vertices": {name: len(all_) for name, all_ in self.vertices.items() if all_},
            "edges": {
                name: sum(edge.active for edge in all_.values())
                for name, all_ in self.edges.items()
                if all_
            },
            "inactive_edges": sum(not edge.active for all_ in self.edges.values() for edge in all_.values()),
        }

    def _drop_edges(self, name: str, pairs: list[Ends], how: str) -> None:
        for pair in pairs:
            if self.edges[name].pop(pair).active:
                self.timeline.off(how, self.name, name, *pair)
