"""The process as a Lambda runtime: start, loop, freeze, deadline, and what it cleans up."""

from __future__ import annotations

import contextlib
import json
import os
import time
from functools import partial
from pathlib import Path

import pytest
from localcloud import events

from lab import OTHER, Lab, Sandbox, eventually

EVENT = events.code_updated("orders")


# --- Start ---


def test_all_wrong_settings_are_named_at_once_and_no_value(lab: Lab) -> None:
    wrong = {
        "QUALYS_SECRET_ARN": "eyJ-a-token-pasted-here",
        "QSCANNER_PATH": "relative/path-5501",
        "SCAN_TYPES": "pkg;secret-5502",
        "SCAN_TIMEOUT": "soon-5503",
        "RESULTS_S3_BUCKET": "Not_A_Bucket-5504",
        "SNS_TOPIC_ARN": "arn:aws:sqs:us-east-1:012345678912:queue-5505",
        "SCAN_CACHE_TABLE": "a table-5506",
        "CACHE_TTL_DAYS": "-5507",
        "ENABLE_TAGGING": "perhaps-5508",
        "CROSS_ACCOUNT_ROLE_NAME": "role name-5509",
        "SCANNER_EXTERNAL_ID": "external id-5510",
        "QUALYS_API_URL": "http://user:pass-5511@example.com",
        "QUALYS_GATEWAY_URL": "gateway-5512",
        "S3_BUCKET_NAME": "..-5513",
        "S3_KEY_PREFIX": "a\nb-5514",
        "MAX_WORKERS": "5515",
        "LOG_LEVEL": "loud-5516",
    }
    with lab.sandbox(wrong) as sandbox:
        assert sandbox.process.wait(10) not in (0, -9)
        error = sandbox.api.init_error
        said = "\n".join(sandbox.process.lines)
    assert error is not None and error.error_type == "Settings.Invalid"
    message = error.json["errorMessage"]
    for name, value in wrong.items():
        assert name in message and value not in message + said
        assert value.rpartition("-")[2] not in message.replace("5515", "")
    assert sandbox.api.next_calls == 0


def test_a_missing_secret_setting_ends_the_start(lab: Lab) -> None:
    with lab.sandbox(QUALYS_SECRET_ARN="") as sandbox:
        assert sandbox.process.wait(10) == 1
    assert sandbox.api.init_error is not None
    assert "QUALYS_SECRET_ARN is not set" in sandbox.api.init_error.json["errorMessage"]


