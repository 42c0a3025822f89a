"""Which call of the CAR interface a request is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .model import EDGES, VERTICES
from .wire import Request

_ROUTES = [
    (method, re.compile(f"/api/car/{pattern}/?"), action)
    for method, pattern, action in (
        ("GET", "v2/databases", "GetDatabases"),
        ("POST", "v2/databases", "CreateDatabase"),
        ("PATCH", "v2/databases", "UpdateDatabase"),
        ("GET", "v2/jobstatus/([^/]+)", "GetJobStatus"),
        ("GET", "v2/source/([^/]+)", "GetSource"),
        ("PATCH", "v2/source", "UpdateSource"),
        ("POST", "v2/source/([^/]+)/full-import-in-progress", "StartFullImport"),
        ("DELETE", "v2/source/([^/]+)/full-import-in-progress", "EndFullImport"),
        ("DELETE", "v2/source/([^/]+)/([a-z_]+)", "DeleteVertices"),
        ("POST", "v2/imports", "Import"),
        ("GET", "v2/importstatus", "GetImportStatus"),
        ("PATCH", f"v2/({'|'.join(EDGES)})", "UpdateEdge"),
        ("PATCH", f"v2/({'|'.join(VERTICES)})", "UpdateVertex"),
        ("POST", "v3/query", "Query"),
        ("GET", "v3/carSchema/([^/]+)", "GetExtension"),
        ("POST", "v3/carSchema", "AddExtension"),
        ("GET", "v3/importSchema", "GetImportSchema"),
    )
]


@dataclass(frozen=True)
class Operation:
    """A call by its name, and the decoded parts of its path."""

    action: str
    parts: tuple[str, ...] = ()


def identify(request: Request) -> Operation:
    for method, pattern, action in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            return Operation(action, tuple(unquote(part) for part in found.groups()))
    return Operation("Unknown")
