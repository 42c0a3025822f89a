"""Which API a path belongs to: limits and statistics are kept per name."""

from __future__ import annotations

import re

FO, MSP, QPS, GATEWAY, NONE = "fo", "msp", "qps", "gateway", "none"
_FO = re.compile(r"/api/([2-5]\.0)/fo/(.+?)/?$")
_FO_NAMES = {
    "asset/host": "asset/host",
    "asset/host/vm/detection": "vm/detection",
    "knowledge_base/vuln": "knowledge_base/vuln",
    "session": "session",
}
_QPS = re.compile(r"/qps/rest/([\d.]+)/(\w+)/(was|am)/(\w+)(?:/([^/]+))?/?$")
_QPS_VERSIONS = {"was": "3.0", "am": "2.0"}


def family(path: str) -> str:
    if path.startswith("/api/"):
        return FO
    if path.startswith("/msp/"):
        return MSP
    if path.startswith("/qps/"):
        return QPS
    if path.startswith("/rest/") or path == "/auth":
        return GATEWAY
    return NONE


def name(path: str) -> str:
    """`vm/detection`, `was/finding`, `gateway/am/asset`, ...; the path itself where there is no such API."""
    if fo := _FO.fullmatch(path):
        return _FO_NAMES.get(fo[2], path)
    if qps := _QPS.fullmatch(path):
        return f"{qps[3]}/{qps[4]}"
    if path.startswith("/rest/2.0/"):
        return "gateway/" + path.removeprefix("/rest/2.0/").partition("/")[2]
    return {
        "/auth": "auth",
        "/msp/about.php": "msp/about",
        "/qps/rest/portal/version": "portal/version",
    }.get(path, path)


def qps_parts(path: str) -> tuple[str, str, str, str | None] | None:
    """Version right, then verb, module, kind and id."""
    parts = _QPS.fullmatch(path)
    if parts is None or _QPS_VERSIONS[parts[3]] != parts[1]:
        return None
    return parts[2], parts[3], parts[4], parts[5]
