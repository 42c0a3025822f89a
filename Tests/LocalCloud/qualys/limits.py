"""Limits per API name, really enforced, and a record of who did not keep to them."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import apis
from .options import Options


@dataclass
class Limit:
    """0 means none."""

    rate: int = 0
    window: float = 3600.0
    concurrency: int = 0


@dataclass
class Blocked:
    """Why a call is refused: `concurrency` with the calls to finish, or `rate` with the seconds to wait."""

    by: str
    number: int


@dataclass
class Meter:
    """What has been seen of one API name."""

    limit: Limit
    running: int = 0
    most_running: int = 0
    calls: int = 0
    blocked_by_concurrency: int = 0
    blocked_by_rate: int = 0
    # Calls within the told waiting time; those that must have set out before it was told are not the client's fault.
    too_early: int = 0
    crossed: int = 0
    told_at: float = 0.0
    told_until: float = 0.0
    accepted: deque[float] = field(default_factory=deque)

    def remaining(self, now: float) -> int:
        while self.accepted and self.accepted[0] <= now - self.limit.window:
            self.accepted.popleft()
        return max(0, self.limit.rate - len(self.accepted))


class Limits:
    """All meters. Times are monotonic seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._meters: dict[str, Meter] = {}
        self._changed: dict[str, Limit] = {}

    def meter(self, path: str) -> Meter:
        name = apis.name(path)
        if apis.family(path) == apis.QPS and self._options.qps_scope == "all":
            name = "qps"
        meter = self._meters.get(name)
        if meter is None:
            limit = self._changed.get(name) or self._default(apis.family(path), name)
            meter = self._meters[name] = Meter(limit)
        return meter

    def _default(self, family: str, name: str) -> Limit:
        options = self._options
        if name == "session" or family == apis.NONE:
            return Limit()
        if family in (apis.FO, apis.MSP):
            return Limit(options.rate, options.window, options.concurrency)
        if family == apis.QPS:
            return Limit(options.qps_rate, options.window, options.qps_concurrency)
        return Limit(options.gateway_rate, options.window, options.gateway_concurrency)

    def change(self, name: str, limit: Limit) -> None:
        self._changed[name] = limit
        if name in self._meters:
            self._meters[name].limit = limit

    def arrive(self, meter: Meter) -> Blocked | None:
        """Counts the call in; `leave` counts it out. First concurrency is checked, then the rate."""
        now = self._clock()
        meter.calls += 1
        meter.running += 1
        meter.most_running = max(meter.most_running, meter.running)
        if now < meter.told_until:
            if now > meter.told_at + self._options.grace_ms / 1000:
                meter.too_early += 1
            else:
                meter.crossed += 1
        limit = meter.limit
        if limit.concurrency and meter.running > limit.concurrency:
            meter.blocked_by_concurrency += 1
            return Blocked("concurrency", meter.running - limit.concurrency)
        if limit.rate and meter.remaining(now) == 0:
            meter.blocked_by_rate += 1
            return Blocked(
                "rate", math.ceil(meter.accepted[0] + limit.window - now) if meter.accepted else 1
            )
        if limit.rate:
            meter.accepted.append(now)
        return None

    def leave(self, meter: Meter) -> None:
        meter.running -= 1

    def tell(self, meter: Meter, seconds: float) -> None:
        """The client is being told to stay away for so long."""
        if seconds > 0:
            meter.told_at = self._clock()
            meter.told_until = max(meter.told_until, meter.told_at + seconds)

    def headers(self, meter: Meter, blocked: Blocked | None = None) -> list[tuple[str, str]]:
        """The block of headers; empty where there is no limit, or none is told."""
        limit = meter.limit
        if self._options.silent_limits or not (limit.rate or limit.concurrency):
            return []
        to_wait = blocked.number if blocked and blocked.by == "rate" else 0
        return [
            ("X-RateLimit-Limit", str(limit.rate or 2000)),
            ("X-RateLimit-Window-Sec", f"{limit.window:.0f}"),
            ("X-RateLimit-Remaining", str(meter.remaining(self._clock()) if limit.rate else 1999)),
            ("X-RateLimit-ToWait-Sec", str(to_wait)),
            ("X-Concurrency-Limit-Limit", str(limit.concurrency or 100)),
            (
                "X-Concurrency-Limit-Running",
                str(min(meter.running, limit.concurrency or meter.running)),
            ),
        ]

    def report(self) -> dict[str, dict[str, Any]]:
        members = (
            "calls", "most_running", "running", "blocked_by_concurrency", "blocked_by_rate", "too_early", "crossed",
        )  # fmt: skip
        return {
            name: {member: getattr(meter, member) for member in members}
            | {"limit": vars(meter.limit)}
            for name, meter in self._meters.items()
        }

    def clear(self) -> None:
        """Forgets what was counted, but not the calls that still run."""
        self._meters = {name: meter for name, meter in self._meters.items() if meter.running}
        for meter in self._meters.values():
            limit, running = meter.limit, meter.running
            meter.__init__(limit)  # type: ignore[misc]
            meter.running = meter.most_running = running

    def reset(self) -> None:
        """Forgets the counts and the limits that were changed."""
        self._changed = {}
        self._meters = {}
