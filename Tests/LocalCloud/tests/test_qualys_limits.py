"""Limits are enforced, told, and remembered."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from qualys_calls import DETECTIONS, HOST_LIST, JSON, SEARCH, call, fo, inventory, token

from qualys.client import QualysServer
from qualys.limits import Limits
from qualys.options import Options


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides_and_the_waiting_time_is_exact() -> None:
    clock = Clock()
    limits = Limits(Options(rate=2, window=10, concurrency=0), clock)
    meter = limits.meter(DETECTIONS)
    for expected in (None, None, 10, 4):
        blocked = limits.arrive(meter)
        limits.leave(meter)
        assert (blocked.number if blocked else None) == expected
        clock.now += 6 if expected == 10 else 0
    clock.now = 1010.0
    assert limits.arrive(meter) is None
    assert dict(limits.headers(meter))["X-RateLimit-Remaining"] == "1"


def test_calls_before_the_told_time_are_counted_unless_they_had_set_out_before() -> None:
    clock = Clock()
    limits = Limits(Options(rate=1, window=10, grace_ms=100), clock)
    meter = limits.meter(DETECTIONS)
    limits.arrive(meter)
    blocked = limits.arrive(meter)
    assert blocked is not None and blocked.by == "rate"
    limits.tell(meter, blocked.number)
    for moment, counted in ((1000.05, (0, 1)), (1005.0, (1, 1)), (1010.0, (1, 1))):
        clock.now = moment
        limits.arrive(meter)
        assert (meter.too_early, meter.crossed) == counted


def test_one_call_too_many_is_told_how_many_have_to_finish(qualys: QualysServer) -> None:
    qualys.set(latency_ms=400)
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda _: fo(qualys, DETECTIONS, ids="50001001"), range(5)))
    refused = [reply for reply in replies if reply.status == 409]
    assert len(refused) == 3
    for reply in refused:
        assert reply.xml.findtext("RESPONSE/CODE") == "1960"
        assert reply.xml.findtext("RESPONSE/ITEM_LIST/ITEM/KEY") == "CALLS_TO_FINISH"
        assert reply.headers["x-ratelimit-towait-sec"] == "0"
        assert reply.headers["x-concurrency-limit-running"] == "2"
    seen = qualys.limits()["vm/detection"]
    assert (seen["blocked_by_concurrency"], seen["running"]) == (3, 0)
    assert 3 <= seen["most_running"] <= 5
    assert fo(qualys, DETECTIONS, ids="50001001").status == 200


def test_the_limits_of_one_api_do_not_hold_for_another(qualys: QualysServer) -> None:
    qualys.set(limits={"vm/detection": {"rate": 2, "window": 3600, "concurrency": 2}})
    statuses = [fo(qualys, DETECTIONS, ids="50001001").status for _ in range(3)]
    assert statuses == [200, 200, 409] and fo(qualys, HOST_LIST).status == 200
    reply = fo(qualys, DETECTIONS, ids="50001001")
    seconds = int(reply.headers["x-ratelimit-towait-sec"])
    assert 3500 < seconds <= 3600 and reply.headers["x-ratelimit-remaining"] == "0"
    assert reply.xml.findtext("RESPONSE/CODE") == "1965"
    assert reply.xml.findtext("RESPONSE/ITEM_LIST/ITEM/VALUE") == str(seconds)
    assert "59 minutes" in (reply.xml.findtext("RESPONSE/TEXT") or "") or seconds == 3600


def test_a_client_that_waits_as_told_is_let_in(qualys: QualysServer) -> None:
    qualys.set(limits={"vm/detection": {"rate": 1, "window": 1, "concurrency": 2}})
    assert fo(qualys, DETECTIONS, ids="50001001").status == 200
    reply = fo(qualys, DETECTIONS, ids="50001001")
    assert reply.headers["x-ratelimit-towait-sec"] == "1"
    time.sleep(1)
    assert fo(qualys, DETECTIONS, ids="50001001").status == 200
    assert qualys.limits()["vm/detection"]["too_early"] == 0


def test_qps_has_no_limits_unless_they_are_switched_on(qualys: QualysServer) -> None:
    free = call(qualys, "POST", SEARCH + "webapp", b"", JSON)
    assert not [
        name for name in free.headers if name.startswith("x-rate") or name.startswith("x-conc")
    ]
    qualys.set(limits={"was/webapp": {"rate": 1, "concurrency": 1}}, latency_ms=300)
    with ThreadPoolExecutor(2) as pool:
        replies = list(
            pool.map(lambda _: call(qualys, "POST", SEARCH + "webapp", b"", JSON), range(2))
        )
    assert sorted(reply.status for reply in replies) == [200, 409]
    refused = next(reply for reply in replies if reply.status == 409)
    assert refused.response["responseCode"] == "LIMIT_EXCEEDED"
    assert refused.headers["x-concurrency-limit-limit"] == "1"


def test_qps_limits_can_hold_for_all_names_together() -> None:
    limits = Limits(Options(qps_concurrency=1, qps_scope="all"))
    first = limits.meter("/qps/rest/3.0/search/was/webapp")
    assert first is limits.meter("/qps/rest/3.0/get/was/finding/7")
    assert limits.arrive(first) is None and limits.arrive(first) is not None


def test_the_gateway_says_429_and_when_to_come_back(qualys: QualysServer) -> None:
    bearer = token(qualys)
    qualys.set(limits={"gateway/am/asset": {"rate": 1, "window": 3600}})
    assert inventory(qualys, bearer).status == 200
    reply = inventory(qualys, bearer)
    assert reply.status == 429 and int(reply.headers["retry-after"]) > 3500
    assert reply.body == b"Too Many Requests"


def test_a_call_that_its_client_gave_up_is_over(qualys: QualysServer) -> None:
    qualys.fault("hang", DETECTIONS, times=2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            fo_with_timeout(qualys)
    deadline = time.monotonic() + 5
    while qualys.limits()["vm/detection"]["running"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert fo(qualys, DETECTIONS, ids="50001001").status == 200


def fo_with_timeout(server: QualysServer) -> None:
    call(server, "GET", DETECTIONS + "?action=list&ids=50001001", timeout=0.2)


def test_every_call_is_recorded_without_credentials(qualys: QualysServer) -> None:
    fo(qualys, HOST_LIST, details="None")
    token(qualys)
    body = '{"ServiceRequest":{"filters":{"Criteria":{"field":"id","operator":"GREATER","value":"5"}}}}'
    call(qualys, "POST", SEARCH + "finding", body, JSON)
    listed, signed_in, searched = qualys.calls()
    assert (listed["api"], listed["status"], listed["method"]) == ("asset/host", 200, "POST")
    assert listed["parameters"] == {"action": "list", "details": "None"}
    assert listed["ended"] >= listed["started"] and listed["bytes"] > 500
    assert (signed_in["api"], signed_in["status"]) == ("auth", 201)
    assert signed_in["parameters"]["password"] == "[redacted]"
    assert searched["parameters"]["id GREATER"] == "5" and searched["code"] == "SUCCESS"
    assert qualys.password not in str(qualys.calls())
    qualys.clear_calls()
    assert qualys.calls() == []


def test_a_hundred_thousand_hosts_take_no_time() -> None:
    with QualysServer.start(hosts=100_000, detections=2, rate=0, concurrency=10) as server:
        ids = "50001001-50099999"
        reply = fo(server, DETECTIONS, ids=ids, truncation_limit=0)
        (truth,) = server.truth("detection-counts", ids=ids)
        assert reply.body.count(b"</HOST>") == truth["hosts"] > 80_000
        assert reply.body.count(b"</DETECTION>") == truth["detections"]


def test_a_limit_can_be_enforced_without_being_told() -> None:
    limits = Limits(Options(rate=5, concurrency=1, silent_limits=1))
    meter = limits.meter(DETECTIONS)
    assert limits.arrive(meter) is None
    blocked = limits.arrive(meter)
    assert blocked is not None and blocked.by == "concurrency"
    assert limits.headers(meter, blocked) == []
