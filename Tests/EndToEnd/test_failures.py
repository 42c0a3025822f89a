"""What goes wrong is seen by Lambda, tagged, never cached, and done again with the next event."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from localcloud import events

from lab import OTHER, SECRET, Lab, eventually

EVENT = events.code_updated("orders")


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (1, "GenericError"), (2, "InvalidParameter"), (3, "LoggerFailed"), (4, "Unknown"),
        (7, "ArtifactFailed"), (10, "FunctionFailed"), (11, "MetadataScanFailed"),
        (12, "OSScanFailed"), (13, "SCAScanFailed"), (14, "SecretScanFailed"), (21, "ScanFailed"),
        (30, "ResultFailed"), (39, "ResultFailed"), (99, "Unknown"), (124, "Killed"),
        (137, "Killed"),
    ],
)  # fmt: skip
def test_an_exit_code_that_means_failure_ends_in_the_error_call(
    lab: Lab, exit_code: int, reason: str
) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=exit_code)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        lab.assert_failed(arn, outcome, f"QScanner.{reason}")
        assert f"exit code {exit_code}" in outcome.json["errorMessage"]
        assert [entry["ScanFailure"] for entry in sandbox.metrics] == [1]
    assert lab.objects() == {} and lab.messages() == []


@pytest.mark.parametrize(
    ("knobs", "error_type"),
    [
        ({"crash": "SIGSEGV"}, "QScanner.Killed"),
        ({"crash": "SIGKILL"}, "QScanner.Killed"),
        ({"result": "missing"}, "QScanner.NoResult"),
        ({"result": "broken"}, "QScanner.BrokenResult"),
        ({"result": "empty"}, "QScanner.BrokenResult"),
        ({"sarif": "broken"}, "QScanner.BrokenResult"),
    ],
    ids=lambda value: next(iter(value.items())) if isinstance(value, dict) else "",
)
def test_a_scanner_without_a_proper_result_has_failed(
    lab: Lab, knobs: dict[str, Any], error_type: str
) -> None:
    arn = lab.function()
    lab.scanner.turn(**knobs)
    with lab.sandbox() as sandbox:
        lab.assert_failed(arn, sandbox.deliver(EVENT), error_type)
        lab.scanner.turn(crash=None, result="ok", sarif="ok")
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_scanner_that_hangs_is_ended_at_its_time_limit(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox(SCAN_TIMEOUT="1") as sandbox:
        start = time.monotonic()
        outcome = sandbox.deliver(EVENT)
        assert 1 <= time.monotonic() - start < 5
        lab.assert_failed(arn, outcome, "QScanner.TimedOut")
        lab.scanner.turn(sleep_before=0)
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_scanner_that_hangs_is_ended_before_lambda_ends_us(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60, ignore_sigterm=True)
    with lab.sandbox() as sandbox:
        start = time.monotonic()
        outcome = sandbox.deliver(EVENT, timeout_s=6)
        assert 3 < time.monotonic() - start < 6
        lab.assert_failed(arn, outcome, "QScanner.TimedOut")


@pytest.mark.parametrize("kind", ["missing", "not executable", "folder", "not a program"])
def test_a_scanner_that_cannot_be_run_is_named(lab: Lab, kind: str) -> None:
    arn = lab.function()
    path = lab.folder / "scanner"
    if kind == "not executable":
        path.write_text("#!/bin/sh\n")
    elif kind == "folder":
        path.mkdir()
    elif kind == "not a program":
        path.write_bytes(b"\x7fELF rubbish")
        path.chmod(0o755)
    with lab.sandbox(QSCANNER_PATH=str(path)) as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert outcome.error_type in ("QScanner.NotRunnable", "QScanner.NotStarted")
        lab.assert_failed(arn, outcome, outcome.error_type)
        assert str(path) in outcome.json["errorMessage"]


def test_what_qscanner_said_last_is_in_the_log(lab: Lab) -> None:
    lab.function()
    lab.scanner.turn(exit_code=13, echo_error=["FATAL the catalog is not there"])
    with lab.sandbox() as sandbox:
        sandbox.deliver(EVENT)
        entry = sandbox.logged("QScanner failed")
    assert entry["errorType"] == "QScanner.SCAScanFailed" and entry["level"] == "warning"
    assert "the catalog is not there" in entry["output"] and "\n" not in entry["output"]


@pytest.mark.parametrize("exit_code", [40, 41])
def test_a_scan_without_its_report_is_partial(lab: Lab, exit_code: int) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=exit_code)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert outcome.json["status"] == "partial"
        assert sandbox.metrics[0]["ScanPartial"] == 1
    assert outcome.json.get("vulnerabilities") == (
        None if exit_code == 40 else {"critical": 1, "high": 0, "medium": 1, "low": 0, "info": 0}
    )
    lab.assert_complete(arn, "partial")
    (document,) = lab.documents().values()
    assert document["exit_code"] == exit_code and document["notes"]


@pytest.mark.parametrize("knobs", [{"result": "missing"}, {"result": "broken", "sarif": "broken"}])
def test_a_partial_scan_may_lack_files(lab: Lab, knobs: dict[str, Any]) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=41, **knobs)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "partial"
    lab.assert_complete(arn, "partial")


@pytest.mark.parametrize("exit_code", [42, 43])
def test_a_policys_verdict_is_no_failure(lab: Lab, exit_code: int) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=exit_code)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    lab.assert_complete(arn)
    (document,) = lab.documents().values()
    assert document["exit_code"] == exit_code and "policy" in document["notes"][0]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("s3:PutObject", "AccessDenied"),
        ("sns:Publish", "AuthorizationError"),
        ("secretsmanager:GetSecretValue", "AccessDeniedException"),
    ],
)
def test_a_refused_call_fails_the_scan(lab: Lab, action: str, code: str) -> None:
    arn = lab.function()
    lab.cloud.fault("status", action, times=-1, status=403, code=code, message="not allowed")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        lab.assert_failed(arn, outcome, f"AWS.{code}")
        assert "not allowed" in outcome.json["errorMessage"]
        assert action.partition(":")[2] in outcome.json["errorMessage"]
        lab.cloud.clear_faults()
        lab.assert_scans_again(sandbox, "orders", arn)


def test_refused_tags_fail_the_scan(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault(
        "status", "lambda:TagResource", times=-1, status=403, code="AccessDeniedException"
    )
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert (outcome.kind, outcome.error_type) == ("error", "AWS.AccessDeniedException")
        assert sandbox.logged("Could not tag the function as failed")
        row = lab.row(arn)
        assert row is not None and not {"code_sha256", "claim_owner"} & set(row)
        lab.cloud.clear_faults()
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_refused_getfunction_fails_the_scan(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault(
        "status", "lambda:GetFunction", times=-1, status=403, code="AccessDeniedException"
    )
    with lab.sandbox() as sandbox:
        lab.assert_failed(arn, sandbox.deliver(EVENT), "AWS.AccessDeniedException")
        assert lab.scanner.runs == []


def test_a_scanned_function_that_cannot_be_read_for_once_is_not_left_as_failed(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        sandbox.deliver(EVENT)
        lab.cloud.fault("status", "lambda:GetFunction", status=403, code="AccessDeniedException")
        assert sandbox.deliver(EVENT, request_id="again").kind == "error"
        assert lab.tags(arn)["QualysScanStatus"] == "failed"
        # From the cache it would be answered without tags.
        assert sandbox.deliver(EVENT, request_id="again").json["status"] == "scanned"
    lab.assert_complete(arn)


def test_code_that_changes_during_the_scan_is_an_error_and_the_retry_scans_it(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=1)
    with lab.sandbox() as sandbox:
        invocation = sandbox.send(EVENT, request_id="again")
        eventually(lambda: lab.cloud.calls("package:Download")[1:])
        lab.cloud.update_function("orders", OTHER)
        lab.assert_failed(arn, invocation.result(), "Package.HashMismatch")
        assert lab.objects() == {} and lab.messages() == []
        assert sandbox.deliver(EVENT, request_id="again").json["status"] == "scanned"
    lab.assert_complete(arn)


@pytest.mark.parametrize(
    ("secret", "error_type", "named"),
    [
        ("not json, and secret-text-9d1", "Secret.NotAnObject", "QUALYS_SECRET_ARN"),
        ('["secret-text-9d1"]', "Secret.NotAnObject", "QUALYS_SECRET_ARN"),
        ({"qualys_pod": "US2"}, "Secret.MissingField", "qualys_access_token"),
        ({"qualys_access_token": "secret-text-9d1"}, "Secret.MissingField", "qualys_pod"),
        ({**SECRET, "qualys_access_token": ""}, "Secret.MissingField", "qualys_access_token"),
        ({**SECRET, "qualys_access_token": 7}, "Secret.MissingField", "qualys_access_token"),
        ({**SECRET, "qualys_pod": "secret-text-9d1"}, "Secret.UnknownPod", "qualys_pod"),
        ({**SECRET, "qualys_access_token": "secret-text-9d1\n"}, "Secret.ControlCharacter", "qualys_access_token"),
    ],
)  # fmt: skip
def test_a_bad_secret_is_described_without_its_text(
    lab: Lab, secret: Any, error_type: str, named: str
) -> None:
    arn = lab.function()
    lab.change_secret(secret)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        lab.assert_failed(arn, outcome, error_type)
        assert named in outcome.json["errorMessage"]
        assert "secret-text-9d1" not in "\n".join(sandbox.process.lines) + str(outcome.body)
        assert lab.scanner.runs == []
        lab.change_secret(SECRET)
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_secret_that_is_not_there_fails_the_scan(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(QUALYS_SECRET_ARN=lab.secret_arn + "-gone") as sandbox:
        lab.assert_failed(arn, sandbox.deliver(EVENT), "AWS.ResourceNotFoundException")


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ({"kind": "corrupt"}, {"Package.HashMismatch", "QScanner.FunctionFailed"}),
        ({"kind": "status", "status": 403, "code": "AccessDenied"}, {"Package.Refused", "QScanner.FunctionFailed"}),
        ({"kind": "status", "status": 503, "code": "SlowDown"}, {"Package.Refused", "QScanner.FunctionFailed"}),
    ],
    ids=["corrupt", "refused", "out of order"],
)  # fmt: skip
def test_a_package_that_cannot_be_had_whole_fails_the_scan(
    lab: Lab, fault: dict[str, Any], reasons: set[str]
) -> None:
    arn = lab.function()
    lab.cloud.fault(action="package:Download", times=-1, **fault)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        # Whichever of the two that fetch it is first to notice.
        assert outcome.error_type in reasons
        lab.assert_failed(arn, outcome, str(outcome.error_type))
        lab.cloud.clear_faults()
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_package_that_is_not_what_getfunction_said_is_noticed(lab: Lab) -> None:
    arn = lab.function()
    # Once only, and we are first: QScanner gets the right one and is stopped all the same.
    lab.cloud.fault("corrupt", "package:Download")
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as sandbox:
        lab.assert_failed(arn, sandbox.deliver(EVENT), "Package.HashMismatch")
        assert json.dumps(lab.scanner.events("end")) == "[]"
