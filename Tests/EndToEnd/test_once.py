"""The same code is scanned once, however often and wherever its change is announced."""

from __future__ import annotations

import time

import pytest
from localcloud import events

from lab import NODE, OTHER, PYTHON, Lab, eventually

EVENT = events.code_updated("orders")
LONG_AGO = 1_600_000_000


def test_the_second_event_is_answered_from_the_cache_with_two_calls(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        first = sandbox.deliver(EVENT)
        lab.cloud.clear_calls()
        second = sandbox.deliver(EVENT)
        assert sandbox.metrics[-1]["CacheHit"] == 1
    with lab.sandbox(QUALYS_SECRET_ARN=lab.secret_arn + "-gone") as sandbox:
        assert lab.actions() == ["lambda:GetFunction", "dynamodb:UpdateItem"]
        # Another environment, which could not even read the secret.
        third = sandbox.deliver(EVENT)
    assert lab.actions() == 2 * ["lambda:GetFunction", "dynamodb:UpdateItem"]
    expected = {
        "status": "cached",
        "function_arn": arn,
        "code_sha256": first.json["code_sha256"],
        "results": first.json["results"],
    }
    assert second.json == third.json == expected
    assert len(lab.scanner.runs) == len(lab.messages()) == 1
    lab.assert_complete(arn)


def test_two_instances_that_get_the_same_change_at_once_scan_once(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=0.5)
    with lab.sandbox() as one, lab.sandbox() as two:
        sent = [sandbox.send(EVENT) for sandbox in (one, two)]
        statuses = sorted(each.result().json["status"] for each in sent)
    assert statuses in (["in-progress", "scanned"], ["cached", "scanned"])
    assert len(lab.scanner.runs) == len(lab.messages()) == 1
    lab.assert_complete(arn)


def test_while_one_scans_the_other_says_so(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as one, lab.sandbox() as two:
        one.send(EVENT, request_id="first", timeout_s=120)
        eventually(lambda: lab.scanner.runs)
        row = lab.row(arn)
        assert row is not None and row["claim_owner"] == "first"
        assert abs(row["claim_expires"] - (time.time() + 120)) < 15
        outcome = two.deliver(EVENT)
        assert outcome.json["status"] == "in-progress" and outcome.json["reason"]
        assert two.logged("Another invocation is scanning")["owner"] == "first"
        one.die()


def test_the_same_code_with_other_layers_is_scanned_again(lab: Lab) -> None:
    layer = lab.cloud.create_layer("one", {"lib.txt": "1"})
    arn = lab.function()
    change = lab.cloud.boto("lambda").update_function_configuration
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        change(FunctionName="orders", Layers=[layer])
        assert sandbox.deliver(events.configuration_updated("orders")).json["status"] == "scanned"
        change(FunctionName="orders", Timeout=17)
        assert sandbox.deliver(events.configuration_updated("orders")).json["status"] == "cached"
    lab.assert_complete(arn)


def test_other_code_is_scanned(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        sha256 = lab.cloud.update_function("orders", OTHER)
        outcome = sandbox.deliver(EVENT)
        assert (outcome.json["status"], outcome.json["code_sha256"]) == ("scanned", sha256)
    row = lab.row(arn)
    assert row is not None and row["code_sha256"] == sha256


def test_other_code_is_scanned_while_an_old_claim_is_live(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as one, lab.sandbox() as two:
        one.send(EVENT)
        eventually(lambda: lab.scanner.runs)
        lab.scanner.turn(sleep_before=0)
        lab.cloud.update_function("orders", NODE)
        assert two.deliver(EVENT).json["status"] == "scanned"
        one.die()
    lab.assert_complete(arn)


def test_a_scan_whose_claim_was_taken_over_leaves_the_newer_claim_alone(lab: Lab) -> None:
    arn = lab.function()
    # The first is held at its upload until the second, with other code, has its claim.
    with lab.sandbox() as one, lab.sandbox() as two:
        lab.cloud.fault("delay", "s3:PutObject", resource="Z.json", seconds=1.5)
        first = one.send(EVENT)
        eventually(lambda: any(call["fault"] for call in lab.cloud.calls("s3:PutObject")))
        sha256 = lab.cloud.update_function("orders", OTHER)
        lab.scanner.turn(sleep_before=60)
        two.send(EVENT, request_id="second")
        eventually(lambda: len(lab.scanner.runs) == 2)
        assert first.result().json["status"] == "scanned"
        assert one.logged("A newer scan has taken the claim over")
        row = lab.row(arn)
        assert row is not None and row["claim_owner"] == "second"
        assert sha256 in row["claim_code"] and "code_sha256" not in row
        two.die()


def test_a_claim_that_ran_out_is_taken_over(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as one, lab.sandbox() as two:
        one.send(EVENT)
        eventually(lambda: lab.scanner.runs)
        one.die()
        lab.scanner.turn(sleep_before=0)
        assert two.deliver(EVENT).json["status"] == "in-progress"
        lab.change_row(arn, claim_expires=int(time.time()) - 1)
        assert two.deliver(EVENT).json["status"] == "scanned"
    lab.assert_complete(arn)


def test_lambdas_retry_takes_its_own_claim_over_at_once(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as one, lab.sandbox() as two:
        one.send(EVENT, request_id="the-same")
        eventually(lambda: lab.scanner.runs)
        one.die()
        lab.scanner.turn(sleep_before=0)
        assert two.deliver(EVENT, request_id="the-same").json["status"] == "scanned"
    lab.assert_complete(arn)


def test_a_partial_result_is_fresh_for_a_day_at_most(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=40)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "partial"
        row = lab.row(arn)
        assert row is not None and 86300 < row["ttl"] - time.time() <= 86400
        assert sandbox.deliver(EVENT).json["status"] == "cached"
        lab.change_row(arn, ttl=int(time.time()) - 1)
        lab.scanner.turn(exit_code=None)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    row = lab.row(arn)
    assert row is not None and row["ttl"] - time.time() > 29 * 86400


def test_the_setting_says_for_how_long_a_scan_counts(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(CACHE_TTL_DAYS="2") as sandbox:
        sandbox.deliver(EVENT)
        row = lab.row(arn)
        assert row is not None and 0 <= 2 * 86400 - (row["ttl"] - time.time()) < 30
        # DynamoDB removes such rows days later.
        lab.change_row(arn, ttl=LONG_AGO)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


def test_deleting_the_row_forces_a_scan(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        sandbox.deliver(EVENT)
        lab.cloud.boto("dynamodb").delete_item(
            TableName=lab.table, Key={"function_arn": {"S": arn}}
        )
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    lab.assert_complete(arn)


def test_a_function_made_again_with_the_same_code_is_scanned_once_more(lab: Lab) -> None:
    arn = lab.function()
    first = events.function_created("orders", eventTime="2026-01-01T00:00:00Z")
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(first).json["status"] == "scanned"
        assert sandbox.deliver(first).json["status"] == "cached"
        lab.cloud.boto("lambda").delete_function(FunctionName=arn)
        lab.function()
        again = events.function_created("orders", eventTime="2199-01-01T00:00:00Z")
        assert sandbox.deliver(again).json["status"] == "scanned"
        assert sandbox.deliver(EVENT).json["status"] == "cached"
    lab.assert_complete(arn)


@pytest.mark.parametrize("odd", ["no layers", "odd types", "no ttl"])
def test_a_row_of_another_tool_does_not_stand_in_the_way(lab: Lab, odd: str) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        sha256 = sandbox.deliver(EVENT).json["code_sha256"]
        row = lab.row(arn)
        assert row is not None
        item = {
            "function_arn": {"S": arn},
            "code_sha256": {"S": sha256},
            "layers_sha256": {"S": row["layers_sha256"]},
            "ttl": {"N": str(int(time.time()) + 86400)},
            "others": {"M": {"list": {"L": [{"NULL": True}, {"B": b"x"}, {"SS": ["a"]}]}}},
        }
        if odd == "no layers":
            del item["layers_sha256"]
        elif odd == "no ttl":
            del item["ttl"]
        else:
            item |= {"code_sha256": {"BOOL": True}, "ttl": {"N": "1.7e9"}}
        lab.cloud.boto("dynamodb").put_item(TableName=lab.table, Item=item)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    lab.assert_complete(arn)


def test_functions_of_one_name_have_rows_of_their_own(lab: Lab) -> None:
    here = lab.function()
    there = lab.function(region="eu-west-1")
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        event = events.code_updated("orders", region="eu-west-1")
        assert sandbox.deliver(event).json["status"] == "scanned"
    assert lab.row(here) and lab.row(there) and len(lab.scanner.runs) == 2
    assert lab.scanner.runs[1]["env"]["AWS_REGION"] == "eu-west-1"
    assert PYTHON and len(lab.documents()) == 2
