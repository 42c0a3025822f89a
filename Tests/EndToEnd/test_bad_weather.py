"""Throttling, outages and broken connections that pass are ridden out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from localcloud import events

from lab import Lab

EVENT = events.code_updated("orders", account="111122223333")
ARN = "arn:aws:lambda:us-east-1:111122223333:function:orders"
SETTINGS = {"CROSS_ACCOUNT_ROLE_NAME": "spoke"}

SERVICES = {
    "sts:AssumeRole": "Throttling",
    "lambda:GetFunction": "TooManyRequestsException",
    "dynamodb:UpdateItem": "ProvisionedThroughputExceededException",
    "secretsmanager:GetSecretValue": "ThrottlingException",
    "s3:PutObject": "SlowDown",
    "sns:Publish": "Throttled",
    "lambda:TagResource": "TooManyRequestsException",
}
WEATHER: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502, "code": "BadGateway"},
    "503": {"kind": "status", "status": 503, "code": "ServiceUnavailable"},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "cut off": {"kind": "cut", "after_bytes": 10},
}


def scan_in(lab: Lab) -> list[int]:
    """How often each fault has played in a scan that succeeds."""
    _, keys = lab.cloud.create_spoke_role("111122223333", "spoke")
    lab.function(keys=keys)
    with lab.sandbox(SETTINGS) as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert outcome.kind == "response" and outcome.json["status"] == "scanned", outcome.body
    played = [fault["played"] for fault in lab.cloud.faults()]
    lab.cloud.clear_faults()
    lab.assert_complete(ARN, keys=keys)
    return played


@pytest.mark.parametrize("weather", WEATHER.values(), ids=WEATHER)
def test_every_service_may_fail_twice(lab: Lab, weather: dict[str, Any]) -> None:
    for action in SERVICES:
        # An S3 answer has no body that could be cut.
        if action != "s3:PutObject" or weather["kind"] != "cut":
            lab.cloud.fault(action=action, times=2, **weather)
    played = scan_in(lab)
    assert played == len(played) * [2]


def test_every_service_may_throttle_in_its_own_words(lab: Lab) -> None:
    for action, code in SERVICES.items():
        status = {"lambda": 429, "s3": 503}.get(action.partition(":")[0], 400)
        if code == "Throttled":
            status = 429
        lab.cloud.fault("status", action, times=2, status=status, code=code)
    scan_in(lab)


def test_a_server_that_names_a_pause_is_heeded(lab: Lab) -> None:
    lab.cloud.fault("status", "sns:Publish", status=503, headers={"Retry-After": "1"})
    scan_in(lab)
    first, second = lab.cloud.calls("sns:Publish")
    assert _seconds(second) - _seconds(first) >= 0.95


def test_connections_that_close_after_each_answer_are_ridden_out(lab: Lab) -> None:
    # Not those of the test itself, which sends nothing again.
    for action in (*SERVICES, "package:Download"):
        lab.cloud.fault("close_after", action, times=-1)
    assert all(scan_in(lab))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut", "after_bytes": 100},
        {"kind": "cut", "after_bytes": 0},
        {"kind": "status", "status": 503, "code": "SlowDown"},
        {"kind": "drop_before"},
    ],
    ids=["cut", "cut at once", "503", "dropped"],
)
def test_a_package_is_fetched_again(lab: Lab, fault: dict[str, Any]) -> None:
    lab.cloud.fault(action="package:Download", **fault)
    scan_in(lab)
    assert lab.actions().count("package:Download") == 3


def test_an_event_that_waits_longer_than_its_time_ends_in_an_error(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault("status", "sns:Publish", times=-1, status=503, headers={"Retry-After": "30"})
    with lab.sandbox() as sandbox:
        # The server's pause would end after the deadline: it is not waited for.
        outcome = sandbox.deliver(events.code_updated("orders"), timeout_s=8)
        lab.assert_failed(arn, outcome, "AWS.InternalError")


def _seconds(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["time"]).timestamp()
