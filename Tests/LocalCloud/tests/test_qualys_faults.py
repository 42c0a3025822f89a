"""Every kind of fault does to a client what it says."""

from __future__ import annotations

import http.client
import json
import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from qualys_calls import (
    DETECTIONS,
    HOST_LIST,
    JSON,
    SEARCH,
    Reply,
    call,
    fo,
    inventory,
    search,
    token,
)

from qualys.client import QualysServer
from qualys.faults import KINDS

GONE = (ConnectionError, http.client.RemoteDisconnected)


def detections(server: QualysServer) -> Reply:
    return fo(server, DETECTIONS, ids="50001001-50001020")


@pytest.mark.parametrize(
    ("kind", "rule", "status", "inside"),
    [
        ("status", {"status": 504, "content": "late"}, 504, b"late"),
        ("blocked_concurrency", {"number": 3}, 409, b"<CODE>1960</CODE>"),
        ("blocked_rate", {"seconds": 86274}, 409, b"23 hours, 57 minutes and 54 seconds"),
        ("blocked_rate_no_header", {"seconds": 7}, 409, b"<VALUE>7</VALUE>"),
        ("blocked_empty", {}, 409, b""),
        ("too_many", {}, 429, b"Too Many Requests"),
        (
            "simple_return",
            {"status": 500, "code": 1999, "text": "Internal Error"},
            500,
            b"<CODE>1999</CODE>",
        ),
        ("account_expired", {}, 200, b"<CODE>2001</CODE>"),
        ("generic_return", {}, 200, b'number="999"'),
        ("html", {}, 503, b"<html>"),
        ("html", {"status": 200}, 200, b"<html>"),
        ("redirect", {"url": "https://other.invalid/x"}, 302, b""),
        ("empty", {}, 200, b""),
        ("generic_return_malformed", {}, 200, b"GENERIC_RETURN"),
    ],
)
def test_answers_instead_of_the_work(
    qualys: QualysServer, kind: str, rule: dict[str, Any], status: int, inside: bytes
) -> None:
    qualys.fault(kind, DETECTIONS, **rule)
    reply = detections(qualys)
    assert reply.status == status and inside in reply.body
    assert inside or reply.body == b""
    assert detections(qualys).xml.find("RESPONSE/HOST_LIST") is not None
    played, normal = qualys.calls("vm/detection")
    assert (played["fault"], normal["fault"]) == (kind, None)


def test_headers_are_there_or_not_as_the_fault_says(qualys: QualysServer) -> None:
    qualys.fault("blocked_rate", DETECTIONS, seconds=5)
    assert detections(qualys).headers["x-ratelimit-towait-sec"] == "5"
    qualys.fault("blocked_rate_no_header", DETECTIONS, seconds=0)
    refused = detections(qualys).headers
    assert "x-ratelimit-towait-sec" not in refused and "x-ratelimit-limit" in refused
    qualys.fault("account_expired", DETECTIONS)
    assert "x-ratelimit-limit" not in detections(qualys).headers
    qualys.fault("too_many", "*", seconds=3, to_wait=4)
    refused = detections(qualys).headers
    assert (refused["retry-after"], refused["x-ratelimit-towait-sec"]) == ("3", "4")
    # The first wait was told, the next call came at once: it had set out before, says the grace.
    assert (
        qualys.limits()["vm/detection"]["crossed"] + qualys.limits()["vm/detection"]["too_early"]
        >= 1
    )


@pytest.mark.parametrize(
    "code", ["INVALID_REQUEST", "OBJECT_NOT_FOUND", "IN_MAINTENANCE", "OTHER_ERROR", "NEVER_SEEN"]
)
@pytest.mark.parametrize("status", [200, 400])
def test_every_code_of_qps_comes_with_any_status(
    qualys: QualysServer, code: str, status: int
) -> None:
    qualys.fault("qps_error", "*/was/*", code=code, status=status, times=2)
    reply = search(qualys, SEARCH + "webapp")
    assert (reply.status, reply.response["responseCode"]) == (status, code)
    assert call(qualys, "POST", SEARCH + "webapp").xml.findtext("responseCode") == code


def test_connections_can_end_in_every_way(qualys: QualysServer) -> None:
    whole = detections(qualys).body
    for kind in ("drop_before", "drop_after"):
        qualys.fault(kind, DETECTIONS)
        with pytest.raises(GONE):
            detections(qualys)
    for rule in ({}, {"after_bytes": 100}, {"after_bytes": 0}):
        qualys.fault("cut", DETECTIONS, **rule)
        with pytest.raises(http.client.IncompleteRead):
            detections(qualys)
    qualys.fault("cut", SEARCH + "webapp")
    with pytest.raises(http.client.IncompleteRead) as cut:
        search(qualys, SEARCH + "webapp")
    assert 0 < len(cut.value.partial)
    qualys.fault("cut_clean", DETECTIONS)
    short = detections(qualys)
    assert short.status == 200 and whole.startswith(short.body) and 0 < len(short.body) < len(whole)
    qualys.fault("close_after", DETECTIONS)
    assert detections(qualys).headers["connection"] == "close"
    qualys.fault("hang", DETECTIONS)
    with pytest.raises(TimeoutError):
        call(qualys, "GET", DETECTIONS + "?action=list&ids=50001001", timeout=0.2)


