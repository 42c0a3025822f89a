"""The reference program follows the mapping, rule by rule."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from car.compare import Graph
from car.generator import Generator
from car.html_text import letters, text_of
from car.pages import Subscription
from car.reference import expected_graph


def graph(
    *assets: dict[str, Any], hosts: str = "", vulns: str = "", software: dict[int, Any] | None = None
) -> Graph:
    """The graph of host assets, HOST and VULN elements and the applications of assets."""
    rows = [{"HostAsset": {"id": 1, "name": "Web", **asset}} for asset in assets]
    gateway = [
        {"assetId": asset, "softwareListData": {"software": items}} for asset, items in (software or {}).items()
    ]
    return expected_graph(
        Subscription.of_pages(
            [json.dumps({"ServiceResponse": {"responseCode": "SUCCESS", "data": rows}})],
            [f"<X><RESPONSE><HOST_LIST>{hosts}</HOST_LIST></RESPONSE></X>"],
            [f"<X><RESPONSE><VULN_LIST>{vulns}</VULN_LIST></RESPONSE></X>"],
            [json.dumps({"responseCode": "SUCCESS", "assetListData": {"asset": gateway}})],
        )
    )


def host(*detections: str, number: int = 9) -> str:
    return f"<HOST><ID>{number}</ID><DETECTION_LIST>{''.join(detections)}</DETECTION_LIST></HOST>"


def detection(qid: int = 38901, **members: Any) -> str:
    members = {"QID": qid, "TYPE": "Confirmed", "SEVERITY": 3, "STATUS": "Active", "RESULTS": "r", **members}
    return "".join(
        ["<DETECTION>", *(f"<{key}>{value}</{key}>" for key, value in members.items()), "</DETECTION>"]
    )


def interface(**members: Any) -> dict[str, Any]:
    return {"networkInterface": {"list": [{"HostAssetInterface": members}]}}


def found(graph: Graph, collection: str) -> list[str]:
    edges = [" ".join(edge[1:]) for edge in graph.edges if edge[0] == collection]
    return sorted(edges + [key for name, key in graph.vertices if name == collection])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "web"),
        ({"name": " ", "dnsHostName": "DNS.test"}, "dns.test"),
        ({"name": None, "netbiosName": "NB", "address": "10.0.0.1"}, "nb"),
        ({"name": "", "address": "10.0.0.1"}, "10.0.0.1"),
        ({"name": None}, "1"),
        ({"name": " ÄÖ  "}, "äö"),
    ],
)
def test_an_asset_has_the_first_name_that_there_is(members: dict[str, Any], expected: str) -> None:
    assert graph(members).vertices["asset", "1"]["name"] == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"os": " Linux ", "type": "HOST"}, "Linux host Web"),
        ({"type": "HOST"}, "host Web"),
        ({"os": "Linux", "name": ""}, "Linux"),
        ({"name": None}, None),
    ],
)
def test_the_description_of_an_asset_joins_what_is_there(members: dict[str, Any], expected: str | None) -> None:
    assert graph(members).vertices["asset", "1"].get("description") == expected


@pytest.mark.parametrize("number", [9007199254740993, -8412345678901234567])
def test_ids_keep_their_digits(number: int) -> None:
    made = graph({"id": abs(number)}, software={abs(number): [{"id": number, "fullName": "A"}]})
    assert found(made, "asset_application") == [f"{abs(number)} {number}"]


@pytest.mark.parametrize(
    ("members", "addresses", "macs", "pairs"),
    [
        ({"address": "FE80::1", "macAddress": "02-00-00-00-00-0A"}, ["fe80::1"], ["02:00:00:00:00:0a"], 1),
        ({"address": "fe80::1%eth0", "macAddress": "02:00:00:00:00:0a"}, [], ["02:00:00:00:00:0a"], 0),
        ({"address": "10.0.0.0/8"}, [], [], 0),
        ({"address": " 10.0.0.1 ", "macAddress": "02:00:00:00:00"}, ["10.0.0.1"], [], 0),
        ({"macAddress": "02:00:00:00:00:00:00:01"}, [], ["02:00:00:00:00:00:00:01"], 0),
        ({"address": None, "macAddress": ""}, [], [], 0),
    ],
)
def test_addresses_that_do_not_fit_are_not_there(
    members: dict[str, Any], addresses: list[str], macs: list[str], pairs: int
) -> None:
    made = graph(interface(**members))
    assert (found(made, "ipaddress"), found(made, "macaddress")) == (addresses, macs)
    assert len(found(made, "ipaddress_macaddress")) == pairs
    assert len(found(made, "asset_ipaddress")) == len(addresses)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"dnsHostName": "DNS.Test"}, {"_key": "dns.test", "host_name": "web"}),
        ({"qwebHostId": 9}, {"_key": "web", "host_name": "web", "external_id": "9"}),
        ({"name": "", "dnsHostName": "d"}, {"_key": "d", "host_name": "d"}),
        ({"name": None}, None),
        ({"name": "a|b"}, None),
    ],
)
def test_a_host_name_is_a_key_if_it_can_be(members: dict[str, Any], expected: dict[str, str] | None) -> None:
    made = graph(members)
    names = [vertex for key, vertex in made.vertices.items() if key[0] == "hostname"]
    assert names == ([{**expected, "source": "qualys"}] if expected else [])
    assert len(found(made, "asset_hostname")) == len(names)


def test_an_account_is_a_user_too() -> None:
    made = graph({"account": {"list": {"HostAssetAccount": {"username": " Root "}}}})
    assert (found(made, "account"), found(made, "user")) == (["Root"], ["Root"])
    assert (found(made, "asset_account"), found(made, "user_account")) == (["1 Root"], ["Root Root"])
    assert (made.counts()["account"], made.counts()["asset_account"]) == (1, 1)


def test_a_place_is_the_first_of_region_location_and_zone() -> None:
    items: list[Any] = [
        "",
        {},
        {"AssetSource": {}},
        {"Ec2AssetSourceSimple": {"zone": "z", "region": "eu-1"}},
        {"GcpAssetSourceSimple": {"zone": "Zone-A", "location": " "}},
    ]
    made = graph({"sourceInfo": {"list": items}})
    assert found(made, "geolocation") == ["Zone-A", "eu-1"]
    assert made.vertices["geolocation", "eu-1"]["region"] == "eu-1"


@pytest.mark.parametrize(
    ("members", "counted"),
    [
        ({}, True),
        ({"TYPE": "Potential", "STATUS": "New", "IS_IGNORED": 0, "IS_DISABLED": 0}, True),
        ({"STATUS": "Re-Opened"}, True),
        ({"STATUS": "Fixed"}, False),
        ({"TYPE": "Info"}, False),
        ({"STATUS": ""}, False),
        ({"IS_IGNORED": 1}, False),
        ({"IS_DISABLED": 1}, False),
    ],
)
def test_only_detections_that_count_are_there(members: dict[str, Any], counted: bool) -> None:
    made = graph({"qwebHostId": 9}, hosts=host(detection(**members)))
    assert found(made, "vulnerability") == (["38901"] if counted else [])


@pytest.mark.parametrize(
    ("vuln", "expected"),
    [
        ("", {"name": "Host Instance Vulnerability", "base_score": 6}),
        ("<TITLE> T </TITLE><CVSS/><CVE_LIST/>", {"name": "T", "base_score": 6}),
        ("<CVSS><BASE>5.0</BASE></CVSS><CVSS_V3><BASE>7.5</BASE></CVSS_V3>", {"base_score": 7.5, "xfr_cvss2_base": 5, "xfr_cvss3_base": 7.5}),
        ("<CVSS><BASE>0</BASE></CVSS><CVSS_V3><BASE/></CVSS_V3>", {"base_score": 0, "xfr_cvss2_base": 0}),
        ("<CVSS><BASE>n/a</BASE></CVSS>", {"base_score": 6}),
        ("<CVE_LIST><CVE><ID>B</ID></CVE><CVE><ID>A</ID></CVE></CVE_LIST>", {"cve_ids": "B,A"}),
        ("<DIAGNOSIS>&lt;P&gt;Old</DIAGNOSIS><SOLUTION>&lt;BR&gt;</SOLUTION>", {"diagnosis": "Old"}),
    ],
)
def test_a_vulnerability_has_what_the_knowledge_base_says(vuln: str, expected: dict[str, Any]) -> None:
    made = graph({"qwebHostId": 9}, hosts=host(detection()), vulns=f"<VULN><QID>38901</QID>{vuln}</VULN>")
    members = made.vertices["vulnerability", "38901"]
    defaults = {"name": "Host Instance Vulnerability", "base_score": 6, "description": "r"}
    assert members == {**defaults, **expected, "external_id": "38901", "source": "qualys"}


def test_the_first_value_in_the_order_of_the_assets_holds() -> None:
    made = graph(
        {"id": 10, "qwebHostId": 2, **interface(macAddress="02:00:00:00:00:01", interfaceName="ten")},
        {"id": 9, "qwebHostId": 1, "name": "Other", **interface(macAddress="02:00:00:00:00:01")},
        hosts=host(detection(RESULTS="of ten", SEVERITY=5), number=2) + host(detection(RESULTS=" "), detection(RESULTS="of nine"), number=1),
    )
    assert made.vertices["vulnerability", "38901"]["description"] == "of nine"
    assert made.vertices["macaddress", "02:00:00:00:00:01"]["interface"] == "ten"
    assert made.choices["vulnerability", "38901", "description"] == {None, "of nine", "of ten"}


def test_the_risk_is_that_of_the_most_severe_detection() -> None:
    hosts = host(detection(SEVERITY=2), detection(SEVERITY=4), detection(SEVERITY=""), detection(7, SEVERITY=""))
    made = graph({"qwebHostId": 9, **interface(address="10.0.0.1")}, hosts=hosts)
    assert made.edges["asset_vulnerability", "1", "38901"] == {"risk_score": 8, "source": "qualys"}
    assert made.edges["asset_vulnerability", "1", "7"] == {"source": "qualys"}
    assert found(made, "ipaddress_vulnerability") == ["10.0.0.1 38901", "10.0.0.1 7"]


def test_every_asset_of_a_host_has_its_detections_and_a_host_of_none_is_left_out() -> None:
    made = graph(
        {"id": 1, "qwebHostId": 9}, {"id": 2, "qwebHostId": 9}, {"id": 3}, hosts=host(detection()) + host(detection(5), number=8)
    )
    assert found(made, "asset_vulnerability") == ["1 38901", "2 38901"]
    assert found(made, "vulnerability") == ["38901"]


@pytest.mark.parametrize(
    ("item", "name", "affected"),
    [
        ({"fullName": "Demo 9", "productName": "DEMO"}, "Demo 9", True),
        ({"fullName": None, "productName": "Demo"}, "Demo", True),
        ({"fullName": "Demo 9", "productName": "Unknown"}, "Demo 9", False),
        ({"fullName": "Demo 9"}, "Demo 9", False),
        ({"productName": ""}, None, False),
        ({"fullName": "Demo 9", "softwareType": "Operating System"}, None, False),
    ],
)
def test_an_application_is_named_and_affected(item: dict[str, Any], name: str | None, affected: bool) -> None:
    hosts = host(detection(RESULTS="unknown demo server"))
    made = graph({"qwebHostId": 9}, hosts=hosts, software={1: [{"id": -5, **item}], 77: [{"id": 6, "fullName": "x"}]})
    assert [vertex["name"] for key, vertex in made.vertices.items() if key[0] == "application"] == [name] * bool(name)
    assert found(made, "asset_application") == (["1 -5"] if name else [])
    assert found(made, "application_vulnerability") == (["-5 38901"] if affected else [])


@pytest.mark.parametrize("lists", [None, {}, {"software": None}, {"software": []}])
def test_no_software_is_no_fault(lists: Any) -> None:
    page = {"responseCode": "SUCCESS", "assetListData": {"asset": {"assetId": 1, "softwareListData": lists}}}
    assert expected_graph(Subscription.of_pages(applications=[json.dumps(page)])).edges == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("An <B>old</B> cipher.<P>See <A HREF=\"http://x.test/a?b=1&amp;c=2\">here</A>.", "An old cipher. See here http://x.test/a?b=1&c=2."),
        ("<a target=_blank href=http://x.test>1</a><A href='http://y.test'>2", "1http://x.test 2 http://y.test"),
        ("if x < 3 and y <= 4 &lt;b&gt; <?", "if x < 3 and y <= 4 <b> <?"),
        ("a<!-- <b>no</b> -->b<script>x < '<b>'</script>c<style>p{}</style>d<!-- rest", "a b c d"),
        ("&micro;s &#65;&#x42; Gr&ouml;&szlig;e", "µs AB Größe"),
        ('<p title="a > b">text</p>', "text"),
        ('a <p title="b>c', "a c"),
        ('cut <A HREF="http://x.te', "cut"),
        ('<A HREF="http://x.test">here</', "here http://x.test"),
        (" <P><BR>\n", ""),
    ],
)
def test_html_becomes_text(source: str, expected: str) -> None:
    assert letters(text_of(source)) == letters(expected)
    assert bool(text_of(source)) == bool(expected)


class Library(HTMLParser):
    """The same by the parser of the standard library."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.hidden, self.address = "", False, ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("script", "style")
        if tag == "a":
            self.text += self.address
            self.address = dict(attributes).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False
        if tag == "a":
            self.text += self.address
            self.address = ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self.hidden else data


def test_html_of_a_whole_knowledge_base_reads_like_that_of_the_standard_library() -> None:
    checked = 0
    for vuln in Generator(qids=400).subscription().vulns:
        for name in ("DIAGNOSIS", "CONSEQUENCE", "SOLUTION"):
            library = Library()
            library.feed(vuln.findtext(name) or "")
            library.close()
            assert letters(text_of(vuln.findtext(name) or "")) == letters(library.text + library.address)
            checked += 1
    assert checked > 1000


def test_pages_on_disk_are_the_pages_in_memory(tmp_path: Path) -> None:
    generator = Generator(hosts=40, qids=120)
    generator.write(tmp_path)
    from_disk = expected_graph(Subscription.of_folder(tmp_path))
    in_memory = expected_graph(generator.subscription())
    assert (from_disk.vertices, from_disk.edges) == (in_memory.vertices, in_memory.edges)
    assert len(in_memory.edges) > 500
