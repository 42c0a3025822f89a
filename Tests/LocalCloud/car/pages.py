"""A subscription as Qualys sends it: pages of host assets, detections, KnowledgeBase and applications."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_KB_BATCH = 100

JSON = dict[str, Any]


@dataclass
class Subscription:
    """Everything an import reads, in the order of the answers."""

    host_assets: list[JSON] = field(default_factory=list)
    hosts: list[ET.Element] = field(default_factory=list)
    vulns: list[ET.Element] = field(default_factory=list)
    gateway_assets: list[JSON] = field(default_factory=list)

    @classmethod
    def of_pages(
        cls,
        host_assets: Iterable[str] = (),
        detections: Iterable[str] = (),
        knowledge_base: Iterable[str] = (),
        applications: Iterable[str] = (),
    ) -> Subscription:
        """From the bodies of answers."""
        return cls(
            [one for page in host_assets for one in host_assets_of(json.loads(page))],
            [host for page in detections for host in _elements(page, "HOST_LIST/HOST")],
            [vuln for page in knowledge_base for vuln in _elements(page, "VULN_LIST/VULN")],
            [one for page in applications for one in applications_of(json.loads(page))],
        )

    @classmethod
    def of_folder(cls, folder: Path) -> Subscription:
        """From files `hostasset*.json`, `hld*.xml`, `kb*.xml` and `gw*.json`."""

        def texts(pattern: str) -> list[str]:
            return [path.read_text() for path in sorted(folder.glob(pattern))]

        return cls.of_pages(*map(texts, ("hostasset*.json", "hld*.xml", "kb*.xml", "gw*.json")))

    def qids(self) -> list[str]:
        every = {qid.text.strip() for host in self.hosts for qid in host.iterfind(".//QID") if qid.text}
        return sorted(every, key=int)


def host_assets_of(answer: JSON) -> list[JSON]:
    response = answer["ServiceResponse"]
    if response["responseCode"] != "SUCCESS":
        raise ValueError(f"hostasset answered {response['responseCode']}")
    return [item["HostAsset"] for item in as_list(response.get("data"))]


def applications_of(answer: JSON) -> list[JSON]:
    if answer["responseCode"] != "SUCCESS":
        raise ValueError(f"the gateway answered {answer['responseCode']}")
    return as_list((answer.get("assetListData") or {}).get("asset"))


def as_list(value: Any) -> list[Any]:
    """One element where a list is usual is a list of one."""
    if value is None or value == "" or value == {}:
        return []
    return value if isinstance(value, list) else [value]


def read(api: str, gateway: str, username: str, password: str, page_size: int = 1000) -> Subscription:
    """Reads a whole subscription over plain HTTP, without retries."""
    client = _Client(api.rstrip("/"), gateway.rstrip("/"), username, password, page_size)
    subscription = Subscription(client.host_assets(), client.hosts())
    subscription.vulns = client.vulns(subscription.qids())
    subscription.gateway_assets = client.gateway_assets()
    return subscription


@dataclass
class _Client:
    api: str
    gateway: str
    username: str
    password: str
    page_size: int

    def host_assets(self) -> list[JSON]:
        rows: list[JSON] = []
        last = 0
        while True:
            criteria = {"field": "id", "operator": "GREATER", "value": str(last)}
            wanted = {"preferences": {"limitResults": str(self.page_size)}, "filters": {"Criteria": [criteria]}}
            body = json.dumps({"ServiceRequest": wanted})
            answer = json.loads(self._qualys("/qps/rest/2.0/search/am/hostasset", body, "application/json"))
            rows += host_assets_of(answer)
            if str(answer["ServiceResponse"].get("hasMoreRecords", "false")).lower() != "true":
                return rows
            last = max(int(row["id"]) for row in rows)

    def hosts(self) -> list[ET.Element]:
        rows: list[ET.Element] = []
        form: dict[str, Any] = {"action": "list", "truncation_limit": self.page_size}
        while True:
            page = self._qualys("/api/2.0/fo/asset/host/vm/detection/", urllib.parse.urlencode(form))
            rows += _elements(page, "HOST_LIST/HOST")
            following = _root(page).findtext("RESPONSE/WARNING/URL")
            if not following:
                return rows
            form = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(following.strip()).query))

    def vulns(self, qids: list[str]) -> list[ET.Element]:
        rows: list[ET.Element] = []
        for start in range(0, len(qids), _KB_BATCH):
            wanted = {"action": "list", "details": "All", "ids": ",".join(qids[start : start + _KB_BATCH])}
            form = urllib.parse.urlencode(wanted)
            rows += _elements(self._qualys("/api/2.0/fo/knowledge_base/vuln/", form), "VULN_LIST/VULN")
        return rows

    def gateway_assets(self) -> list[JSON]:
        account = {"username": self.username, "password": self.password, "token": "true"}
        token = _post(f"{self.gateway}/auth", urllib.parse.urlencode(account), {}).strip()
        query: dict[str, Any] = {"pageSize": min(self.page_size, 300), "softwareType": "Application"}
        rows: list[JSON] = []
        while True:
            address = f"{self.gateway}/rest/2.0/search/am/asset?{urllib.parse.urlencode(query)}"
            page = _post(address, "", {"Authorization": f"Bearer {token}"})
            if not page:
                return rows
            answer = json.loads(page)
            rows += applications_of(answer)
            if not answer.get("hasMore"):
                return rows
            query["lastSeenAssetId"] = answer["lastSeenAssetId"]

    def _qualys(self, path: str, body: str, kind: str = "application/x-www-form-urlencoded") -> str:
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "X-Requested-With": "reference", "Content-Type": kind}
        if kind == "application/json":
            headers["Accept"] = kind
        return _post(self.api + path, body, headers)


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _post(address: str, body: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(address, data=body.encode(), headers=headers, method="POST")
    with _DIRECT.open(request, timeout=60) as answer:
        text = str(answer.read().decode())
        if not text and answer.status != 204:
            raise ValueError(f"{address} answered {answer.status} and nothing")
        return text


def _root(page: str) -> ET.Element:
    root = ET.fromstring(_NOT_XML.sub("", page).encode())
    if root.tag in ("SIMPLE_RETURN", "GENERIC_RETURN"):
        raise ValueError(f"Qualys answered {''.join(root.itertext()).strip()}")
    return root


def _elements(page: str, path: str) -> list[ET.Element]:
    return _root(page).findall(f"RESPONSE/{path}")
