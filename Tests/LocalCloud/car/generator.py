"""A made-up subscription of any size, as pages in the form in which Qualys sends them.

Every host depends on the seed, its number and its revision only, so that pages can be made one by one
and a later revision of the subscription differs from the one before in a fifth of its hosts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from .pages import Subscription

_FIRST_ASSET, _FIRST_HOST, _FIRST_QID = 70_000_001, 50_000_001, 38_001
_PRODUCTS = ("Demo Server", "Käse Tool", "Agent", "Reader", "Office Suite", "Unknown", None)
_STATES = ("New", "Active", "Active", "Re-Opened", "Fixed")
_TYPES = ("Confirmed", "Confirmed", "Potential", "Info")
_PROSE = (
    "The service accepts an <B>old</B> cipher.<P>See <A HREF=\"http://example.test/a?b=1&amp;c=2\" TARGET=_blank>here</A>.",
    "If x < 3 &amp; y &gt; 4 it fails.<BR>Größe 10 &micro;s.<!-- not <b>this</b> -->",
    "<P><BR>",
    "Plain text only.",
    "Run <script>alert('<b>')</script>it<style>p {}</style>.<ul><li>One<li>Two</ul>",
)
_PLACES = (
    {"Ec2AssetSourceSimple": {"type": "EC_2", "region": "eu-central-1", "zone": "b"}},
    {"AzureAssetSourceSimple": {"type": "AZURE", "location": "westeurope"}},
    {"GcpAssetSourceSimple": {"zone": "europe-west3-a"}},
    {"AssetSource": {}},
    {},
    "",
)


@dataclass(frozen=True)
class Generator:
    """`odd` is the share of hosts with something missing, empty, doubled or out of the ordinary."""

    hosts: int = 50
    detections: int = 10
    qids: int = 250
    software: int = 5
    odd: float = 0.3
    seed: int = 1
    revision: int = 0

    def present(self, number: int) -> bool:
        """Whether the host is in the subscription in this revision."""
        return self.revision == 0 or (number + self.seed) % 11 != self.revision % 11

    def host_asset(self, number: int) -> dict[str, Any]:
        random = self._random("asset", number)
        odd = random.random() < self.odd
        name = f"Host-{number}.Example.test"
        asset: dict[str, Any] = {
            "id": _FIRST_ASSET + number,
            "name": name,
            "type": "HOST",
            "os": random.choice(("Linux 5.x & \"friends\"", "Windows Server 2019", "  AIX  ")),
            "dnsHostName": name,
            "netbiosName": f"HOST{number}",
            "address": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "qwebHostId": _FIRST_HOST + number,
            "sourceInfo": {"list": [random.choice(_PLACES)]},
            "account": {"list": [_wrapped("HostAssetAccount", username=one) for one in ("root", f"DOM\\u{number % 7}")]},
        }
        asset["networkInterface"] = {"list": self._interfaces(number, asset["address"], random, odd)}
        for member in random.sample(sorted(asset), 4) if odd else ():
            if member != "id":
                asset[member] = random.choice((None, "", " ") if isinstance(asset[member], str) else (None, {}))
        if odd and asset.get("type"):
            asset["type"] = random.choice(("HOST", " HOST"))
        if odd and random.random() < 0.2:
            asset.pop("qwebHostId")
        if odd and random.random() < 0.2 and asset["account"]:
            asset["account"]["list"] = asset["account"]["list"][0]
        return {"HostAsset": asset}

    def host(self, number: int) -> str:
        """The HOST element; without detections at times."""
        random = self._random("host", number)
        count = self.detections if random.random() >= self.odd else random.randrange(2)
        detections = "".join(self._detection(random, number) for _ in range(count))
        detections = f"<DETECTION_LIST>{detections}</DETECTION_LIST>" if detections else ""
        return f"<HOST><ID>{_FIRST_HOST + number}</ID><TRACKING_METHOD>IP</TRACKING_METHOD>{detections}</HOST>\n"

    def vuln(self, number: int) -> str:
        random = Random(f"{self.seed} qid {number}")
        cves = "".join(
            f"<CVE><ID><![CDATA[CVE-2099-{number * 3 + one}]]></ID><URL>http://cve.example.test/</URL></CVE>"
            for one in range(random.randrange(4))
        )
        prose = "".join(
            f"<{name}><![CDATA[{number} {random.choice(_PROSE)}]]></{name}>"
            for name in ("DIAGNOSIS", "CONSEQUENCE", "SOLUTION")
            if random.random() < 0.8
        )
        bases = "".join(
            random.choice((f"<{name}/>", f"<{name}><BASE>{random.randrange(101) / 10}</BASE></{name}>", f"<{name}><BASE/></{name}>", ""))
            for name in ("CVSS", "CVSS_V3")
        )
        title = f"<TITLE><![CDATA[Demo finding {number} <of & many>]]></TITLE>" if number % 50 else ""
        lists = f"<CVE_LIST>{cves}</CVE_LIST>" if cves or number % 2 else "<CVE_LIST/>"
        return f"<VULN><QID>{_FIRST_QID + number}</QID>{title}{lists}{prose}{bases}</VULN>\n"

    def gateway_asset(self, number: int) -> dict[str, Any]:
        random = self._random("software", number)
        software: Any = [self._software(random) for _ in range(random.randrange(self.software * 2 + 1))]
        if random.random() < self.odd:
            software = random.choice((None, [], software[:1] and software[0]))
        lists = None if random.random() < self.odd / 4 else {"software": software or None}
        return {"assetId": _FIRST_ASSET + number, "hostId": None, "softwareListData": lists}

    def host_asset_pages(self, size: int = 1000) -> Iterator[str]:
        for numbers, last in self._parts(size):
            rows = [self.host_asset(number) for number in numbers if self.present(number)]
            more = "false" if last else "true"
            answer = {"count": len(rows), "hasMoreRecords": more, "responseCode": "SUCCESS", "data": rows}
            yield json.dumps({"ServiceResponse": answer}, ensure_ascii=False)

    def detection_pages(self, size: int = 100) -> Iterator[str]:
        for numbers, _ in self._parts(size):
            hosts = "".join(self.host(number) for number in numbers if self.present(number))
            yield _document("HOST_LIST_VM_DETECTION_OUTPUT", f"<HOST_LIST>{hosts}</HOST_LIST>")

    def knowledge_base_pages(self, size: int = 100) -> Iterator[str]:
        """All QIDs but every fortieth, which the KnowledgeBase does not know."""
        for start in range(0, self.qids, size):
            numbers = range(start, min(start + size, self.qids))
            vulns = "".join(self.vuln(number) for number in numbers if number % 40)
            yield _document("KNOWLEDGE_BASE_VULN_LIST_OUTPUT", f"<VULN_LIST>{vulns}</VULN_LIST>")

    def application_pages(self, size: int = 300) -> Iterator[str]:
        for numbers, last in self._parts(size):
            rows = [self.gateway_asset(number) for number in numbers if self.present(number)]
            answer: dict[str, Any] = {"responseCode": "SUCCESS", "hasMore": 0 if last else 1}
            answer |= {"lastSeenAssetId": _FIRST_ASSET + numbers[-1], "assetListData": {"asset": rows}}
            yield json.dumps(answer, ensure_ascii=False)

    def subscription(self) -> Subscription:
        return Subscription.of_pages(
            self.host_asset_pages(),
            self.detection_pages(),
            self.knowledge_base_pages(),
            self.application_pages(),
        )

    def write(self, folder: Path) -> None:
        """Pages as files, which `Subscription.of_folder` reads."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, pages in (
            ("hostasset-{:05}.json", self.host_asset_pages()),
            ("hld-{:05}.xml", self.detection_pages()),
            ("kb-{:05}.xml", self.knowledge_base_pages()),
            ("gw-{:05}.json", self.application_pages()),
        ):
            for number, page in enumerate(pages, 1):
                (folder / name.format(number)).write_text(page)

    def _interfaces(self, number: int, address: str, random: Random, odd: bool) -> list[Any]:
        mac = f"02:00:00:{number >> 16 & 255:02X}:{number >> 8 & 255:02X}:{number & 255:02X}"
        items = [
            {"interfaceName": "eth0", "macAddress": mac, "address": address},
            {"interfaceName": "eth0", "macAddress": mac, "address": f"2001:DB8::{number & 0xFFFF:x}"},
        ]
        if odd:
            items += random.sample(
                [
                    {"interfaceName": " nic1\t", "macAddress": mac.replace(":", "-")},
                    {"address": "fe80::1%eth0"},
                    {"address": "192.0.2.1", "macAddress": "not a mac"},
                    {"address": " 192.0.2.2 ", "interfaceName": " "},
                    {"macAddress": "02:00:00:00:00:00:00:01"},
                    {"address": None, "macAddress": None},
                ],
                3,
            )
        return [{"HostAssetInterface": item} for item in items]

    def _detection(self, random: Random, number: int) -> str:
        bits = random.getrandbits(40)
        qid = _FIRST_QID + bits % self.qids
        kind, state = _TYPES[bits >> 12 & 3], _STATES[(bits >> 14 & 15) % len(_STATES)]
        product = _PRODUCTS[(bits >> 18 & 15) % len(_PRODUCTS)] or ""
        results = "" if bits >> 22 & 15 == 0 else f"<RESULTS><![CDATA[{product.upper()} {qid} on\t{number} <b>&amp;]]></RESULTS>"
        severity = "" if bits >> 26 & 31 == 0 else f"<SEVERITY>{(bits >> 31 & 7) % 5 + 1}</SEVERITY>"
        status = "" if kind == "Info" else f"<STATUS>{state}</STATUS>"
        marks = f"<IS_IGNORED>{int(bits >> 34 & 15 == 0)}</IS_IGNORED><IS_DISABLED>{int(bits >> 38 == 0) & bits & 1}</IS_DISABLED>"
        return (
            f"<DETECTION><UNIQUE_VULN_ID>{bits}</UNIQUE_VULN_ID><QID>{qid}</QID><TYPE>{kind}</TYPE>"
            f"{severity}{results}{status}{marks}</DETECTION>\n"
        )

    def _software(self, random: Random) -> dict[str, Any]:
        number = random.randrange(40)
        product = _PRODUCTS[number % len(_PRODUCTS)]
        key = (number + 1) * 230_584_300_921_369_395 * (-1 if number % 2 else 1)
        name = None if number % 13 == 0 else escape(f"{product} {number}.0 – Ünicode")
        return {"id": key, "fullName": name, "productName": product, "softwareType": "Application"}

    def _random(self, kind: str, number: int) -> Random:
        changed = self.revision if number % 5 == self.revision % 5 else 0
        return Random(f"{self.seed} {kind} {number} {changed}")

    def _parts(self, size: int) -> Iterator[tuple[range, bool]]:
        for start in range(0, self.hosts, size):
            end = min(start + size, self.hosts)
            yield range(start, end), end == self.hosts


def _wrapped(name: str, **members: Any) -> dict[str, Any]:
    return {name: members}


def _document(root: str, content: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE {root} SYSTEM "https://qualysapi.standin.test/output.dtd">\n'
        f"<{root}><RESPONSE><DATETIME>2024-05-06T07:08:09Z</DATETIME>{content}</RESPONSE></{root}>\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the pages of a made-up subscription.")
    parser.add_argument("folder", type=Path)
    for name in ("hosts", "detections", "qids", "software", "seed", "revision"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Generator, name))
    parser.add_argument("--odd", type=float, default=Generator.odd)
    options = vars(parser.parse_args())
    folder = options.pop("folder")
    Generator(**options).write(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
