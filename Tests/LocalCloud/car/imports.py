"""Imports and jobs: what is taken now and done later, when it has been asked about often enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .faults import Fault
from .graph import SourceGraph
from .model import EDGES, VERTICES, Members, ends, vertex_id
from .schema import IMPORT_SCHEMA, faults

LARGEST_IMPORT = 2000
Violate = Callable[[str, str], None]


class Refused(Exception):
    """An import that is not even taken."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def _nothing() -> None:
    """The work of what is done, and of what never does any."""


@dataclass
class Job:
    id: str
    polls: int
    source: str
    work: Callable[[], None]
    state: str = "IN PROGRESS"
    ends_as: str = "COMPLETE"

    def finish(self) -> None:
        """Does the work, once, and lets go of what was needed for it."""
        if self.state == "IN PROGRESS":
            work, self.work = self.work, _nothing
            work()
            self.state = self.ends_as

    def poll(self) -> str:
        if self.polls == 0:
            self.finish()
        self.polls -= self.polls > 0
        return self.state


@dataclass
class Import(Job):
    """An orphan is one whose answer got lost, and that came a second time: nobody can wait for it."""

    error: str = ""
    has_vertices: bool = False
    is_orphan: bool = False


def read(body: bytes) -> tuple[Members, list[str]]:
    """The envelope and the collections in it."""
    try:
        envelope = json.loads(body)
    except ValueError as problem:
        raise Refused(400, f"the import is not JSON: {problem}") from None
    if not isinstance(envelope, dict):
        raise Refused(400, "the import is not an object")
    for name in ("source", "report"):
        problems = list(faults(envelope.get(name), IMPORT_SCHEMA["properties"][name]))
        if problems:
            raise Refused(400, f"{name} {problems[0]}")
    collections = [name for name in envelope if name not in ("source", "report")]
    for name in collections:
        if not isinstance(envelope[name], list):
            raise Refused(400, f"{name} is not a list")
    size = sum(len(envelope[name]) for name in collections)
    if size > LARGEST_IMPORT:
        raise Refused(413, f"the import has {size} objects, at most {LARGEST_IMPORT} are taken")
    return envelope, collections


def check(envelope: Members, collections: Iterable[str]) -> list[str]:
    """What in an import breaks the schema or does not belong to its source and report."""
    source, report = envelope["source"]["_key"], envelope["report"]
    problems = []
    if not _is_text_of(report["_key"], report["timestamp"]):
        problems.append(f"report: _key {report['_key']!r} is not the text of {report['timestamp']}")
    for collection in collections:
        schema = IMPORT_SCHEMA["properties"].get(collection)
        if collection not in VERTICES and collection not in EDGES:
            problems.append(f"{collection}: there is no such collection")
            continue
        for item in envelope[collection]:
            found = list(faults(item, schema["items"]))
            if not found and item.get("source", source) != source:
                found.append(f"source {item['source']!r} in an import of {source!r}")
            if not found and collection in EDGES:
                if (item["report"], item["timestamp"]) != (report["_key"], report["timestamp"]):
                    found.append("report and timestamp are not those of the import")
            problems += [f"{collection}: {problem} in {json.dumps(item)[:300]}" for problem in found]
    return problems


def _is_text_of(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def apply(graph: SourceGraph, envelope: Members, collections: list[str], violate: Violate) -> None:
    """Puts all of an import into the graph, vertices first."""
    graph.known = True
    graph.members.update(envelope["source"])
    graph.put_vertex("report", envelope["report"]["_key"], envelope["report"])
    for collection in sorted(collections, key=lambda name: name in EDGES):
        for item in envelope[collection]:
            if collection in EDGES:
                _apply_edge(graph, collection, item, violate)
            else:
                graph.put_vertex(collection, vertex_id(collection, item), item)


def _apply_edge(graph: SourceGraph, collection: str, item: Members, violate: Violate) -> None:
    pair = ends(collection, item)
    for end, key in zip(EDGES[collection], pair, strict=True):
        if not graph.has(end, key):
            violate("dangling reference", f"{collection} {pair}: there is no {end} {key!r}")
            return
    graph.put_edge(collection, pair, item)


def half(envelope: Members, collections: list[str]) -> Members:
    """The first half of each collection."""
    return envelope | {name: envelope[name][: len(envelope[name]) // 2] for name in collections}


def spoil(job: Job, fault: Fault | None) -> None:
    """Makes a job or an import go the way of a fault."""
    if fault is None:
        return
    if fault.kind == "slow":
        job.polls += fault.polls
    elif fault.kind == "job_error":
        job.work, job.ends_as = _nothing, "ERROR"
    elif fault.kind == "job_error_after":
        job.ends_as = "ERROR"


def size(envelope: Members, collections: list[str]) -> dict[str, Any]:
    return {name: len(envelope[name]) for name in collections}
