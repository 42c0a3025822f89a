"""What all kinds of QPS records have in common: ids, filters, templates, changes."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from .criteria import Criterion, check
from .options import Options
from .templates import JSON, Values, dumps, template, to_xml

BRIEF, VERBOSE, FULL = "brief", "verbose", "full"


class Records:
    """Records by ascending id. A subclass says which there are and how each is written down."""

    # The record's name on the wire, the schema in the XML envelope, and the fields that filters may name.
    name = ""
    schema = ""
    kinds: dict[str, str] = {}

    def __init__(self, options: Options) -> None:
        self.options = options
        self.version = 0
        # Removed records are gone; dead ones are still listed, but nobody can get them.
        self.removed: set[int] = set()
        self.dead: set[int] = set()
        self._members: dict[int, dict[str, Any]] = {}
        self._fields: dict[int, dict[str, Any]] = {}
        self._templates: dict[Hashable, bytes] = {}
        self._found: dict[Hashable, array[int]] = {}

    def ids(self, after: int = 0) -> Iterator[int]:
        """Ids greater than `after`, ascending."""
        raise NotImplementedError

    def has(self, id: int) -> bool:
        raise NotImplementedError

    def field(self, id: int, name: str) -> Any:
        """The value that a filter sees: dates as seconds, booleans as `true` and `false`."""
        raise NotImplementedError

    def id_from(self, text: str) -> int | None:
        """The id that the last part of a path names."""
        return int(text) if text.isascii() and text.isdigit() else None

    def shape(self, id: int) -> int:
        """Records of the same shape differ in their values only."""
        raise NotImplementedError

    def record(self, shape: int, view: str) -> dict[str, Any]:
        raise NotImplementedError

    def values(self, id: int, form: str) -> Values:
        raise NotImplementedError

    def narrowed(self, criterion: Criterion) -> list[int] | None:
        """The ids that fit, where they are known without looking at every record."""
        return None

    def change(
        self, id: int, members: dict[str, Any], fields: dict[str, Any] | None = None
    ) -> None:
        """From now on the record has these members, and filters see these fields; `None` takes a member away."""
        self._members.setdefault(id, {}).update(members)
        self._fields.setdefault(id, {}).update(fields or {})
        self.touch()

    def touch(self) -> None:
        self.version += 1
        self._found.clear()

    def value(self, id: int, name: str) -> Any:
        changed = self._fields.get(id)
        return changed[name] if changed is not None and name in changed else self.field(id, name)

    def render(self, id: int, form: str, view: str) -> bytes:
        """The record with its name around it."""
        shape = self.shape(id)
        written_in = JSON if id in self._members else form
        key = (shape, written_in, view)
        ready = self._templates.get(key)
        if ready is None:
            ready = template({self.name: self.record(shape, view)}, written_in)
            self._templates[key] = ready
        written = ready % self.values(id, written_in)
        if id not in self._members:
            return written
        record = json.loads(written)
        record[self.name] |= self._members[id]
        record[self.name] = {
            name: member for name, member in record[self.name].items() if member is not None
        }
        return dumps(record) if form == JSON else to_xml(record).encode()

    def find(self, criteria: list[Criterion], after: int = 0) -> Iterator[int]:
        """Ids that fit all criteria, ascending, from after `after` on."""
        tests: list[tuple[str, Callable[[Any], bool]]] = []
        candidates: list[int] | None = None
        others: list[Criterion] = []
        for criterion in criteria:
            test = check(criterion, self.kinds)
            operator = criterion.operator.upper()
            if criterion.field == "id" and operator == "GREATER":
                after = max(after, int(criterion.value))
            elif criterion.field == "id" and operator in ("EQUALS", "IN"):
                wanted = sorted({int(part) for part in criterion.value.split(",")})
                candidates = [
                    id for id in wanted if self.has(id) and (candidates is None or id in candidates)
                ]
            elif (narrowed := self.narrowed(criterion)) is not None:
                candidates = (
                    narrowed if candidates is None else sorted(set(candidates) & set(narrowed))
                )
            else:
                others.append(criterion)
                tests.append((criterion.field, test))
        if candidates is not None:
            return (
                id
                for id in candidates
                if id > after and all(test(self.value(id, name)) for name, test in tests)
            )
        if not tests:
            return self.ids(after)
        found = self._all_that_fit(tuple(others), tests)
        return iter(found[bisect_right(found, after) :])

    def _all_that_fit(
        self, key: Hashable, tests: list[tuple[str, Callable[[Any], bool]]]
    ) -> array[int]:
        """Computed once for all pages of a search."""
        found = self._found.get(key)
        if found is None:
            fitting = self.ids()
            found = array(
                "q",
                (id for id in fitting if all(test(self.value(id, name)) for name, test in tests)),
            )
            if len(self._found) > 50:
                self._found.clear()
            self._found[key] = found
        return found

    def count(self, criteria: list[Criterion]) -> int:
        return sum(1 for _ in self.find(criteria))
