"""The graph that an import has to leave in CAR, worked out from the Qualys data in the plainest way.

It holds everything in memory and knows nothing of imports: it is what the program is compared with.
"""

from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .compare import SHARED, Graph
from .html_text import text_of
from .model import EDGES, VERTICES, Members, end_member, id_member, vertex_id
from .pages import JSON, Subscription, as_list, read
from .schema import IMPORT_SCHEMA, faults

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COUNTED_TYPES = {"Confirmed", "Potential"}
_COUNTED_STATES = {"New", "Active", "Re-Opened"}


def expected_graph(subscription: Subscription, source: str = "qualys") -> Graph:
    return _Mapping(subscription, source).graph


def text(value: Any) -> str | None:
    """A text without the blanks at its ends; None if nothing is left. Numbers keep their digits."""
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    return str(value).strip() or None


def sent(value: Any) -> str | None:
    """The same as it was sent, for what is neither key nor name."""
    return None if text(value) is None else str(value)


def lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def number(value: str | None) -> float | None:
    value = text(value)
    return float(value) if value and _NUMBER.fullmatch(value) else None


def listed(value: Any, kind: str) -> list[JSON]:
    """The items of a list in a host asset, without the name that each is wrapped in."""
    items = as_list(value.get("list")) if isinstance(value, dict) else []
    wrapped = [item.get(kind) for item in items if isinstance(item, dict)]
    return [item for item in wrapped if isinstance(item, dict)]


class _Mapping:
    def __init__(self, subscription: Subscription, source: str) -> None:
        self.graph = Graph()
        self.source = source
        self.detections: defaultdict[str, list[ET.Element]] = defaultdict(list)
        for host in subscription.hosts:
            counted = [one for one in host.iterfind("DETECTION_LIST/DETECTION") if counts(one)]
            self.detections[str(text(host.findtext("ID")))] += counted
        self.software: defaultdict[str, list[JSON]] = defaultdict(list)
        for asset in subscription.gateway_assets:
            found = as_list((asset.get("softwareListData") or {}).get("software"))
            self.software[str(text(asset.get("assetId")))] += [
                one for one in found if one.get("softwareType") in (None, "Application")
            ]
        self.vulns: dict[str, ET.Element] = {}
        self.known: dict[str, Members] = {}
        for vuln in subscription.vulns:
            self.vulns.setdefault(str(text(vuln.findtext("QID"))), vuln)
        self._vertex_of_source()
        for host_asset in sorted(subscription.host_assets, key=lambda one: int(one["id"])):
            self._asset(host_asset)
        self._refuse()

    def _vertex_of_source(self) -> None:
        link = "https://www.qualys.com/"
        self.graph.add_vertex("source", {"_key": self.source, "name": "Qualys", "product_link": link})

    def _asset(self, item: JSON) -> None:
        key = text(item["id"])
        name = text(item.get("name"))
        dns = text(item.get("dnsHostName"))
        names = (name, dns, text(item.get("netbiosName")), text(item.get("address")), key)
        about = (text(item.get("os")), lower(text(item.get("type"))), name)
        self._vertex(
            "asset",
            external_id=key,
            name=lower(first(names)),
            asset_type=sent(item.get("type")),
            description=" ".join(part for part in about if part) or None,
        )
        if host_name := lower(dns or name):
            self._vertex(
                "hostname",
                _key=host_name,
                host_name=lower(name) or host_name,
                external_id=text(item.get("qwebHostId")),
            )
            self._edge("asset_hostname", key, host_name)
        for one in listed(item.get("account"), "HostAssetAccount"):
            self._account(key, text(one.get("username")))
        for one in as_list((item.get("sourceInfo") or {}).get("list")):
            self._region(key, one)
        addresses = [
            self._interface(key, one) for one in listed(item.get("networkInterface"), "HostAssetInterface")
        ]
        detections = self.detections[text(item.get("qwebHostId")) or ""]
        self._vulnerabilities(key, detections, addresses)
        for one in self.software[str(key)]:
            self._application(key, one, detections)

    def _account(self, asset: str | None, name: str | None) -> None:
        if name:
            self._vertex("account", external_id=name, name=name)
            self._vertex("user", external_id=name)
            self._edge("asset_account", asset, name)
            self._edge("user_account", name, name)

    def _region(self, asset: str | None, item: Any) -> None:
        for place in item.values() if isinstance(item, dict) else ():
            if isinstance(place, dict):
                region = first(text(place.get(name)) for name in ("region", "location", "zone"))
                self._vertex("geolocation", external_id=region, region=region)
                self._edge("asset_geolocation", asset, region)

    def _interface(self, asset: str | None, item: JSON) -> str | None:
        address = lower(text(item.get("address")))
        mac = lower(text(item.get("macAddress")))
        mac = mac and mac.replace("-", ":")
        self._vertex("ipaddress", _key=address)
        self._vertex("macaddress", _key=mac, interface=sent(item.get("interfaceName")))
        self._edge("asset_ipaddress", asset, address)
        self._edge("asset_macaddress", asset, mac)
        self._edge("ipaddress_macaddress", address, mac)
        return address

    def _vulnerabilities(
        self, asset: str | None, detections: list[ET.Element], addresses: list[str | None]
    ) -> None:
        risks: dict[str, float | None] = {}
        for detection in detections:
            qid = str(text(detection.findtext("QID")))
            severity = number(detection.findtext("SEVERITY"))
            risk = None if severity is None else severity * 2
            risks[qid] = max((one for one in (risks.get(qid), risk) if one is not None), default=None)
            results = detection.findtext("RESULTS")
            description = results if text(results) else None
            known = self._known(qid)
            if known["base_score"] is None:
                known = {**known, "base_score": risk}
            self._vertex("vulnerability", external_id=qid, description=description, **known)
        for qid, risk in risks.items():
            self._edge("asset_vulnerability", asset, qid, risk_score=risk)
            for address in addresses:
                self._edge("ipaddress_vulnerability", address, qid)

    def _known(self, qid: str) -> Members:
        """What the KnowledgeBase says of a QID; worked out once."""
        if qid not in self.known:
            self.known[qid] = known_of(self.vulns.get(qid, ET.Element("VULN")))
        return self.known[qid]

    def _application(self, asset: str | None, item: JSON, detections: list[ET.Element]) -> None:
        key = text(item.get("id"))
        product = text(item.get("productName"))
        self._vertex("application", external_id=key, name=text(item.get("fullName")) or product)
        self._edge("asset_application", asset, key)
        if not product or product == "Unknown":
            return
        for detection in detections:
            if product.lower() in (detection.findtext("RESULTS") or "").lower():
                self._edge("application_vulnerability", key, text(detection.findtext("QID")))

    def _vertex(self, collection: str, **values: Any) -> None:
        members = {name: value for name, value in values.items() if value is not None}
        if id_member(collection) not in members:
            return
        self.graph.add_vertex(collection, {**members, "source": self.source})
        for name in values:
            if (collection, name) in SHARED:
                self.graph.choices[collection, vertex_id(collection, members), name].add(values[name])

    def _edge(self, collection: str, origin: str | None, target: str | None, **values: Any) -> None:
        if origin is not None and target is not None:
            members = {name: value for name, value in values.items() if value is not None}
            self.graph.add_edge(collection, origin, target, {**members, "source": self.source})

    def _refuse(self) -> None:
        """Takes away what the import schema does not allow, and the edges that touch it."""
        vertices, edges = self.graph.vertices, self.graph.edges
        for name, key in [key for key, members in vertices.items() if _refused(key[0], members)]:
            del vertices[name, key]
            self.graph.refused += 1
        for name, *pair in list(edges):
            ends = zip(EDGES[name], pair, strict=True)
            risk = edges[name, *pair].get("risk_score", 0)
            if not all(end in vertices for end in ends):
                del edges[name, *pair]
            elif not 0 <= risk <= 10:
                del edges[name, *pair]
                self.graph.refused += 1


