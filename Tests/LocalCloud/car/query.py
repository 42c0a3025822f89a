"""The part of GraphQL that reads edges and vertices.

A root field is a collection. Arguments: `where` (column: {operator: value}, `_and`, `_or`, `_not`;
operators `_eq _neq _in _nin _gt _gte _lt _lte`), `limit`, `offset`, `order_by` ({column: asc|desc}).
Edges come in the order of their ends, vertices in that of their ids, so that pages fit together;
only active edges are seen, unless `where` names `active`.
Columns of an edge: its members, `_from`, `_to`, `source` and `<collection>_id` for each end, which is
`source/external_id` or, for key-based ends, `collection/_key`. A vertex has its members, `id`, `_key`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from .graph import SourceGraph
from .model import EDGES, KEYED, VERTICES

_TOKEN = re.compile(
    r'[\s,\ufeff]+|#[^\n]*|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)'
    r"|(?P<name>[_A-Za-z]\w*)|(?P<mark>[{}()\[\]:$!=])"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "_eq": operator.eq,
    "_neq": operator.ne,
    "_in": lambda value, wanted: value in wanted,
    "_nin": lambda value, wanted: value not in wanted,
    "_gt": operator.gt,
    "_gte": operator.ge,
    "_lt": operator.lt,
    "_lte": operator.le,
}
Row = dict[str, Any]


class QueryError(Exception):
    """A query that this server does not understand; says what of it."""


def run(text: str, variables: dict[str, Any], graphs: list[SourceGraph]) -> dict[str, list[Row]]:
    """The rows of every root field, by its name or alias."""
    answer = {}
    for field in _Parser(text, variables).document():
        if field["name"] not in EDGES and field["name"] not in VERTICES:
            raise QueryError(f"there is no collection {field['name']!r}")
        answer[field["alias"]] = _rows(field, graphs)
    return answer


def is_plain(text: str, variables: dict[str, Any]) -> bool:
    """Whether a query has only what every known client asks: the edges of one vertex, all of them."""
    fields = _Parser(text, variables).document()
    if len(fields) != 1 or fields[0]["name"] not in EDGES or set(fields[0]["arguments"]) != {"where"}:
        return False
    columns = {f"{end}_id" for end in EDGES[fields[0]["name"]]}
    where = fields[0]["arguments"]["where"]
    return (
        len(where) == 1
        and set(where) <= columns
        and all(set(test) == {"_eq"} for test in where.values())
        and set(fields[0]["columns"]) <= columns | {"source"}
    )


def reference(source: str, collection: str, key: str) -> str:
    return f"{collection}/{key}" if collection in KEYED else f"{source}/{key}"


def _rows(field: dict[str, Any], graphs: list[SourceGraph]) -> list[Row]:
    name, arguments = field["name"], field["arguments"]
    unknown = set(arguments) - {"where", "limit", "offset", "order_by"}
    if unknown:
        raise QueryError(f"{name} has no argument {sorted(unknown)}")
    known = _columns(name)
    for column in field["columns"]:
        if column not in known:
            raise QueryError(f"{name} has no column {column!r}")
    where = arguments.get("where") or {}
    every = _vertices(name, graphs) if name in VERTICES else _edges(name, graphs, where)
    rows = [row for row in every if _holds(row, where, known)]
    for column, direction in (arguments.get("order_by") or {}).items():
        rows.sort(key=lambda row: (row.get(column) is None, row.get(column)), reverse=direction == "desc")
    start = arguments.get("offset") or 0
    limit = arguments.get("limit")
    rows = rows[start:] if limit is None else rows[start : start + limit]
    return [{column: row.get(column) for column in field["columns"]} for row in rows]


def _columns(name: str) -> set[str]:
    common = {"id", "_id", "_key", "source", "external_id"}
    if name in VERTICES:
        return common | set(VERTICES[name])
    ends = {f"{end}_id" for end in EDGES[name]}
    return common | ends | {"_from", "_to", "active", "report", "timestamp", "risk_score"}


def _vertices(name: str, graphs: list[SourceGraph]) -> Iterator[Row]:
    for graph in graphs:
        for key, vertex in sorted(graph.vertices[name].items()):
            mark = reference(graph.name, name, key)
            yield {"source": graph.name, **vertex.members, "_key": key, "id": mark, "_id": mark}


def _edges(name: str, graphs: list[SourceGraph], where: Row) -> Iterator[Row]:
    """Leaves out early what does not begin at the one vertex that is asked for: nearly everything."""
    start, end = EDGES[name]
    wanted = where.get(f"{start}_id", {}).get("_eq")
    for graph in graphs:
        found = [
            pair
            for pair, edge in graph.edges[name].items()
            if (edge.active or "active" in where)
            and wanted in (None, reference(graph.name, start, pair[0]))
        ]
        for pair in sorted(found):
            origin, target = reference(graph.name, start, pair[0]), reference(graph.name, end, pair[1])
            ends = {f"{start}_id": origin, f"{end}_id": target, "_from": origin, "_to": target}
            mark = f"{origin}|{target}"
            yield {**graph.edges[name][pair].members, **ends, "_key": mark, "id": mark, "_id": mark}


def _holds(row: Row, where: Row, known: set[str]) -> bool:
    for name, test in where.items():
        if name == "_and":
            held = all(_holds(row, part, known) for part in test)
        elif name == "_or":
            held = any(_holds(row, part, known) for part in test)
        elif name == "_not":
            held = not _holds(row, test, known)
        elif name not in known:
            raise QueryError(f"there is no column {name!r} to ask for")
        else:
            held = all(_compare(row.get(name), word, wanted) for word, wanted in test.items())
        if not held:
            return False
    return True


def _compare(value: Any, word: str, wanted: Any) -> bool:
    if word not in _OPERATORS:
        raise QueryError(f"there is no operator {word!r}")
    try:
        return _OPERATORS[word](value, wanted)
    except TypeError:
        return False


class _Parser:
    """Reads one query document."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise QueryError(f"cannot read the query at {text[at : at + 20]!r}")
            if found.lastgroup:
                self._tokens.append((found.lastgroup, found[0]))
            at = found.end()
        self._at = 0

    def document(self) -> list[dict[str, Any]]:
        self._at = 0
        if self._peek()[1] == "query":
            self._next()
            if self._peek()[0] == "name":
                self._next()
            if self._peek()[1] == "(":
                self._skip_declarations()
        fields = self._selection()
        if self._at < len(self._tokens):
            raise QueryError("there is something after the query")
        return fields

    def _selection(self) -> list[dict[str, Any]]:
        self._expect("{")
        fields = []
        while self._peek()[1] != "}":
            fields.append(self._field())
        self._next()
        return fields

    def _field(self) -> dict[str, Any]:
        alias = name = self._name()
        if self._peek()[1] == ":":
            self._next()
            name = self._name()
        arguments = {}
        if self._peek()[1] == "(":
            arguments = self._pairs("(", ")")
        columns = []
        if self._peek()[1] == "{":
            columns = [field["name"] for field in self._selection()]
        return {"alias": alias, "name": name, "arguments": arguments, "columns": columns}

    def _pairs(self, start: str, end: str) -> dict[str, Any]:
        self._expect(start)
        pairs = {}
        while self._peek()[1] != end:
            name = self._name()
            self._expect(":")
            pairs[name] = self._value()
        self._next()
        return pairs

    def _value(self) -> Any:
        kind, text = self._peek()
        if text == "{":
            return self._pairs("{", "}")
        self._next()
        if kind == "string":
            return _ESCAPE.sub(_unescape, text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "name":
            return {"true": True, "false": False, "null": None}.get(text, text)
        if text == "$":
            name = self._name()
            if name not in self._variables:
                raise QueryError(f"there is no variable {name!r}")
            return self._variables[name]
        if text != "[":
            raise QueryError(f"{text!r} is no value")
        values = []
        while self._peek()[1] != "]":
            values.append(self._value())
        self._next()
        return values

    def _skip_declarations(self) -> None:
        while self._next()[1] != ")":
            pass

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise QueryError(f"{text!r} is no name")
        return text

    def _expect(self, text: str) -> None:
        if self._next()[1] != text:
            raise QueryError(f"{text!r} is missing")

    def _peek(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise QueryError("the query ends too early")
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2])
