"""Whatever the size of what comes, memory stays small and messages short."""

from __future__ import annotations

import json

from localcloud import events

from lab import Lab

EVENT = events.code_updated("orders")
LIMIT_KB = 128 * 1024
SNS_LIMIT = 256 * 1024


def test_200_mb_of_output_are_read_and_dropped(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(output_bytes=200_000_000)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        assert sandbox.process.peak_memory_kb < 40 * 1024
        assert sum(map(len, sandbox.process.lines)) < 20_000
    lab.assert_complete(arn)


def test_200_mb_without_a_line_break_are_no_worse(lab: Lab) -> None:
    lab.function()
    lab.scanner.turn(output_bytes=200_000_000, output_in_one_line=True, exit_code=1)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).error_type == "QScanner.GenericError"
        assert sandbox.process.peak_memory_kb < 40 * 1024
        assert sum(map(len, sandbox.process.lines)) < 20_000


def test_8000_vulnerabilities_are_counted(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(sarif="count:8000")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert sandbox.process.peak_memory_kb < LIMIT_KB
    assert sum(outcome.json["vulnerabilities"].values()) == 8000
    assert set(outcome.json["vulnerabilities"].values()) == {1600}
    (message,) = lab.messages()
    assert len(message["message"]) < 2000 < SNS_LIMIT
    lab.assert_complete(arn)
    (sarif,) = [body for key, body in lab.objects().items() if key.endswith("sarif.json")]
    assert len(json.loads(sarif)["runs"][0]["results"]) == 8000


def test_a_result_of_300_mb_is_stored_without_being_read(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(result="huge:300000000")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, wait=80, timeout_s=300)
        assert outcome.json["status"] == "scanned", outcome.body
        assert sandbox.process.peak_memory_kb < LIMIT_KB
        assert "too many to be read" in sandbox.logged("A note on the scan")["note"]
    row = lab.row(arn)
    assert row is not None and lab.tags(arn)["QualysScanStatus"] == "success"
    key = row["results"].removeprefix(f"s3://{lab.bucket}/")
    s3 = lab.cloud.boto("s3")
    assert s3.head_object(Bucket=lab.bucket, Key=key)["ContentLength"] > 299_000_000
    head = s3.get_object(Bucket=lab.bucket, Key=key, Range="bytes=0-4095")["Body"].read()
    assert b'"secrets_found":null' in head
    tail = s3.get_object(Bucket=lab.bucket, Key=key, Range="bytes=-16")["Body"].read()
    assert tail.strip() == b"}"
    (message,) = lab.messages()
    assert message["json"]["secrets_found"] is None


def test_a_result_of_many_parts_that_breaks_off_leaves_nothing(lab: Lab) -> None:
    arn = lab.function()
    lab.scanner.turn(result="huge:40000000")
    lab.cloud.fault("status", "s3:UploadPart", skip=2, times=-1, status=403, code="AccessDenied")
    with lab.sandbox() as sandbox:
        lab.assert_failed(arn, sandbox.deliver(EVENT), "AWS.AccessDenied")
        s3 = lab.cloud.boto("s3")
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=lab.bucket)
        lab.cloud.clear_faults()
        lab.assert_scans_again(sandbox, "orders", arn)


def test_a_package_of_50_mb_is_checked_in_little_memory(lab: Lab) -> None:
    arn = lab.function(size_bytes=50_000_000)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        assert sandbox.process.peak_memory_kb < 30 * 1024
    lab.assert_complete(arn)
