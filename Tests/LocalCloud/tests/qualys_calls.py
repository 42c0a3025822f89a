"""Calls of the stand-in as clients make them."""

from __future__ import annotations

import http.client
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from qualys.client import QualysServer

HOST_LIST = "/api/5.0/fo/asset/host/"
DETECTIONS = "/api/5.0/fo/asset/host/vm/detection/"
KB = "/api/4.0/fo/knowledge_base/vuln/"
SEARCH = "/qps/rest/3.0/search/was/"
HOST_ASSETS = "/qps/rest/2.0/search/am/hostasset"
INVENTORY = "/rest/2.0/search/am/asset"
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    @property
    def response(self) -> Any:
        return json.loads(self.body)["ServiceResponse"]


def call(
    server: QualysServer,
    method: str,
    path: str,
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 20,
) -> Reply:
    """One call on a connection of its own, signed in with Basic unless `headers` say otherwise."""
    connection = http.client.HTTPConnection(urlsplit(server.api_url).netloc, timeout=timeout)
    sent = {"Authorization": server.basic, "X-Requested-With": "tests", **(headers or {})}
    body = body.encode() if isinstance(body, str) else body
    try:
        connection.request(
            method, path, body, {name: value for name, value in sent.items() if value}
        )
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def fo(server: QualysServer, path: str, **parameters: Any) -> Reply:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return call(server, "POST", path, urlencode({"action": "list", **parameters}), form)


def search(
    server: QualysServer, path: str, *criteria: tuple[str, str, Any], **preferences: Any
) -> Reply:
    """A QPS search in JSON."""
    filters = [{"field": f, "operator": o, "value": str(v)} for f, o, v in criteria]
    request = {"preferences": preferences, "filters": {"Criteria": filters}}
    return call(server, "POST", path, json.dumps({"ServiceRequest": request}), JSON)


def every(
    server: QualysServer, path: str, *criteria: tuple[str, str, Any], **preferences: Any
) -> Iterator[Any]:
    """All records of a search, page by page."""
    last = 0
    while True:
        page = search(server, path, ("id", "GREATER", last), *criteria, **preferences).response
        for record in page.get("data", []):
            yield next(iter(record.values()))
        if page.get("hasMoreRecords") != "true":
            return
        assert page["lastId"] > last
        last = page["lastId"]


def token(server: QualysServer) -> str:
    given = {"username": server.username, "password": server.password, "token": "true"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    reply = call(server, "POST", "/auth", urlencode(given), form)
    assert reply.status == 201
    return reply.body.decode()


def inventory(server: QualysServer, bearer: str, query: str = "") -> Reply:
    return call(server, "POST", INVENTORY + query, b"", {"Authorization": f"Bearer {bearer}"})
