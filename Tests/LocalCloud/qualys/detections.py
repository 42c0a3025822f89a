"""Detections of hosts. There are some dozens of different lists of them; each host has one of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from . import kb, moments
from .hosts import Hosts
from .mix import mix, pick
from .options import Options
from .software import PRODUCTS

_KIND = 7
_STATUSES = ("Active", "Active", "New", "Active", "Re-Opened", "Fixed", "Active")
_LOREM = (
    "NAME\tVALUE\nsubject\tCN=web1 <b>&amp; not an entity</b> 100% \nnote\tGröße 10 µs, 文字, marker ]]> end\n"
    "HKLM\\Software\\Demo\tpath\tC:\\Program Files\\Demo\n"
)


@dataclass(frozen=True)
class Detection:
    """One detection as all hosts with this list have it; number `number` in the list."""

    number: int
    qid: int
    type: str
    severity: int
    status: str | None
    port: int | None
    protocol: str | None
    ssl: bool
    results: str | None
    ignored: bool
    disabled: bool
    qds: int | None
    times: int
    fixed_at: int | None = None


class Detections:
    """The lists, and what tests have changed in them."""

    def __init__(self, options: Options, hosts: Hosts) -> None:
        self.options = options
        self.hosts = hosts
        self.fixed: dict[int, dict[int, int]] = {}
        longest = max(1, options.detections * options.results_bytes * 2)
        self.list_count = max(4, min(128, (48 << 20) // longest))
        self._lists: dict[int, tuple[Detection, ...]] = {}
        self._texts: dict[int, bytes] = {}

    def list_of(self, i: int) -> int:
        """Which list a host has; -1 when nothing was found on it."""
        bits = self.hosts.bits(i)
        return (
            -1
            if bits // 8 % 29 == 3 or self.options.detections == 0
            else bits // 4096 % self.list_count
        )

    def has_empty_element(self, i: int) -> bool:
        """A host that is listed, with no DETECTION_LIST."""
        return self.list_of(i) == -1 and self.hosts.bits(i) % 3 == 0

    def of_list(self, list_number: int) -> tuple[Detection, ...]:
        if list_number < 0:
            return ()
        made = self._lists.get(list_number)
        if made is None:
            seed, mean = self.options.seed, self.options.detections
            count = 1 + mix(seed, _KIND, -1 - list_number) % (2 * mean - 1) if mean else 0
            made = tuple(self._make(list_number, number) for number in range(count))
            self._lists[list_number] = made
        return made

    def of_host(self, i: int) -> tuple[Detection, ...]:
        """With what was changed on this host alone."""
        made = self.of_list(self.list_of(i))
        fixed = self.fixed.get(i)
        if not fixed:
            return made
        return tuple(
            replace(each, status="Fixed", fixed_at=fixed[each.number])
            if each.number in fixed
            else each
            for each in made
        )

    def unique_id(self, i: int, detection: Detection) -> int:
        return (100_000 + i) * 10_000 + detection.number

    def updated(self, i: int, detection: Detection) -> int:
        """LAST_UPDATE_DATETIME: of a fixed detection it is the time of the fix."""
        return self.hosts.processed(i) if detection.fixed_at is None else detection.fixed_at

    @cached_property
    def _text(self) -> str:
        return _LOREM * (self.options.results_bytes * 2 // len(_LOREM) + 1)

    def _make(self, list_number: int, number: int) -> Detection:
        bits = mix(self.options.seed, _KIND, list_number * 100_003 + number)
        # Every ninth is the one before again, on another port.
        twin = number % 9 == 8
        which = (
            mix(self.options.seed, _KIND, list_number * 100_003 + number - twin)
            // 16
            % max(1, self.options.kb)
        )
        type, qid = kb.kind(which), kb.host_qid(which)
        port = None if not twin and bits % 3 == 0 else 443 + number
        status = None if type == "Info" else pick(_STATUSES, bits // 32)
        size = self.options.results_bytes // 2 + bits // 64 % max(1, self.options.results_bytes)
        results: str | None = (
            f"{pick(PRODUCTS, bits // 256)[0].upper()} found: {list_number}/{number}\t{self._text[:size]}"
        )
        if bits % 23 == 5:
            results = ""
        if bits % 23 == 9:
            results = None
        return Detection(
            number=number,
            qid=qid,
            type=type,
            severity=kb.severity(qid),
            status=status,
            port=port,
            protocol=None if port is None else "tcp",
            ssl=port is not None and bits % 2 == 0,
            results=results,
            ignored=bits // 1024 % 31 == 7,
            disabled=bits // 1024 % 37 == 7,
            qds=None if type == "Info" else 10 + bits // 128 % 90,
            times=1 + bits // 512 % 50,
            fixed_at=self.options.epoch - 90 * moments.DAY if status == "Fixed" else None,
        )
