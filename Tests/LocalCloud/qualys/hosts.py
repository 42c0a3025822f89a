"""Assets and hosts: who they are. Everything is a function of the seed and the asset's number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from . import moments
from .mix import mix
from .options import Options

_KIND = 6
_ASSET, _HOST, _RUN = 70_001_001, 50_001_001, 37
_DRAWN = 1 << 14
TAGS = ((9001, "Büro Köln"), (9002, "東京"), (9003, "A & <B>"))
OSES = (
    'Linux 5.x & "friends" <test>',
    "Windows Server 2019",
    "",
    "Ubuntu Linux 22.04.3",
    "Größe OS / 10 µ",
)
TRACKING = ("IP", "AGENT", "DNS", "NETBIOS", "EC2")
KINDS = 20


class Hosts:
    """Asset number i has the id 70,001,001 + i; after each 37 host ids there is a gap."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.added = 0
        self._drawn: array[int] = array("Q")
        # Deleted assets are gone everywhere; purged ones are assets without a host.
        self.deleted: set[int] = set()
        self.purged: set[int] = set()
        self.processed_at: dict[int, int] = {}
        self.updated_at: dict[int, int] = {}
        self.inventoried_at: dict[int, int] = {}
        self.addresses: dict[int, str] = {}

    @property
    def size(self) -> int:
        return self.options.hosts + self.added

    def bits(self, i: int) -> int:
        """Asked for a dozen times for each host, and so kept: eight bytes a host."""
        drawn = self._drawn
        if i >= len(drawn):
            end = max(i + 1, min(self.size, i + _DRAWN))
            drawn.extend(mix(self.options.seed, _KIND, each) for each in range(len(drawn), end))
        return drawn[i]

    def asset_id(self, i: int) -> int:
        return _ASSET + i

    def number_of_asset(self, id: int) -> int | None:
        i = id - _ASSET
        return i if self.exists(i) else None

    def host_id(self, i: int) -> int:
        return _HOST + i + i // _RUN

    def number_of_host(self, id: int) -> int | None:
        run, place = divmod(id - _HOST, _RUN + 1)
        i = run * _RUN + place
        return i if place < _RUN and self.exists(i) and self.is_host(i) else None

    def number_from(self, id: int) -> int:
        """The first number whose host id is not less than that."""
        if id <= _HOST:
            return 0
        run, place = divmod(id - _HOST, _RUN + 1)
        return run * _RUN + min(place, _RUN)

    def exists(self, i: int) -> bool:
        return 0 <= i < self.size and i not in self.deleted

    def is_host(self, i: int) -> bool:
        """Terminated and purged assets are no hosts any more."""
        return self.bits(i) % 97 != 13 and i not in self.purged

    def assets(self, start: int = 0) -> Iterator[int]:
        numbers = range(start, self.size)
        return (i for i in numbers if i not in self.deleted) if self.deleted else iter(numbers)

    def processed(self, i: int) -> int:
        """When its scan data were processed: the clock of `vm_processed_after`."""
        if i in self.processed_at:
            return self.processed_at[i]
        return self.options.epoch - self.bits(i) // 1024 % (30 * moments.DAY)

    def scanned(self, i: int) -> int:
        return self.processed(i) - 1800

    def updated(self, i: int) -> int:
        """The clock of host assets: filter `updated`."""
        return self.updated_at.get(
            i, self.processed(i) if i not in self.processed_at else self._old(i)
        )

    def inventoried(self, i: int) -> int:
        """The clock of the gateway's inventory: `assetLastUpdated`."""
        return self.inventoried_at.get(i, self._old(i) + 600)

    def _old(self, i: int) -> int:
        return self.options.epoch - self.bits(i) // 1024 % (30 * moments.DAY)

    def created(self, i: int) -> int:
        """Long ago, but for hosts that were added."""
        return (
            self.updated_at.get(i, 0)
            if i >= self.options.hosts
            else self._old(i) - 400 * moments.DAY
        )

    def has_ipv6_only(self, i: int) -> bool:
        return self.bits(i) % 41 == 7

    def address(self, i: int) -> str:
        """Every fiftieth asset has the address of the one before."""
        if i in self.addresses:
            return self.addresses[i]
        if self.has_ipv6_only(i):
            return f"2001:db8::{i >> 16:x}:{i & 0xFFFF:x}"
        shared = i - (i % 50 == 49)
        return f"10.{shared >> 16 & 255}.{shared >> 8 & 255}.{shared & 255}"

    def mac(self, i: int) -> str:
        shared = i - (i % 60 == 59)
        return f"02:00:{shared >> 24 & 255:02x}:{shared >> 16 & 255:02x}:{shared >> 8 & 255:02x}:{shared & 255:02x}"

    def kind(self, i: int) -> int:
        return self.bits(i) // 128 % KINDS

    def name(self, i: int) -> str:
        return f"host{i}.example.test"

    def os(self, i: int) -> str:
        return OSES[self.kind(i) % len(OSES)]

    def tracking(self, i: int) -> str:
        return TRACKING[self.kind(i) // 4 % len(TRACKING)]

    def tags(self, i: int) -> tuple[tuple[int, str], ...]:
        return TAGS[: self.kind(i) % 4]

    def groups(self, i: int) -> tuple[int, ...]:
        """Asset groups; the title of group n is `Group n`."""
        return tuple(range(501, 501 + self.kind(i) % 3))
