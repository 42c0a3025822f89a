"""Hosts: the same ones under the same ids at all endpoints."""

from __future__ import annotations

import gzip
import http.client
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from qualys_calls import (
    DETECTIONS,
    HOST_ASSETS,
    HOST_LIST,
    KB,
    call,
    every,
    fo,
    inventory,
    search,
    token,
)

from qualys.client import QualysServer


def pages(server: QualysServer, path: str, **parameters: Any) -> Iterator[ElementTree.Element]:
    """Follows WARNING/URL by POST, as a client with long lists of ids has to."""
    while True:
        root = fo(server, path, **parameters).xml
        yield root
        url = root.findtext("RESPONSE/WARNING/URL")
        if not url:
            return
        assert url.startswith(server.api_url + path)
        following = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        assert int(following["id_min"]) > int(parameters.get("id_min", 0))
        assert following.keys() == parameters.keys() | {"action", "id_min"}
        parameters = following


def ids_of(root: ElementTree.Element) -> list[int]:
    """ID_SET with its ranges, or HOST/ID."""
    ids: list[int] = []
    for element in root.iterfind("RESPONSE/ID_SET/*"):
        first, _, last = (element.text or "").partition("-")
        assert bool(last) == (element.tag == "ID_RANGE")
        ids += range(int(first), int(last or first) + 1)
    return ids or [int(each.text or "") for each in root.iterfind("RESPONSE/HOST_LIST/HOST/ID")]


@pytest.fixture
def free(qualys: QualysServer) -> QualysServer:
    """Without limits: these tests are about data."""
    names = ("asset/host", "vm/detection", "knowledge_base/vuln", "msp/about")
    qualys.set(limits={name: {"rate": 0, "concurrency": 0} for name in names})
    return qualys


@pytest.mark.parametrize("details", ["None", "Basic", "All", "All/AGs"])
def test_host_list_pages_hold_every_host_once(free: QualysServer, details: str) -> None:
    truth = [row["host"] for row in free.truth("hosts")]
    found = [
        id
        for page in pages(free, HOST_LIST, details=details, truncation_limit=70)
        for id in ids_of(page)
    ]
    assert found == truth and len(truth) == free.truth("counts")[0]["host"]
    whole = fo(free, HOST_LIST, details=details, truncation_limit=0).xml
    assert ids_of(whole) == truth and whole.find("RESPONSE/WARNING") is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"ids": "50001003,50001010-50001100,7"},
        {"id_min": 50001200, "id_max": 50001300},
        {"vm_processed_after": "2024-05-01"},
        {"ips": "10.0.0.5-10.0.0.20,10.0.1.1,10.0.0.128/28"},
        {"use_tags": 1, "tag_set_by": "name", "tag_set_include": "東京"},
        {
            "use_tags": 1,
            "tag_set_include": "9001,9003",
            "tag_include_selector": "all",
            "tag_set_exclude": "9009",
        },
        {"ag_ids": "502-503"},
        {"ag_titles": "Group 501"},
    ],
)
def test_filters_hold_for_both_lists(free: QualysServer, parameters: dict[str, Any]) -> None:
    rows = free.truth("hosts", **parameters)
    assert 0 < len(rows) < 398
    assert ids_of(fo(free, HOST_LIST, details="None", truncation_limit=0, **parameters).xml) == [
        row["host"] for row in rows
    ]
    shown = fo(free, DETECTIONS, truncation_limit=0, **parameters).xml
    counts = {
        int(host.findtext("ID") or ""): len(host.findall("DETECTION_LIST/DETECTION"))
        for host in shown.iterfind("RESPONSE/HOST_LIST/HOST")
    }
    assert {row["host"]: row["detections"] for row in rows if row["detections"]} == {
        host: count for host, count in counts.items() if count
    }


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"show_igs": 1},
        {"status": "Fixed"},
        {"status": "New,Active,Re-Opened,Fixed", "include_ignored": 1, "include_disabled": 1},
        {"severities": "4-5"},
        {"include_vuln_type": "potential"},
        {
            "show_qds": 1,
            "show_qds_factors": 1,
            "show_reopened_info": 1,
            "show_tags": 1,
            "show_asset_id": 1,
        },
        {"detection_updated_since": "2024-05-01"},
    ],
)
def test_detections_are_those_of_the_truth(free: QualysServer, parameters: dict[str, Any]) -> None:
    found = []
    for page in pages(free, DETECTIONS, truncation_limit=150, **parameters):
        for host in page.iterfind("RESPONSE/HOST_LIST/HOST"):
            for each in host.iterfind("DETECTION_LIST/DETECTION"):
                found.append(
                    {
                        "host": int(host.findtext("ID") or ""),
                        "unique": int(each.findtext("UNIQUE_VULN_ID") or ""),
                        "qid": int(each.findtext("QID") or ""),
                        "status": each.findtext("STATUS"),
                        "results": each.findtext("RESULTS"),
                    }
                )
    truth = free.truth("detections", results="1", **parameters)
    assert found == [{name: row[name] for name in found[0]} for row in truth]
    assert len({row["unique"] for row in truth}) == len(truth)
    counted = free.truth("detection-counts", **parameters)[0]["detections"]
    assert counted == len(truth)


