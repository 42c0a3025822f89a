"""Whole answers that are asked for again: the client is to be measured, not this server."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from .wire import KeptBody

_ONE = 32 << 20


class AnswerCache:
    """The bodies last used, up to a number of bytes. The key has to name the version of the data."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[Any, KeptBody] = OrderedDict()

    def get(self, key: Any) -> KeptBody | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keeping(self, key: Any, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces; kept when they have all been taken and are not too many."""
        held: list[bytes] = []
        size = 0
        for piece in pieces:
            size += len(piece)
            if size <= min(_ONE, self._limit):
                held.append(piece)
            else:
                held.clear()
            yield piece
        if held and key not in self._kept:
            self._kept[key] = KeptBody(held)
            self._size += size
            while self._size > self._limit:
                _, oldest = self._kept.popitem(last=False)
                self._size -= sum(map(len, oldest))

    def clear(self) -> None:
        self._kept.clear()
        self._size = 0
