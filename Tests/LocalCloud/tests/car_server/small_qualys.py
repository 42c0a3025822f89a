"""Just enough of Qualys to page through a made-up subscription over HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from car.generator import Generator
from car.wire import Answer, Request, Server

TOKEN = "a.b.c"


@contextmanager
def serving(generator: Generator, page: int = 7) -> Iterator[str]:
    """The address of a server with pages of so many hosts; every call is checked for its sign-in."""
    server = Server(0, _SmallQualys(generator, page))
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()


class _SmallQualys:
    def __init__(self, generator: Generator, page: int) -> None:
        self._assets = [json.loads(text) for text in generator.host_asset_pages(1)]
        self._hosts = list(generator.detection_pages(1))
        self._vulns = [vuln for text in generator.knowledge_base_pages() for vuln in re.findall("<VULN>.*?</VULN>\n", text)]
        self._software = [json.loads(text) for text in generator.application_pages(1)]
        self._page = page

    def __call__(self, request: Request) -> Answer | None:
        handlers: dict[str, Callable[[Request], Answer]] = {
            "/qps/rest/2.0/search/am/hostasset": self._host_assets,
            "/api/2.0/fo/asset/host/vm/detection/": self._detections,
            "/api/2.0/fo/knowledge_base/vuln/": self._knowledge_base,
            "/auth": lambda request: Answer(201, TOKEN.encode()),
            "/rest/2.0/search/am/asset": self._applications,
        }
        signed = request.headers.get("authorization", "")
        wanted = {"/auth": "", "/rest/2.0/search/am/asset": f"Bearer {TOKEN}"}.get(request.path, "Basic dTpw")
        if signed != wanted or (wanted.startswith("Basic") and "x-requested-with" not in request.headers):
            return Answer(401)
        return handlers[request.path](request)

    def _host_assets(self, request: Request) -> Answer:
        criteria = json.loads(request.body)["ServiceRequest"]["filters"]["Criteria"][0]
        assert (criteria["field"], criteria["operator"]) == ("id", "GREATER")
        rows = [row for page in self._assets for row in page["ServiceResponse"]["data"]]
        rows = [row for row in rows if row["HostAsset"]["id"] > int(criteria["value"])]
        response: dict[str, Any] = {"responseCode": "SUCCESS", "count": len(rows[: self._page])}
        if rows:
            response["data"] = rows[: self._page]
        if len(rows) > self._page:
            response["hasMoreRecords"] = "true"
        return Answer(200, json.dumps({"ServiceResponse": response}).encode())

    def _detections(self, request: Request) -> Answer:
        form = parse_qs(request.body.decode())
        start = int(form.get("id_min", ["0"])[0])
        hosts = [re.search("<HOST>.*</HOST>\n", text, re.DOTALL) for text in self._hosts]
        every = [found[0] for found in hosts if found and _id(found[0]) >= start]
        warning = ""
        if len(every) > self._page:
            url = f"https://qualys.test/?action=list&amp;id_min={_id(every[self._page])}"
            warning = f"<WARNING><TEXT>more</TEXT><URL>{url}</URL></WARNING>"
        return _xml(f"<HOST_LIST>{''.join(every[: self._page])}</HOST_LIST>{warning}")

    def _knowledge_base(self, request: Request) -> Answer:
        wanted = set(parse_qs(request.body.decode())["ids"][0].split(","))
        assert len(wanted) <= 100
        found = [vuln for vuln in self._vulns if re.search(r"<QID>(\d+)", vuln)[1] in wanted]  # type: ignore[index]
        return _xml(f"<VULN_LIST>{''.join(found)}</VULN_LIST>" if found else "")

    def _applications(self, request: Request) -> Answer:
        last = int(request.argument("lastSeenAssetId") or 0)
        rows = [row for page in self._software for row in page["assetListData"]["asset"] if row["assetId"] > last]
        if not rows:
            return Answer(204)
        rows = rows[: self._page]
        answer = {"responseCode": "SUCCESS", "hasMore": 1, "lastSeenAssetId": rows[-1]["assetId"]}
        return Answer(200, json.dumps({**answer, "assetListData": {"asset": rows}}).encode())


def _id(host: str) -> int:
    return int(re.search(r"<ID>(\d+)", host)[1])  # type: ignore[index]


def _xml(content: str) -> Answer:
    return Answer(200, f"<OUTPUT><RESPONSE>{content}</RESPONSE></OUTPUT>".encode())