def _refused(collection: str, members: Members) -> bool:
    return collection in VERTICES and any(
        True for _ in faults(members, IMPORT_SCHEMA["properties"][collection]["items"])
    )


def known_of(vuln: ET.Element) -> Members:
    """The members that a vulnerability has from its VULN element; None is one that it has not."""
    base2, base3 = (number(vuln.findtext(f"{block}/BASE")) for block in ("CVSS", "CVSS_V3"))
    cves = [text(one.text) for one in vuln.iterfind("CVE_LIST/CVE/ID")]
    prose = {name: text_of(vuln.findtext(name.upper()) or "") for name in ("diagnosis", "consequence", "solution")}
    return {
        "name": text(vuln.findtext("TITLE")) or "Host Instance Vulnerability",
        "base_score": max((base for base in (base2, base3) if base is not None), default=None),
        "xfr_cvss2_base": base2,
        "xfr_cvss3_base": base3,
        "cve_ids": ",".join(one for one in cves if one) or None,
        **{name: value or None for name, value in prose.items()},
    }


def counts(detection: ET.Element) -> bool:
    """Whether a detection is a vulnerability that is there and that nobody has put aside."""
    marks = [text(detection.findtext(name)) for name in ("IS_IGNORED", "IS_DISABLED")]
    return (
        text(detection.findtext("QID")) is not None
        and text(detection.findtext("TYPE")) in _COUNTED_TYPES
        and text(detection.findtext("STATUS")) in _COUNTED_STATES
        and not any(mark not in (None, "0") for mark in marks)
    )


def first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def import_form(graph: Graph, source: str, timestamp: int) -> tuple[Members, dict[str, list[Members]]]:
    """The envelope and the objects by collection that put this graph into CAR."""
    stamp = {"report": str(timestamp), "source": source, "active": True, "timestamp": timestamp}
    envelope = {
        "source": {**graph.vertices["source", source], "description": "Qualys"},
        "report": {
            "_key": str(timestamp),
            "timestamp": timestamp,
            "type": "Qualys",
            "description": "Qualys reports",
        },
    }
    objects: dict[str, list[Members]] = {}
    for (name, _), members in graph.vertices.items():
        if name != "source":
            objects.setdefault(name, []).append(members)
    for (name, *pair), members in graph.edges.items():
        named = {}
        for side, end, key in zip(("_from", "_to"), EDGES[name], pair, strict=True):
            member = end_member(side, end)
            named[member] = f"{end}/{key}" if member == side else key
        objects.setdefault(name, []).append({**named, **members, **stamp})
    return envelope, objects


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the graph of a subscription as NDJSON.")
    parser.add_argument("--folder", type=Path, help="pages as files")
    parser.add_argument("--api", help="address of the Qualys API")
    parser.add_argument("--gateway", help="address of the Qualys gateway")
    parser.add_argument("--username", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--source", default="qualys")
    options = parser.parse_args()
    if options.folder:
        subscription = Subscription.of_folder(options.folder)
    else:
        subscription = read(options.api, options.gateway, options.username, options.password)
    sys.stdout.writelines(line + "\n" for line in expected_graph(subscription, options.source).lines())
    return 0


if __name__ == "__main__":
    sys.exit(main())
