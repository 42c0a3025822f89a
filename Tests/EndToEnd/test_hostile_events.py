"""Events from anywhere: a clear error, nothing run, and the loop goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from localcloud import events

from lab import ACCOUNT, Lab

GOOD = events.code_updated("orders")


def renamed(name: Any, field: str = "functionName") -> dict[str, Any]:
    """An event whose function is named so."""
    event = events.code_updated("orders", null_response=field == "functionName")
    if field == "functionName":
        event["detail"]["requestParameters"]["functionName"] = name
    else:
        event["detail"]["responseElements"]["functionArn"] = name
    return event


def deep(levels: int) -> bytes:
    text = json.dumps(GOOD)
    return text[:-1].encode() + b',"deep":' + b"[" * levels + b"]" * levels + b"}"


def changed(**members: Any) -> dict[str, Any]:
    return {**GOOD, **members}


MALFORMED: dict[str, Any] = {
    "empty": b"",
    "not JSON": b"hello",
    "half": json.dumps(GOOD).encode()[:300],
    "two": b"{}{}",
    "null": b"null",
    "number": b"17",
    "text": b'"text"',
    "array": [GOOD],
    "20,000 levels": deep(20_000),
    "20,000 objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "only brackets": b"[" * 100_000,
    "not UTF-8": json.dumps(GOOD).encode().replace(b"orders", b"ord\xff\xfe"),
    "NUL bytes": b"\x00" * 1000,
    "detail is a text": changed(detail="x"),
    "detail is an array": changed(detail=[1]),
    "records are a text": {"Records": "x"},
    "records without bodies": {"Records": [{"messageId": "1"}]},
    "detail type is a number": changed(**{"detail-type": 7}),
    "no function": {**GOOD, "detail": {**GOOD["detail"], "requestParameters": None, "responseElements": None}},
}  # fmt: skip

UNSUPPORTED: dict[str, Any] = {
    "empty object": {},
    "S3 event": {"detail-type": "Object Created", "source": "aws.s3", "detail": {}},
    "no detail": {"detail-type": "AWS API Call via CloudTrail"},
    "another call": {**GOOD, "detail": {**GOOD["detail"], "eventName": "DeleteFunction20150331"}},
    "another service": {**GOOD, "detail": {**GOOD["detail"], "eventSource": "ec2.amazonaws.com"}},
    "unknown job": {"job": "rm -rf /"},
    "unknown job in detail": {"detail": {"job": "x; id"}},
    "odd detail type": changed(**{"detail-type": "\u202emaraTduolC aiv llaC IPA SWA\x00\n"}),
}

NAMES: dict[str, str] = {
    "shell": "x; id",
    "substitution": "$(touch /tmp/pwned)",
    "one dash": "-",
    "path": "../..",
    "encoded path": "..%2f..",
    "slash": "a/b",
    "500 letters": "a" * 500,
    "65 letters": "a" * 65,
    "right to left": "orders\u202etxt",
    "RTL mark": "\u200forders",
    "letters of another script": "оrders",
    "combining": "orde\u0301rs",
    "line break": "orders\n",
    "NUL": "orders\x00",
    "blank": "",
    "space": " orders",
    "query": "orders?x=1",
    "only colons": ":::::::",
    "an ARN of a bucket": "arn:aws:s3:::orders",
    "an unknown partition": f"arn:aws-evil:lambda:us-east-1:{ACCOUNT}:function:orders",
    "a region with a host": f"arn:aws:lambda:evil.example.com/:{ACCOUNT}:function:orders",
    "an account of letters": "arn:aws:lambda:us-east-1:abcdefghijkl:function:orders",
    "a qualifier with a blank": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders:a b",
}


def assert_refused(lab: Lab, payloads: dict[str, Any], error_type: str) -> None:
    """Each is an error of that type and nothing else; then a good event is worked on."""
    arn = lab.function()
    with lab.sandbox() as sandbox:
        for name, payload in payloads.items():
            outcome = sandbox.deliver(payload)
            assert (outcome.kind, outcome.error_type) == ("error", error_type), name
            assert len(outcome.json["errorMessage"]) < 1000, name
            assert outcome.body.isascii() or outcome.json["errorMessage"].isprintable(), name
        assert lab.actions() == [] and lab.scanner.runs == []
        lab.assert_scans_again(sandbox, "orders", arn)


def test_what_is_no_event_is_malformed(lab: Lab) -> None:
    assert_refused(lab, MALFORMED, "Event.Malformed")


def test_what_is_no_event_of_ours_is_unsupported(lab: Lab) -> None:
    assert_refused(lab, UNSUPPORTED, "Event.Unsupported")


@pytest.mark.parametrize("field", ["functionName", "functionArn"])
def test_what_is_no_function_name_reaches_nobody(lab: Lab, field: str) -> None:
    assert_refused(lab, {k: renamed(name, field) for k, name in NAMES.items()}, "Event.Malformed")


def test_an_unsupported_event_is_told_what_was_expected(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        message = sandbox.deliver({"detail-type": "Object Created"}).json["errorMessage"]
    assert "Object Created" in message and "CloudTrail" in message and "SQS" in message


def test_a_name_that_reads_like_an_option_is_refused(lab: Lab) -> None:
    lab.function("--version")
    with lab.sandbox() as sandbox:
        for name in ("--help", "--version"):
            outcome = sandbox.deliver(renamed(name))
            assert (outcome.kind, outcome.error_type) == ("error", "Event.Malformed")
    assert lab.scanner.runs == []


def test_an_event_of_6_mb_is_taken(lab: Lab) -> None:
    lab.function()
    event = {**GOOD, "filler": "x" * (6 * 1024 * 1024 - 10_000)}
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(event).json["status"] == "scanned"


def test_unknown_fields_are_passed_over(lab: Lab) -> None:
    lab.function()
    event = {**GOOD, "new": {"a": [1, None, "\ud83d\ude00"]}}
    event["detail"] = {**event["detail"], "userIdentity": None, "tlsDetails": {"x": 1.5e300}}
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(event).json["status"] == "scanned"


def test_the_bad_messages_of_a_batch_go_back_to_the_queue(lab: Lab) -> None:
    good, other = lab.function("good"), lab.function("other")
    lab.function("breaks")
    lab.scanner.turn("breaks", exit_code=13)
    bodies: list[Any] = [
        events.code_updated("good"), "not JSON", events.code_updated("breaks"),
        events.code_updated("gone"), events.sqs_batch([GOOD]), {"job": "none"},
        renamed("x; id"), events.code_updated("other"),
    ]  # fmt: skip
    ids = [f"m{number}" for number in range(len(bodies))]
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.sqs_batch(bodies, message_ids=ids))
        assert outcome.kind == "response"
        failed = [item["itemIdentifier"] for item in outcome.json["batchItemFailures"]]
        assert failed == ["m1", "m2", "m4", "m5", "m6"]
        assert sandbox.logged("A message of the batch failed")["messageId"] == "m1"
    lab.assert_complete(good)
    lab.assert_complete(other)


def test_what_a_batch_has_no_time_for_goes_back_to_the_queue(lab: Lab) -> None:
    for name in ("one", "two"):
        lab.function(name)
    lab.scanner.turn("one", sleep_before=60)
    batch = events.sqs_batch(
        [events.code_updated(n) for n in ("one", "two")], message_ids=["1", "2"]
    )
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(batch, timeout_s=5)
    failed = [item["itemIdentifier"] for item in outcome.json["batchItemFailures"]]
    # Every message is either scanned or given back, and the answer comes in time.
    assert failed[0] == "1"
    assert ("2" in failed) == (lab.documents() == {})


def test_an_empty_batch_is_done(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        assert sandbox.deliver({"Records": []}).json == {"batchItemFailures": []}