def test_the_odd_things_are_all_there(free: QualysServer) -> None:
    parameters = {
        "show_igs": 1,
        "status": "New,Active,Re-Opened,Fixed",
        "include_ignored": 1,
        "include_disabled": 1,
    }
    reply = fo(free, DETECTIONS, truncation_limit=0, **parameters)
    hosts = reply.xml.findall("RESPONSE/HOST_LIST/HOST")
    assert len(hosts) < 398 and any(host.find("DETECTION_LIST") is None for host in hosts)
    detections = [each for host in hosts for each in host.iterfind("DETECTION_LIST/DETECTION")]
    assert {each.findtext("TYPE") for each in detections} == {"Confirmed", "Potential", "Info"}
    assert {each.findtext("STATUS") for each in detections} == {
        "New",
        "Active",
        "Re-Opened",
        "Fixed",
        None,
    }
    for member in ("IS_IGNORED", "IS_DISABLED"):
        assert {each.findtext(member) for each in detections} >= {"0", "1"}
    assert b"]]]]><![CDATA[>" in reply.body
    assert {each.findtext("RESULTS") for each in detections} >= {None, ""}
    by_host = [[each.findtext("QID") for each in host.iterfind(".//DETECTION")] for host in hosts]
    assert any(len(set(qids)) < len(qids) for qids in by_host)
    known = {row["qid"] for row in free.truth("kb")}
    qids = {int(qid or "") for qids in by_host for qid in qids}
    assert qids & known and qids - known
    forms = [
        page.find("RESPONSE/WARNING/CODE") is not None
        for page in pages(free, HOST_LIST, truncation_limit=30)
    ]
    assert set(forms[:-1]) == {True, False}


def test_the_knowledge_base_knows_what_the_truth_knows(free: QualysServer) -> None:
    truth = {str(row["qid"]): row for row in free.truth("kb")}
    vulns = fo(free, KB, details="All").xml.findall("RESPONSE/VULN_LIST/VULN")
    assert [vuln.findtext("QID") for vuln in vulns] == sorted(truth, key=int)
    for vuln in vulns:
        row = truth[vuln.findtext("QID") or ""]
        assert vuln.findtext("TITLE") == row["title"]
        assert [cve.text for cve in vuln.iterfind("CVE_LIST/CVE/ID")] == row["cves"]
        assert (vuln.findtext("CVSS/BASE"), vuln.findtext("CVSS_V3/BASE")) == (
            row["cvss2"],
            row["cvss3"],
        )
    assert any(vuln.find("CVSS") is not None and vuln.find("CVSS/BASE") is None for vuln in vulns)
    assert any(
        vuln.find("CVE_LIST") is not None and vuln.find("CVE_LIST/CVE") is None for vuln in vulns
    )
    some = fo(free, KB, ids="370001-370010,150020,9").xml
    assert [each.text for each in some.iterfind(".//QID")] == [
        "370001",
        "370004",
        "370007",
        "370010",
    ]
    assert [child.tag for child in fo(free, KB, ids="123").xml.findall("RESPONSE/*")] == [
        "DATETIME"
    ]
    assert len(fo(free, KB, details="None").xml.findall("RESPONSE/ID_SET/ID")) == len(truth)


def test_ids_fit_together_at_all_endpoints(free: QualysServer) -> None:
    hosts = {row["host"]: row["asset"] for row in free.truth("hosts")}
    assets = list(every(free, HOST_ASSETS, limitResults=90))
    assert {a["qwebHostId"]: a["id"] for a in assets if "qwebHostId" in a} == hosts
    assert len(assets) > len(hosts)
    bearer, last = token(free), 0
    seen: dict[int | None, int] = {}
    while True:
        reply = inventory(free, bearer, f"?pageSize=130&lastSeenAssetId={last}")
        if reply.status == 204:
            break
        page = json.loads(reply.body)
        seen |= {asset["hostId"]: asset["assetId"] for asset in page["assetListData"]["asset"]}
        last = page["lastSeenAssetId"]
    assert {host: asset for host, asset in seen.items() if host} == hosts
    ids = search(free, "/qps/rest/2.0/ids/am/hostdetection", limitResults=1000).response["data"]
    assert {
        each["HostDetection"]["qwebHostId"]: each["HostDetection"]["id"] for each in ids
    } == hosts


def test_host_assets_have_every_oddity(free: QualysServer) -> None:
    assets = list(every(free, HOST_ASSETS, limitResults=1000))
    assert assets == free.truth("assets")
    interfaces = [asset["networkInterface"].get("list", []) for asset in assets]
    flat = [item["HostAssetInterface"] for items in interfaces for item in items]
    assert [] in interfaces and any("address" not in item for item in flat)
    assert any(
        len(items) > 1 and len({i["HostAssetInterface"].get("macAddress") for i in items}) == 1
        for items in interfaces
    )
    addresses = [item["address"] for item in flat if "address" in item]
    assert len(set(addresses)) < len(addresses)
    assert any("account" not in asset for asset in assets) and any(
        asset.get("account") == {} for asset in assets
    )
    assert any("" in asset["sourceInfo"].get("list", []) for asset in assets)
    wanted = search(free, HOST_ASSETS, ("qwebHostId", "EQUALS", 50001005)).response["data"]
    assert [each["HostAsset"]["id"] for each in wanted] == [70001005]
    recent = every(
        free, HOST_ASSETS, ("updated", "GREATER", "2024-05-01T00:00:00Z"), limitResults=10
    )
    assert [a["id"] for a in recent] == [
        a["id"] for a in assets if a["modified"] > "2024-05-01T00:00:00Z"
    ]


