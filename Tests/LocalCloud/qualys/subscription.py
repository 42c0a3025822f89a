"""All data of the subscription, and what happens to it during a test."""

from __future__ import annotations

from . import moments
from .catalog import Catalog
from .findings import Findings
from .options import Options
from .records import Records
from .scans import Scans
from .webapps import WebApps


class Subscription:
    """`now` moves only when it is told to."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.now = options.epoch
        self.webapps = WebApps(options)
        self.findings = Findings(options, self.webapps)
        self.catalog = Catalog(options)
        self.scans = Scans(options, self.webapps)
        self.records: dict[tuple[str, str], Records] = {
            ("was", "webapp"): self.webapps,
            ("was", "finding"): self.findings,
            ("was", "catalog"): self.catalog,
            ("was", "wasscan"): self.scans,
        }

    @property
    def version(self) -> int:
        return sum(records.version for records in self.records.values())

    def set_now(self, now: str) -> dict[str, str]:
        """Moves the clock; the data that is there already stays as it is."""
        self.now = moments.parse(now)
        return {"now": moments.text(self.now)}