def test_slow_answers_arrive_whole(qualys: QualysServer) -> None:
    whole = detections(qualys).body
    qualys.fault("slow", DETECTIONS, seconds=0.01, piece=len(whole) // 10)
    start = time.monotonic()
    assert detections(qualys).body == whole and time.monotonic() - start >= 0.09
    qualys.fault("delay", DETECTIONS, seconds=0.2)
    start = time.monotonic()
    assert detections(qualys).body == whole and time.monotonic() - start >= 0.2


def test_markup_and_json_can_break_once(qualys: QualysServer) -> None:
    qualys.fault("malformed", "*", times=2)
    with pytest.raises(ElementTree.ParseError):
        _ = detections(qualys).xml
    with pytest.raises(json.JSONDecodeError):
        _ = search(qualys, SEARCH + "webapp").response
    assert detections(qualys).xml is not None
    qualys.fault("control_chars", DETECTIONS)
    dirty = detections(qualys)
    assert b"\x01" in dirty.body
    with pytest.raises(ElementTree.ParseError):
        _ = dirty.xml


@pytest.mark.parametrize("kind", ["entity_bomb", "external_entity", "default_attributes", "deep", "giant_names"])
def test_hostile_documents_are_what_they_are(qualys: QualysServer, kind: str) -> None:
    qualys.fault(kind, DETECTIONS, number=200_000)
    body = detections(qualys).body
    marks = {
        "entity_bomb": b"<!ENTITY a11",
        "external_entity": b"file:///etc/passwd",
        "deep": b"<A><A>",
        "default_attributes": b"<!ATTLIST HOST",
        "giant_names": b"NNNN",
    }
    assert marks[kind] in body and (kind not in ("deep", "giant_names") or len(body) > 200_000)


def test_the_next_page_can_be_a_trap(qualys: QualysServer) -> None:
    url = "RESPONSE/WARNING/URL"
    qualys.fault("short_pages", DETECTIONS, number=3)
    assert fo(qualys, DETECTIONS, truncation_limit="0").body.count(b"<HOST>") == 3
    qualys.fault("warning_host", HOST_LIST, url="https://other.invalid")
    assert (fo(qualys, HOST_LIST, truncation_limit=3).xml.findtext(url) or "").startswith(
        "https://other.invalid/api/"
    )
    qualys.fault("warning_stuck", HOST_LIST)
    stuck = fo(qualys, HOST_LIST, truncation_limit=3, id_min=50001004).xml.findtext(url) or ""
    assert stuck.endswith("id_min=50001004")


def test_the_next_page_of_qps_and_gateway_can_be_a_trap(qualys: QualysServer) -> None:
    def page() -> Any:
        return search(qualys, SEARCH + "webapp", ("id", "GREATER", 2005), limitResults=2).response

    qualys.fault("has_more_boolean", SEARCH + "*")
    assert page()["hasMoreRecords"] is True
    qualys.fault("last_id_stuck", SEARCH + "*")
    assert (page()["hasMoreRecords"], qualys.faults()[-1]["played"]) == ("true", 1)
    qualys.fault("last_id_stuck", SEARCH + "*")
    assert page()["lastId"] == 2006 or page()["lastId"] > 2005
    qualys.fault("has_more_without_last_id", SEARCH + "*")
    trapped = page()
    assert trapped["hasMoreRecords"] == "true" and "lastId" not in trapped
    qualys.fault("has_more_missing", SEARCH + "*")
    assert "hasMoreRecords" not in page()
    bearer = token(qualys)
    qualys.fault("last_id_stuck", "/rest/*")
    stuck = json.loads(inventory(qualys, bearer, "?pageSize=3&lastSeenAssetId=70001005").body)
    assert (stuck["lastSeenAssetId"], stuck["hasMore"]) == (70001005, 1)
    qualys.fault("has_more_boolean", "/rest/*")
    assert json.loads(inventory(qualys, bearer, "?pageSize=3").body)["hasMore"] is True
    qualys.fault("has_more_missing", "/rest/*")
    assert "hasMore" not in json.loads(inventory(qualys, bearer, "?pageSize=3").body)
    qualys.fault("gateway_failed", "/rest/*", status=200)
    assert json.loads(inventory(qualys, bearer).body)["responseCode"] == "FAILED"
    qualys.fault("jwt_expired", "/rest/*")
    assert [inventory(qualys, bearer).status for _ in range(2)] == [401, 401]
    assert inventory(qualys, token(qualys)).status == 200


def test_a_scan_can_be_sixty_megabytes(qualys: QualysServer) -> None:
    id = qualys.truth("scans", sha256="0")[0]["id"]
    qualys.fault("big_scan", "*/download/*", megabytes=60)
    body = call(qualys, "GET", f"/qps/rest/3.0/download/was/wasscan/{id}", headers=JSON).body
    assert 59e6 < len(body) < 61e6 and body.endswith(b"}}")


def test_rules_choose_by_method_path_and_body_and_can_skip(qualys: QualysServer) -> None:
    qualys.fault(
        "status",
        "/api/*/vm/detection/",
        method="POST",
        body="50001002",
        skip=1,
        times=2,
        status=500,
    )
    statuses = [
        fo(qualys, DETECTIONS, ids=id).status
        for id in (50001002, 50001001, 50001002, 50001002, 50001002)
    ]
    assert statuses == [200, 200, 500, 500, 200]
    assert qualys.faults()[0]["played"] == 2
    qualys.fault("status", times=-1, status=500)
    assert {detections(qualys).status for _ in range(4)} == {500}
    qualys.clear_faults()
    assert detections(qualys).status == 200


def test_an_unknown_kind_is_refused(qualys: QualysServer) -> None:
    with pytest.raises(ValueError, match="there are status, drop_before"):
        qualys.fault("explode")
    assert set(qualys.control("GET", "faults")["kinds"]) == set(KINDS)
