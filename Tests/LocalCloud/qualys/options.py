"""What a stand-in is started with: sizes, account, limits."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from . import moments


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class Options:
    """Every member is a command line option of the same name, with dashes."""

    seed: int = _option(1, "the same seed and sizes give the same subscription")
    now: str = _option(
        "", "the moment that the data leads up to, ISO 8601 UTC; the present by default"
    )
    username: str = _option("quays_st1", "account of Basic, session and gateway")
    password: str = _option("p&ss+wörd%#1", "its password")

    webapps: int = _option(20, "web applications")
    findings: int = _option(10, "findings of a web application, on average")
    finding_bytes: int = _option(200, "about so much response text in a verbose finding")
    catalog: int = _option(50, "rows of the catalog")
    scans: int = _option(30, "WAS scans, launched in the days before now")
    scan_days: float = _option(3.0, "how far the scans go back")
    scan_bytes: int = _option(8000, "about the size of a scan's download")
    kb: int = _option(300, "QIDs of hosts; a few of them are not in the KnowledgeBase")
    kb_text: int = _option(200, "about so many bytes in each text of the KnowledgeBase")
    hosts: int = _option(100, "host assets; a few of them are terminated and no hosts any more")
    detections: int = _option(8, "detections of a host, on average")
    results_bytes: int = _option(200, "about the size of a detection's RESULTS")
    software: int = _option(6, "applications of a host, on average")

    rate: int = _option(300, "calls of one FO API in a window; 0 for no limit")
    window: float = _option(3600.0, "seconds of the window")
    concurrency: int = _option(2, "calls of one FO API at a time; 0 for no limit")
    qps_rate: int = _option(0, "the same for QPS, which has none in reality")
    qps_concurrency: int = _option(0, "the same for QPS, which has none in reality")
    qps_scope: str = _option("name", "QPS limits hold per `name` of an API, or for `all` together")
    silent_limits: int = _option(0, "1: no answer has the headers of limits")
    gateway_rate: int = _option(
        0, "calls of the gateway in a window, answered with 429; 0 for no limit"
    )
    gateway_concurrency: int = _option(0, "calls of the gateway at a time, answered with 429")
    grace_ms: float = _option(
        100.0, "calls so soon after a waiting time was told had set out before"
    )
    latency_ms: float = _option(0.0, "every call takes so long before its answer begins")
    jwt_calls: int = _option(0, "a gateway token is good for so many calls; 0 for ever")
    qps_bad_credentials: int = _option(200, "status of QPS for a bad account: 200 or 401")
    cache_mb: int = _option(256, "whole answers that are kept, so that asking again costs nothing")

    @cached_property
    def epoch(self) -> int:
        return moments.parse(self.now)

    def __post_init__(self) -> None:
        self.now = self.now or moments.text(int(time.time()))
        if self.qps_scope not in ("name", "all"):
            raise ValueError("qps_scope is name or all")
        moments.parse(self.now)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for member in fields(Options):
        parser.add_argument(
            "--" + member.name.replace("_", "-"),
            type=type(member.default),
            default=member.default,
            help=member.metadata["help"].replace("%", "%%")
            + f" ({member.default})".replace("%", "%%"),
        )


def from_arguments(arguments: argparse.Namespace) -> Options:
    return Options(**{member.name: getattr(arguments, member.name) for member in fields(Options)})
