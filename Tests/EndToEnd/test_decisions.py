"""What is not to be scanned is skipped without an error, and nothing else is."""

from __future__ import annotations

import pytest
from localcloud import events

from lab import ACCOUNT, Lab, eventually

SPOKE = "111122223333"


def test_a_function_that_is_gone_is_skipped(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("orders"))
        assert outcome.json == {
            "status": "skipped",
            "function_arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders",
            "reason": "The function is gone.",
        }
    assert lab.actions() == ["lambda:GetFunction"] and lab.scanner.runs == []


def test_a_function_that_goes_during_the_scan_is_an_error_once(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault("delay", "s3:PutObject", resource="Z.json", seconds=0.5)
    with lab.sandbox() as sandbox:
        invocation = sandbox.send(events.code_updated("orders"), request_id="again")
        eventually(lambda: lab.cloud.calls("s3:PutObject"))
        lab.cloud.boto("lambda").delete_function(FunctionName=arn)
        assert invocation.result().error_type == "AWS.ResourceNotFoundException"
        again = sandbox.deliver(events.code_updated("orders"), request_id="again")
        assert again.json["status"] == "skipped"


@pytest.mark.parametrize("code", ["AccessDenied", "ResourceConflictException", "x; id", ""])
def test_a_call_that_failed_changed_nothing(lab: Lab, code: str) -> None:
    event = events.code_updated("orders", null_response=True)
    event["detail"] |= {"errorCode": code, "errorMessage": "no"}
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(event)
    assert outcome.json["status"] == "skipped" and "nothing changed" in outcome.json["reason"]
    assert lab.actions() == []


def test_the_scanner_does_not_scan_itself(lab: Lab) -> None:
    lab.function("scanner")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("scanner"))
        assert outcome.json["status"] == "skipped" and "itself" in outcome.json["reason"]
        outcome = sandbox.deliver(events.code_updated("scanner", version="3"))
        assert outcome.json["status"] == "skipped"
    assert lab.actions() == []


def test_it_knows_itself_by_its_arn_without_the_variable(lab: Lab) -> None:
    lab.function("scanner")
    own = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:scanner:live"
    with lab.sandbox(AWS_LAMBDA_FUNCTION_NAME=None) as sandbox:
        outcome = sandbox.deliver(events.code_updated("scanner"), function_arn=own)
    assert outcome.json["status"] == "skipped"


def test_a_namesake_in_another_region_is_scanned(lab: Lab) -> None:
    arn = lab.function("scanner", region="eu-west-1")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("scanner", region="eu-west-1"))
    assert outcome.json["status"] == "scanned"
    lab.assert_complete(arn)


def test_a_namesake_in_another_account_is_scanned(lab: Lab) -> None:
    _, keys = lab.cloud.create_spoke_role(SPOKE, "scanner-role")
    arn = lab.function("scanner", keys=keys)
    with lab.sandbox(CROSS_ACCOUNT_ROLE_NAME="scanner-role") as sandbox:
        outcome = sandbox.deliver(events.code_updated("scanner", account=SPOKE))
    assert outcome.json["status"] == "scanned", outcome.body
    lab.assert_complete(arn, keys=keys)
