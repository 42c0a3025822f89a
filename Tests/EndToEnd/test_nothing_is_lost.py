"""Whatever fails, and whenever the process is killed: delivered again, the event ends in full.

The walk goes through every call of a scan in turn. The event comes back at once, with the same
request id, to a new process, as Lambda's retry does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from localcloud import events

from lab import Lab, eventually

EVENT = events.code_updated("orders")
REQUEST = "one-and-the-same"


class Step(NamedTuple):
    """A call of a scan: which one it is among those of the same name."""

    name: str
    action: str
    resource: str = ""
    skip: int = 0

    @property
    def has_effect(self) -> bool:
        return self.action in ("dynamodb:UpdateItem", "sns:Publish", "lambda:TagResource")

    @property
    def rule(self) -> dict[str, Any]:
        return {"action": self.action, "resource": self.resource, "skip": self.skip}


STEPS = [
    Step("describe", "lambda:GetFunction"),
    Step("claim", "dynamodb:UpdateItem"),
    Step("secret", "secretsmanager:GetSecretValue"),
    Step("package", "package:Download"),
    Step("QScanner's describe", "lambda:GetFunction", skip=1),
    Step("QScanner's package", "package:Download", skip=1),
    Step("describe again", "lambda:GetFunction", skip=2),
    Step("document", "s3:PutObject", "Z.json"),
    Step("SARIF", "s3:PutObject", "/Report.sarif.json"),
    Step("SPDX", "s3:PutObject", "/ScanResult.spdx.json"),
    Step("message", "sns:Publish"),
    Step("tags", "lambda:TagResource"),
    Step("row", "dynamodb:UpdateItem", skip=1),
]
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def deliver_again(lab: Lab, arn: str) -> None:
    """The fault is over; a new process gets the event, and all is there."""
    lab.cloud.clear_faults()
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, request_id=REQUEST)
        assert outcome.kind == "response", outcome.body
        assert outcome.json["status"] in ("scanned", "cached")
        lab.assert_complete(arn)
        # And now it is done.
        assert sandbox.deliver(EVENT).json["status"] == "cached"


def test_the_walk_goes_through_every_call(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        sandbox.deliver(EVENT)
    assert sorted(lab.actions()) == sorted(step.action for step in STEPS)


@every_step
@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (403, "AccessDenied")])
def test_a_call_that_fails_for_good_loses_nothing(
    lab: Lab, step: Step, status: int, code: str
) -> None:
    arn = lab.function()
    lab.cloud.fault("status", times=-1, status=status, code=code, **step.rule)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, request_id=REQUEST, timeout_s=30)
    if step.name == "claim":
        # Without the cache a scan is still a scan.
        assert outcome.json["status"] == "scanned"
    else:
        assert outcome.kind == "error"
        assert step.name == "row" or "QualysScanTag" not in lab.tags(arn)
    deliver_again(lab, arn)


@every_step
def test_a_connection_that_breaks_after_the_effect_loses_nothing(lab: Lab, step: Step) -> None:
    arn = lab.function()
    lab.cloud.fault("drop_after", **step.rule)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, request_id=REQUEST)
    if not step.name.startswith("QScanner"):
        assert outcome.json["status"] == "scanned"
        lab.assert_complete(arn)
    deliver_again(lab, arn)


@pytest.mark.parametrize(
    "step", [step for step in STEPS if step.has_effect], ids=lambda step: step.name
)
def test_an_effect_whose_answer_never_comes_loses_nothing(lab: Lab, step: Step) -> None:
    arn = lab.function()
    lab.cloud.fault("drop_after", times=-1, **step.rule)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, request_id=REQUEST)
    assert step.name == "claim" or outcome.error_type == "Transport.dropped"
    deliver_again(lab, arn)


@every_step
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_a_call_loses_nothing(lab: Lab, step: Step, moment: str) -> None:
    arn = lab.function()
    # Held before the effect, or after it while the answer is on its way.
    held: dict[str, Any] = (
        {"kind": "hang"} if moment == "before" else {"kind": "cut", "after_bytes": 0}
    )
    lab.cloud.fault(**held, **step.rule, seconds=20)
    with lab.sandbox() as sandbox:
        invocation = sandbox.send(EVENT, request_id=REQUEST)
        eventually(lambda: any(call["fault"] for call in lab.cloud.calls(step.action)))
        sandbox.die()
        assert invocation.result().kind == "died"
    lab.close()
    deliver_again(lab, arn)


def test_a_killed_scan_is_not_lost_to_an_early_second_delivery(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as sandbox:
        sandbox.send(EVENT, request_id=REQUEST)
        eventually(lambda: lab.scanner.runs)
        sandbox.die()
    lab.scanner.turn(sleep_before=0)
    with lab.sandbox() as sandbox:
        # EventBridge's duplicate has another id: it leaves the scan to the claim's owner.
        assert sandbox.deliver(EVENT, request_id="a-duplicate").json["status"] == "in-progress"
    deliver_again(lab, arn)


def test_an_sqs_message_takes_its_own_claim_over(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    batch = events.sqs_batch([EVENT], message_ids=["message-1"])
    with lab.sandbox() as sandbox:
        sandbox.send(batch)
        eventually(lambda: lab.scanner.runs)
        row = lab.row(arn)
        assert row is not None and row["claim_owner"] == "message-1"
        sandbox.die()
    lab.scanner.turn(sleep_before=0)
    with lab.sandbox() as sandbox:
        # The queue gives it out again in an invocation with another request id.
        assert sandbox.deliver(batch).json == {"batchItemFailures": []}
    lab.assert_complete(arn)
