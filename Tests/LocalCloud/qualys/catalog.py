"""The WAS catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import moments
from .criteria import DATE, INTEGER, TEXT, WORD
from .mix import mix, pick
from .records import Records
from .templates import Values, gap, number
from .webapps import USER, listed

_KIND = 4
_FIRST = 8_000_001
_SHAPES = 36
_SOURCES = ("VM_SCAN", "VM_MAP", "WAS_SCAN")
_STATUSES = ("NEW", "ROGUE", "APPROVED", "IGNORED", "IN_SUBSCRIPTION")
_PORTS = ("443", "80", "8080", "8443")


class Catalog(Records):
    """Row number i has the id 8,000,001 + i."""

    name = "Catalog"
    schema = "3.0/was/catalog"
    kinds = {
        "id": INTEGER, "ipAddress": TEXT, "port": INTEGER, "fqdn": TEXT, "netbiosName": TEXT, "operatingSystem": TEXT,
        "source": WORD, "status": WORD, "createdDate": DATE, "updatedDate": DATE,
    }  # fmt: skip
    added = 0
    _last = (0, 0)

    def ids(self, after: int = 0) -> Iterator[int]:
        ids = range(max(_FIRST, after + 1), _FIRST + self.options.catalog + self.added)
        return (id for id in ids if id not in self.removed) if self.removed else iter(ids)

    def has(self, id: int) -> bool:
        return _FIRST <= id < _FIRST + self.options.catalog + self.added and id not in self.removed

    def bits(self, id: int) -> int:
        """Of the row that was asked for last they are kept: a page asks several times for each."""
        if id != self._last[0]:
            self._last = id, mix(self.options.seed, _KIND, id)
        return self._last[1]

    def shape(self, id: int) -> int:
        return self.bits(id) % _SHAPES

    def _address(self, id: int) -> str:
        low = id - _FIRST
        if self.shape(id) % 9 == 4:
            return f"2001:db8::{low >> 16:x}:{low & 0xFFFF:x}"
        return f"10.{low >> 16 & 255}.{low >> 8 & 255}.{low & 255}"

    def _updated(self, id: int) -> int:
        return self.options.epoch - self.bits(id) // 64 % (300 * moments.DAY)

    def field(self, id: int, name: str) -> Any:
        shape = self.shape(id)
        match name:
            case "id":
                return id
            case "ipAddress":
                return self._address(id)
            case "port":
                return int(pick(_PORTS, shape))
            case "source":
                return pick(_SOURCES, shape)
            case "status":
                return pick(_STATUSES, shape)
            case "updatedDate":
                return self._updated(id)
            case "createdDate":
                return self._updated(id) - 100 * moments.DAY
        return self.record(shape, "").get(name)

    def values(self, id: int, form: str) -> Values:
        low, updated = id - _FIRST, self._updated(id)
        return {
            b"id": b"%d" % id,
            b"address": self._address(id).encode(),
            b"host": b"srv%d" % low,
            b"updated": moments.text(updated).encode(),
            b"created": moments.text(updated - 100 * moments.DAY).encode(),
        }

    def record(self, shape: int, view: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": number("id"),
            "ipAddress": gap("address"),
            "port": pick(_PORTS, shape),
            "source": pick(_SOURCES, shape),
            "status": pick(_STATUSES, shape),
            "createdDate": gap("created"),
            "updatedDate": gap("updated"),
        }
        if shape % 2:
            row["fqdn"] = gap("host") + ".example.test"
        if shape % 3:
            row["operatingSystem"] = 'Linux 2.6.x & "friends"'
        if shape % 4 == 1:
            row["updatedBy"] = USER
        if shape % 4 == 2:
            row["netbiosName"] = gap("host")
            row["comments"] = listed(
                "Comment", {"contents": "prüfen", "createdDate": "2022-01-18T19:45:09Z"}
            )
        return row