def test_applications_have_ids_of_64_bits(free: QualysServer) -> None:
    assets = free.truth("applications")
    lists = [asset["softwareListData"] for asset in assets]
    assert None in lists and {"software": []} in lists
    ids = [each["id"] for listed in lists if listed for each in listed["software"]]
    assert min(ids) < 0 and max(ids) > 2**53 and len(set(ids)) < len(ids)
    reply = inventory(free, token(free), "?pageSize=300&softwareType=Application")
    types = {
        each["softwareType"]
        for asset in json.loads(reply.body)["assetListData"]["asset"]
        for each in (asset["softwareListData"] or {}).get("software", [])
    }
    assert types == {"Application"}


def test_the_account_page_tells_limits_and_parameters_are_checked(qualys: QualysServer) -> None:
    about = call(qualys, "GET", "/msp/about.php")
    assert about.xml.tag == "ABOUT" and about.headers["x-ratelimit-limit"] == "300"
    assert about.headers["x-concurrency-limit-limit"] == "2"
    for parameters, code in (
        ({"trunction_limit": 5}, "1901"),
        ({"ids": "abc123"}, "1905"),
        ({"action": ""}, "1905"),
        ({"truncation_limit": "-1"}, "1905"),
    ):
        reply = fo(qualys, HOST_LIST, **parameters)
        assert (reply.status, reply.xml.findtext("RESPONSE/CODE")) == (400, code)
        assert not reply.body.startswith(b"<?xml") and reply.headers["connection"] == "close"
        assert "x-ratelimit-remaining" in reply.headers
    missing = call(qualys, "GET", HOST_LIST)
    assert missing.xml.findtext("RESPONSE/CODE") == "1903"
    echo = fo(qualys, HOST_LIST, echo_request=1, truncation_limit=1).xml
    assert echo.findtext("REQUEST/USER_LOGIN") == qualys.username


def _session_of(server: QualysServer, given: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(server.api_url).netloc)
    connection.request("POST", "/api/2.0/fo/session/", given, {"X-Requested-With": "tests"})
    cookies = connection.getresponse().headers.get_all("Set-Cookie") or []
    connection.close()
    return (
        next(c for c in cookies if c.startswith("QualysSession=")).split(";")[0].partition("=")[2]
    )


def test_accounts_are_checked_and_sessions_work(qualys: QualysServer) -> None:
    for path in ("/msp/about.php", HOST_LIST + "?action=list"):
        reply = call(qualys, "GET", path, headers={"Authorization": "Basic eDp5"})
        assert (reply.status, reply.xml.findtext("RESPONSE/CODE")) == (401, "2000")
    assert (
        call(qualys, "GET", HOST_LIST + "?action=list", headers={"X-Requested-With": ""}).status
        == 400
    )
    form = {"Authorization": ""}
    given = urlencode({"action": "login", "username": qualys.username, "password": qualys.password})
    login = call(qualys, "POST", "/api/2.0/fo/session/", given, form)
    cookie = {"Authorization": "", "Cookie": "QualysSession=" + _session_of(qualys, given)}
    assert call(qualys, "GET", HOST_LIST + "?action=list", headers=cookie).status == 200
    assert (
        call(qualys, "GET", HOST_LIST + "?action=list", headers={"Authorization": ""}).status == 401
    )
    assert login.xml.findtext("RESPONSE/TEXT") == "Logged in" and b"<CODE>" not in login.body
    assert all(qualys.password not in str(each) for each in qualys.calls())


def test_tokens_end_after_so_many_calls(qualys: QualysServer) -> None:
    qualys.set(jwt_calls=2)
    bearer = token(qualys)
    assert bearer.count(".") == 2
    statuses = [inventory(qualys, bearer, "?pageSize=1").status for _ in range(3)]
    qualys.set(jwt_calls=0)
    assert statuses == [200, 200, 401]
    assert b"JWT expired" in inventory(qualys, bearer).body
    assert b"Not authenticated" in inventory(qualys, "x.y.z").body
    wrong = call(qualys, "POST", "/auth", "username=x&password=y&token=true")
    assert wrong.status == 401 and b"InvalidCredentialsException" in wrong.body


def test_bodies_are_compressed_only_on_demand(qualys: QualysServer) -> None:
    plain = fo(qualys, HOST_LIST)
    packed = call(qualys, "GET", HOST_LIST + "?action=list", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert ids_of(ElementTree.fromstring(gzip.decompress(packed.body))) == ids_of(plain.xml)
