"""Everything random in here is a function of the seed and an index: nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_MASK = (1 << 64) - 1
T = TypeVar("T")


def mix(seed: int, kind: int, index: int) -> int:
    """64 well mixed bits (the finaliser of SplitMix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + kind * 0xD1B54A32D192ED03 + index * 0x8CB92BA72F3D8DD7) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def pick(values: Sequence[T], bits: int) -> T:
    return values[bits % len(values)]