def test_nothing_is_called_before_the_first_event(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        eventually(lambda: sandbox.api.next_calls)
        assert lab.cloud.calls() == []


# --- The loop ---


def test_a_500_to_a_result_ends_the_process(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        sandbox.api.result_statuses = [500]
        sandbox.send(EVENT)
        assert sandbox.process.wait(10) not in (0, -9)


def test_a_500_to_next_ends_the_process(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        eventually(lambda: sandbox.api.next_calls)
        sandbox.api.next_statuses = [500]
        sandbox.deliver({})
        assert sandbox.process.wait(10) not in (0, -9)


def test_a_413_or_400_to_a_result_does_not(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        for calls, status in enumerate((400, 413), 2):
            sandbox.api.result_statuses = [status]
            sandbox.send({}, request_id=f"refused-{status}")
            eventually(partial(has_asked, sandbox, calls))
            # Lambda itself ends the invocation then; this Runtime API has to be told.
            sandbox.api.mark_died(None)
        sandbox.api.violations.clear()
        lab.function()
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


def has_asked(sandbox: Sandbox, times: int) -> bool:
    return sandbox.api.next_calls >= times


def test_a_dropped_wait_for_the_next_event_is_taken_up_again(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        eventually(lambda: sandbox.api.next_calls)
        sandbox.api.drop_next = 2
        assert sandbox.deliver({}).kind == "error"
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


def test_an_event_without_the_optional_headers_is_worked_on(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        sandbox.api.omit_headers = {"lambda-runtime-trace-id", "lambda-runtime-deadline-ms"}
        # The one it waits for already.
        assert sandbox.deliver({}).kind == "error"
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


def test_the_trace_id_of_each_event_is_in_the_environment(lab: Lab) -> None:
    with lab.sandbox() as sandbox:
        for number in range(2):
            trace = f"Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e70{number};Sampled=0"
            sandbox.deliver({}, trace_id=trace)
            assert f"_X_AMZN_TRACE_ID={trace}".encode() in heap_of(sandbox.process.pid)


def heap_of(pid: int) -> bytes:
    """The heap of a process, where its later environment is."""
    areas = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    heap = b""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for area in areas:
            if area[1].startswith("rw") and (len(area) < 6 or area[5] == "[heap]"):
                start, end = (int(part, 16) for part in area[0].split("-"))
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    memory.seek(start)
                    heap += memory.read(min(end - start, 4 << 20))
    return heap


# --- Freeze and thaw ---


def test_a_freeze_between_two_events_is_ridden_out(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        # Whoever has been silent for long is disconnected, without a word.
        lab.cloud.fault("close_after", times=-1)
        sandbox.api.close_idle_after_event = True
        assert sandbox.deliver(EVENT).json["status"] == "cached"
        sandbox.process.freeze()
        invocation = sandbox.send(EVENT)
        sandbox.process.thaw()
        assert invocation.result().json["status"] == "cached"
        lab.cloud.clear_faults()
        lab.cloud.update_function("orders", OTHER)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


def test_a_freeze_in_the_middle_of_a_call_is_ridden_out(lab: Lab) -> None:
    arn = lab.function()
    lab.cloud.fault("drop_after", "s3:PutObject", resource="Z.json")
    lab.cloud.fault("delay", "sns:Publish", seconds=0.3)
    with lab.sandbox() as sandbox:
        invocation = sandbox.send(EVENT)
        eventually(lambda: lab.cloud.calls("sns:Publish"))
        sandbox.process.freeze()
        eventually(lambda: lab.cloud.calls("sns:Publish")[0]["status"])
        sandbox.process.thaw()
        assert invocation.result().json["status"] == "scanned"
    lab.assert_complete(arn)


# --- The deadline ---


def test_time_that_ran_out_before_the_event_is_an_error(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT, timeout_s=-1)
        assert (outcome.kind, outcome.error_type) == ("error", "Deadline.Passed")
        assert sandbox.deliver(EVENT).json["status"] == "scanned"


@pytest.mark.parametrize(
    "action", ["lambda:GetFunction", "secretsmanager:GetSecretValue", "s3:PutObject", "sns:Publish"]
)
def test_a_service_that_never_answers_ends_in_an_error_in_time(lab: Lab, action: str) -> None:
    arn = lab.function()
    lab.cloud.fault("hang", action, times=-1, seconds=10)
    with lab.sandbox() as sandbox:
        start = time.monotonic()
        outcome = sandbox.deliver(EVENT, timeout_s=3)
        assert time.monotonic() - start < 3
        lab.cloud.clear_faults()
        assert (outcome.kind, outcome.error_type) == ("error", "Transport.timeout")
        assert lab.tags(arn)["QualysScanStatus"] == "failed"


# --- What is left ---


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("leaves_the_group", [False, True])
@pytest.mark.parametrize("ending", ["success", "failure", "timeout"])
def test_no_process_of_qscanners_survives_the_scan(
    lab: Lab, ending: str, leaves_the_group: bool
) -> None:
    lab.function()
    lab.scanner.turn(child_outlives=True, child_setsid=leaves_the_group)
    if ending == "failure":
        lab.scanner.turn(exit_code=13)
    elif ending == "timeout":
        lab.scanner.turn(sleep_before=60, ignore_sigterm=True)
    with lab.sandbox(SCAN_TIMEOUT="1" if ending == "timeout" else None) as sandbox:
        outcome = sandbox.deliver(EVENT)
        assert outcome.kind == ("response" if ending == "success" else "error")
        (child,) = lab.scanner.events("child")
        assert not is_running(child["child"]) and not is_running(child["pid"])
        assert sandbox.scratch == []


def test_what_a_killed_process_left_is_removed_at_the_next_start(lab: Lab) -> None:
    lab.function()
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox() as killed:
        killed.send(EVENT)
        eventually(lambda: lab.scanner.runs)
        killed.die()
        assert killed.scratch
    lab.close()
    lab.scanner.turn(sleep_before=0)
    with lab.sandbox(temporary=killed.temporary) as sandbox:
        eventually(lambda: sandbox.api.next_calls)
        assert sandbox.scratch == []
        assert sandbox.deliver(EVENT, request_id="another").json["status"] == "in-progress"


def test_scans_do_not_see_each_others_files(lab: Lab) -> None:
    for name in ("one", "two"):
        lab.function(name)
    with lab.sandbox() as sandbox:
        for name in ("one", "two"):
            sandbox.deliver(events.code_updated(name))
    first, second = (run["argv"] for run in lab.scanner.runs)
    assert first[4] != second[4] and first[6] != second[6]


def test_a_full_disk_is_an_error_that_names_the_folder(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        eventually(lambda: sandbox.api.next_calls)
        # Nothing can be made below a file.
        (sandbox.temporary / "qualys-lambda-scanner").write_text("")
        lab.assert_failed(arn, sandbox.deliver(EVENT), "Scratch.Unwritable")


def test_nothing_of_ours_is_open_in_qscanner(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        sandbox.deliver(EVENT)
    for target in lab.scanner.runs[0]["fds"].values():
        assert "socket" not in target and "eventpoll" not in target, target


def test_a_process_that_has_scanned_much_holds_no_more_files_open(lab: Lab) -> None:
    lab.function(files={"app.py": "0\n"})
    counts = []
    with lab.sandbox() as sandbox:
        for number in range(6):
            lab.cloud.update_function("orders", {"app.py": f"{number}\n"})
            assert sandbox.deliver(EVENT).json["status"] == "scanned"
            counts.append(len(os.listdir(f"/proc/{sandbox.process.pid}/fd")))
    assert counts[-1] <= counts[1] + 2, json.dumps(counts)
