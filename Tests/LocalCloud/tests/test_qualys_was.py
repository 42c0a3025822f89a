"""Web application scanning: every record once, in both forms, as the truth says."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from qualys_calls import JSON, SEARCH, call, every, search

from qualys.client import QualysServer

KINDS = {"webapp": "WebApp", "finding": "Finding", "catalog": "Catalog", "wasscan": "WasScan"}


@pytest.mark.parametrize("kind", KINDS)
def test_pages_hold_every_record_once_and_count_agrees(qualys: QualysServer, kind: str) -> None:
    ids = [record["id"] for record in every(qualys, SEARCH + kind, limitResults=7, verbose="true")]
    assert ids == sorted(set(ids)) and len(ids) == qualys.truth("counts")[0][kind]
    count = search(qualys, f"/qps/rest/3.0/count/was/{kind}").response
    assert count == {"count": len(ids), "responseCode": "SUCCESS"}
    # The other way of paging: an offset, starting from 1.
    page = search(qualys, SEARCH + kind, startFromOffset=8, limitResults=3).response
    assert [next(iter(record.values()))["id"] for record in page["data"]] == ids[7:10]


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_have_the_same_records(qualys: QualysServer, kind: str) -> None:
    given = "<ServiceRequest><preferences><limitResults>1000</limitResults><verbose>true</verbose></preferences></ServiceRequest>"
    in_xml = call(qualys, "POST", SEARCH + kind, given, {"Content-Type": "text/xml"}).xml
    in_json = search(qualys, SEARCH + kind, limitResults=1000, verbose="true").response
    assert in_xml.findtext("responseCode") == in_json["responseCode"] == "SUCCESS"
    names = [child.tag for record in in_xml.iterfind("data/*") for child in record]
    assert names == [name for record in in_json["data"] for name in record[KINDS[kind]]]
    ids = [record.findtext("id") for record in in_xml.iterfind("data/*")]
    assert ids == [str(record[KINDS[kind]]["id"]) for record in in_json["data"]]


def test_empty_results_have_no_data(qualys: QualysServer) -> None:
    assert search(qualys, SEARCH + "webapp", ("id", "GREATER", 10**9)).response == {
        "count": 0,
        "responseCode": "SUCCESS",
    }


def test_every_web_application_can_be_got_in_both_forms(qualys: QualysServer) -> None:
    for row in qualys.truth("webapps"):
        path = f"/qps/rest/3.0/get/was/webapp/{row['id']}"
        got = call(qualys, "GET", path, headers=JSON).response
        assert got["data"] == [{"WebApp": row["record"]}]
        assert call(qualys, "GET", path).xml.findtext("data/WebApp/id") == str(row["id"])


def test_findings_of_one_application_are_its_own(qualys: QualysServer) -> None:
    every_one = qualys.truth("findings")
    for webapp in (row["id"] for row in qualys.truth("webapps")):
        own = [record["id"] for record in every_one if record["webApp"]["id"] == webapp]
        found = every(qualys, SEARCH + "finding", ("webApp.id", "EQUALS", webapp), limitResults=5)
        assert [record["id"] for record in found] == own
    some = next(record for record in every_one if record["qid"])
    by_unique = call(
        qualys, "GET", f"/qps/rest/3.0/get/was/finding/{some['uniqueId']}", headers=JSON
    )
    assert by_unique.response["data"] == [{"Finding": some}]


def test_the_odd_things_are_all_there(qualys: QualysServer) -> None:
    findings = qualys.truth("findings")
    kinds = {record["type"] for record in findings}
    assert kinds == {"VULNERABILITY", "INFORMATION_GATHERED", "SENSITIVE_CONTENT"}
    assert any(
        "status" not in record for record in findings if record["type"] == "INFORMATION_GATHERED"
    )
    assert any(record["findingType"] == "BURP" and record["qid"] == 0 for record in findings)
    assert any(record.get("internalSequence", 0) > 2**53 for record in findings)
    assert {record.get("isIgnored") for record in findings} >= {"true", "false", None}
    known = {row["qid"] for row in qualys.truth("kb")}
    qids = {record["qid"] for record in findings} - {0}
    assert qids & known and qids - known
    body = search(qualys, SEARCH + "finding", limitResults=1000, verbose="true").body
    assert b"\\u0001" in body and "naïve".encode() in body


def test_filters_select_what_they_say(qualys: QualysServer) -> None:
    findings = qualys.truth("findings")
    for field, value in (
        ("severity", 4),
        ("findingType", "QUALYS"),
        ("status", "FIXED"),
        ("qid", findings[0]["qid"]),
    ):
        wanted = [each["id"] for each in findings if str(each.get(field)) == str(value)]
        assert [
            each["id"] for each in every(qualys, SEARCH + "finding", (field, "EQUALS", value))
        ] == wanted
    scans = qualys.truth("scans", sha256="0")
    day = scans[-1]["launched"][:10]
    found = every(
        qualys,
        SEARCH + "wasscan",
        ("launchedDate", "EQUALS", day),
        ("status", "EQUALS", "FINISHED"),
    )
    assert [each["id"] for each in found] == [
        scan["id"]
        for scan in scans
        if scan["launched"][:10] == day and scan["status"] == "FINISHED"
    ]


@pytest.mark.parametrize(
    ("criterion", "preferences"),
    [
        (("webApp.id", "EQUALS", "abc123"), {}),
        (("endScanDate", "GREATER", "2024-05-01"), {}),
        (("id", "CONTAINS", "1"), {}),
        (("id", "GREATER", "0"), {"limitResults": 1001}),
        (("id", "GREATER", "0"), {"startFromOffset": 0}),
        (("launchedDate", "GREATER", "yesterday"), {}),
    ],
)
def test_what_makes_no_sense_is_an_invalid_request(
    qualys: QualysServer, criterion: tuple[str, str, str], preferences: dict[str, int]
) -> None:
    reply = search(qualys, SEARCH + "wasscan", criterion, **preferences)
    assert reply.status == 200 and reply.response["responseCode"] == "INVALID_REQUEST"
    assert "data" not in reply.response and reply.response["responseErrorDetails"]["errorMessage"]


def test_downloads_are_the_bytes_that_the_truth_names(qualys: QualysServer) -> None:
    scans = qualys.truth("scans")
    assert {scan["status"] for scan in scans} == {"FINISHED", "RUNNING", "ERROR", "CANCELED"}
    over_midnight = [s for s in scans if s["finished"] and s["launched"][:10] != s["finished"][:10]]
    assert over_midnight and any(s["status"] == "FINISHED" and not s["finished"] for s in scans)
    for scan in scans:
        body = call(
            qualys, "GET", f"/qps/rest/3.0/download/was/wasscan/{scan['id']}", headers=JSON
        ).body
        assert (len(body), hashlib.sha256(body).hexdigest()) == (scan["bytes"], scan["sha256"])
        record = json.loads(body)["ServiceResponse"]["data"][0]["WasScan"]
        assert record.get("endScanDate") == scan["finished"] and record["id"] == scan["id"]
    assert (
        call(qualys, "GET", f"/qps/rest/3.0/download/was/wasscan/{scans[0]['id']}").xml.tag
        == "WasScan"
    )
    status = call(qualys, "GET", f"/qps/rest/3.0/status/was/wasscan/{scans[0]['id']}", headers=JSON)
    assert status.response["data"][0]["WasScan"]["status"] == scans[0]["status"]


def test_a_download_can_be_as_large_as_wanted(qualys: QualysServer) -> None:
    id = qualys.truth("scans", sha256="0")[0]["id"]
    qualys.change("resize_scan", id=id, bytes=12_000_000)
    body = call(qualys, "GET", f"/qps/rest/3.0/download/was/wasscan/{id}", headers=JSON).body
    assert 11_900_000 < len(body) < 12_100_000
    vulns = json.loads(body)["ServiceResponse"]["data"][0]["WasScan"]["vulns"]
    assert vulns["count"] == len(vulns["list"])


def test_who_is_unknown_learns_it_with_status_200_or_401(qualys: QualysServer) -> None:
    wrong = {**JSON, "Authorization": "Basic " + base64.b64encode(b"quays_st1:wrong").decode()}
    for status in (200, 401):
        qualys.set(qps_bad_credentials=status)
        reply = call(qualys, "POST", SEARCH + "webapp", b"", wrong)
        assert (reply.status, reply.response["responseCode"]) == (status, "INVALID_CREDENTIALS")
    qualys.set(qps_bad_credentials=200)
    named = {**JSON, "Authorization": "", "user": qualys.username, "password": qualys.password}
    latin = {name: value.encode().decode("latin-1") for name, value in named.items()}
    assert call(qualys, "POST", SEARCH + "webapp", b"", latin).response["responseCode"] == "SUCCESS"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/qps/rest/3.0/get/was/webapp/424242", "OBJECT_NOT_FOUND"),
        ("POST", "/qps/rest/2.9/search/was/webapp", "INVALID_API_VERSION"),
        ("POST", "/qps/rest/3.0/search/was/nothing", "INVALID_URL"),
        ("GET", "/qps/rest/3.0/download/was/webapp/2001", "OPERATION_NOT_SUPPORTED"),
    ],
)
def test_calls_that_do_not_exist_have_their_codes(
    qualys: QualysServer, method: str, path: str, code: str
) -> None:
    assert call(qualys, method, path, headers=JSON).response["responseCode"] == code
    assert call(qualys, method, path).xml.findtext("responseCode") == code


def test_the_portal_tells_its_version(qualys: QualysServer) -> None:
    assert call(qualys, "GET", "/qps/rest/portal/version").xml.findtext(
        "data/Portal-Version/WAS-VERSION"
    )
