"""All data of the subscription, and what happens to it during a test."""

from __future__ import annotations

from . import moments
from .catalog import Catalog
from .detections import Detections
from .findings import Findings
from .host_assets import HostAssets, HostDetections
from .host_detections import View, Writer
from .hosts import Hosts
from .inventory import Inventory
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
        self.hosts = Hosts(options)
        self.detections = Detections(options, self.hosts)
        self.host_assets = HostAssets(options, self.hosts, self.detections)
        self.inventory = Inventory(options, self.hosts)
        self.records: dict[tuple[str, str], Records] = {
            ("was", "webapp"): self.webapps,
            ("was", "finding"): self.findings,
            ("was", "catalog"): self.catalog,
            ("was", "wasscan"): self.scans,
            ("am", "hostasset"): self.host_assets,
            ("am", "hostdetection"): HostDetections(options, self.hosts, self.detections),
        }
        self._writers: dict[View, Writer] = {}

    @property
    def version(self) -> int:
        """Grows with every change, so that kept answers are not used after one."""
        return sum(records.version for records in self.records.values())

    def writer(self, view: View) -> Writer:
        """The one that has its templates ready."""
        if len(self._writers) > 8 and view not in self._writers:
            self._writers.clear()
        return self._writers.setdefault(view, Writer(self.hosts, self.detections, view))

    def hosts_changed(self) -> None:
        for records in self.records.values():
            records.touch()

    def set_now(self, now: str) -> dict[str, str]:
        """Moves the clock; the data that is there already stays as it is."""
        self.now = moments.parse(now)
        return {"now": moments.text(self.now)}
