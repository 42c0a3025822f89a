"""Times as the API writes them: whole seconds since the epoch inside, ISO 8601 UTC outside."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache

DAY = 86400


@lru_cache(4096)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, timezone.utc).strftime("%Y-%m-%dT")


def text(moment: int) -> str:
    """`2024-05-06T07:08:09Z`"""
    day, second = divmod(moment, DAY)
    return f"{_day(day)}{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def millis(moment: int) -> str:
    """`2024-05-06T07:08:09.000Z`, the gateway's form."""
    return text(moment)[:-1] + ".000Z"


def parse(value: str) -> int:
    """A day or a time in UTC; raises ValueError for anything else."""
    for pattern in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            return int(datetime.strptime(value, pattern).replace(tzinfo=timezone.utc).timestamp())
        except ValueError:
            continue
    raise ValueError(f"not a date: {value}")


def is_day(value: str) -> bool:
    return len(value) == len("2024-05-06")
