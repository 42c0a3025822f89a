"""A cache that is out of order costs a scan too many, never a scan."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud import events

from lab import Lab

EVENT = events.code_updated("orders")

OUTAGES = {
    "refused": {"kind": "status", "status": 400, "code": "AccessDeniedException"},
    "no such table": {"kind": "status", "status": 400, "code": "ResourceNotFoundException"},
    "broken": {"kind": "status", "status": 500, "code": "InternalServerError"},
    "dropped": {"kind": "drop_before"},
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
def test_a_table_that_is_out_of_order_does_not_stop_scans(lab: Lab, outage: dict[str, Any]) -> None:
    arn = lab.function()
    lab.cloud.fault(action="dynamodb:*Item", times=-1, **outage)
    with lab.sandbox() as sandbox:
        for _ in range(2 if outage.get("status") == 400 else 1):
            outcome = sandbox.deliver(EVENT)
            assert outcome.json["status"] == "scanned"
        assert sandbox.logged("The cache table does not answer")["level"] == "error"
        assert sandbox.logged("The scan could not be remembered")
        assert lab.tags(arn)["QualysScanStatus"] == "success"
        assert lab.messages() and lab.documents() and lab.row(arn) is None
        lab.cloud.clear_faults()
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_table_that_answers_nonsense_does_not_stop_scans(lab: Lab) -> None:
    lab.function()
    lab.cloud.fault(
        "status", "dynamodb:*Item", times=-1, status=400, code="ConditionalCheckFailedException"
    )
    with lab.sandbox() as sandbox:
        # Refused, and then no row that says why: somebody may be scanning.
        outcome = sandbox.deliver(EVENT)
    assert outcome.kind == "response"
    assert outcome.json["status"] in ("scanned", "in-progress")


def test_an_outage_after_the_claim_is_told_to_lambda(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault(
        "status", "dynamodb:*Item", skip=1, times=-1, status=400, code="AccessDeniedException"
    )
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, request_id="again")
        assert outcome.error_type == "AWS.AccessDeniedException"
        # The function was scanned: what is not done is to remember it.
        assert lab.tags(arn)["QualysScanStatus"] == "success"
        assert len(lab.messages()) == 1
        lab.cloud.clear_faults()
        assert sandbox.deliver(EVENT, request_id="again").json["status"] == "scanned"
    lab.assert_complete(arn)
