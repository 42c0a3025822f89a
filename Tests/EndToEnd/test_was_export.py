"""Finished web application scans, exported: each once, byte for byte, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from qualys.client import QualysServer

from jobs import BAD_USAGE, DONE, FAILED, PARTIAL, Terminal, peak_memory, prepare
from lab import Lab, eventually

NOW = "2026-03-10T12:00:00Z"
Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]


def finished(qualys: QualysServer, since: str, until: str = NOW) -> dict[str, dict[str, Any]]:
    """The scans that ended in a window, by the name of their object; one without results has only its launch."""
    rows = qualys.truth("scans", status="FINISHED")
    return {
        f"{row['id']}.json": row
        for row in rows
        if since <= (row["finished"] or row["launched"]) < until
    }


def assert_exported(files: dict[str, bytes], expected: dict[str, dict[str, Any]]) -> None:
    scans = {key: body for key, body in files.items() if not key.startswith("manifests/")}
    assert set(scans) == set(expected)
    for key, body in scans.items():
        assert hashlib.sha256(body).hexdigest() == expected[key]["sha256"], key


def assert_listed_once(manifest: dict[str, Any], keys: set[str]) -> None:
    listed = [entry["key"] for entry in manifest["objects"]]
    assert sorted(listed) == sorted(keys)


def new_scan(qualys: QualysServer) -> int:
    """A scan that has finished now."""
    id = int(qualys.change("add_scan")["id"])
    qualys.change("finish_scan", id=id)
    return id


WINDOW = ("--since", "2026-03-08", "--until", NOW)


# --- Which scans ---


def test_scans_that_ended_in_the_window_are_exported_with_the_bytes_that_qualys_sent(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=60, scan_days=4)
    shell = terminal(qualys)
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == DONE, ended.stderr
    expected = finished(qualys, "2026-03-08T00:00:00Z")
    overnight = [row for row in expected.values() if row["finished"] and row["launched"][:10] != row["finished"][:10]]
    assert overnight and expected
    assert_exported(shell.files(), expected)
    answer = shell.answer(ended)
    assert answer["status"] == "done" and answer["counts"]["exported"] == len(expected)
    manifest = shell.manifest(answer)
    assert_listed_once(manifest, set(expected))
    assert manifest["window"] == {"since": "2026-03-08T00:00:00Z", "until": NOW}
    assert manifest["bytes"] == sum(row["bytes"] for row in expected.values())
    assert (manifest["status"], manifest["failed"]) == ("done", [])


def test_the_scan_after_the_thousandth_is_exported_too(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=1300, scan_days=2, scan_bytes=600)
    shell = terminal(qualys)
    assert shell.run("was-export", "--since", "2026-03-01", "--until", NOW).returncode == DONE
    expected = finished(qualys, "2026-03-01T00:00:00Z")
    assert len(expected) > 1000
    assert set(shell.files()) >= set(expected)


def test_named_scans_are_exported_whenever_they_ended(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=20, scan_days=9)
    shell = terminal(qualys)
    ended = shell.run("was-export", "--ids", "3001,3007")
    assert ended.returncode == DONE, ended.stderr
    assert {"3001.json", "3007.json"} <= set(shell.files())
    assert shell.answer(ended)["counts"]["exported"] == 2


def test_nothing_finished_is_an_answer_and_no_error(
    qualys_server: Servers, terminal: Terminals
) -> None:
    shell = terminal(qualys_server(now=NOW, scans=0))
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == DONE
    assert shell.answer(ended)["counts"]["exported"] == 0


def test_a_dry_run_tells_what_there_is_and_writes_nothing(
    qualys_server: Servers, terminal: Terminals
) -> None:
    shell = terminal(qualys_server(now=NOW, scans=30))
    ended = shell.run("was-export", *WINDOW, "--dry-run")
    assert ended.returncode == DONE
    assert shell.answer(ended)["counts"]["candidates"] > 0
    assert shell.files() == {}


# --- From run to run ---


def test_a_run_exports_what_finished_since_the_last_and_nothing_twice(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(scans=40, scan_days=2)
    shell = terminal(qualys)
    first = shell.answer(shell.run("was-export"))
    exported = set(shell.files())
    finishing = new_scan(qualys)
    late = new_scan(qualys)
    second = shell.manifest(shell.answer(shell.run("was-export")))
    assert_listed_once(second, {f"{finishing}.json", f"{late}.json"})
    third = shell.answer(shell.run("was-export"))
    assert third["counts"]["exported"] == 0
    assert first["counts"]["exported"] == len(exported) - 1
    assert second["window"]["since"] == shell.manifest(first)["window"]["until"]


def test_a_scan_that_fails_is_named_the_others_are_there_and_the_next_run_fetches_it(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(scans=40, scan_days=1)
    shell = terminal(qualys)
    running = [row["id"] for row in qualys.truth("scans", status="FINISHED")]
    bad = running[len(running) // 2]
    qualys.fault("qps_error", f"*/download/was/wasscan/{bad}", code="OBJECT_NOT_FOUND", times=-1)
    ended = shell.run("was-export", "--ids", ",".join(map(str, running)))
    assert ended.returncode == PARTIAL
    assert str(bad) in ended.stderr and "OBJECT_NOT_FOUND" in ended.stderr
    answer = shell.answer(ended)
    manifest = shell.manifest(answer)
    assert manifest["status"] == "partial"
    assert [entry["id"] for entry in manifest["failed"]] == [str(bad)]
    assert_listed_once(manifest, {f"{id}.json" for id in running if id != bad})
    assert f"{bad}.json" not in shell.files()


def test_the_scan_that_a_scheduled_run_missed_is_in_the_next_one(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(scans=0)
    shell = terminal(qualys)
    assert shell.run("was-export").returncode == DONE
    good, bad = (new_scan(qualys) for _ in range(2))
    qualys.fault("qps_error", f"*/download/was/wasscan/{bad}", code="OTHER_ERROR", times=-1)
    ended = shell.run("was-export")
    assert ended.returncode == PARTIAL
    assert_listed_once(shell.manifest(shell.answer(ended)), {f"{good}.json"})
    qualys.clear_faults()
    ended = shell.run("was-export")
    assert ended.returncode == DONE
    assert_listed_once(shell.manifest(shell.answer(ended)), {f"{bad}.json"})


@pytest.mark.parametrize("after", [0, 1, 7, 20])
def test_a_run_that_is_killed_goes_on_and_lists_every_scan_once(
    qualys_server: Servers, terminal: Terminals, after: int
) -> None:
    qualys = qualys_server(now=NOW, scans=50, scan_days=2, qps_concurrency=2)
    shell = terminal(qualys)
    qualys.fault("hang", "*/download/was/wasscan/*", skip=after, times=-1)
    process = shell.start("was-export", *WINDOW)
    eventually(lambda: len([f for f in qualys.faults() if f["played"] > 0]))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    begun = json.loads((shell.output / "state/was-export.json").read_bytes())["asked"]["started"]
    assert list(shell.temporary.glob("qualysctl-*/*")), "what the next run removes"
    qualys.clear_faults()
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == DONE, ended.stderr
    expected = finished(qualys, "2026-03-08T00:00:00Z")
    assert_exported(shell.files(), expected)
    manifest = shell.manifest(shell.answer(ended))
    assert_listed_once(manifest, set(expected))
    assert manifest["started"][:19] == begun[:19]


def test_two_runs_at_the_same_time_do_not_get_in_each_others_way(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=10)
    shell = terminal(qualys)
    qualys.fault("delay", "*/search/was/wasscan", seconds=3)
    first = shell.start("was-export", *WINDOW, TMPDIR=str(shell.folder))
    eventually(lambda: qualys.calls("was/wasscan") or any(f["played"] for f in qualys.faults()))
    second = shell.run("was-export", *WINDOW)
    assert second.returncode == PARTIAL
    assert "Another run" in shell.answer(second)["reason"]
    first.communicate(timeout=60)
    assert first.returncode == DONE


# --- What Qualys may send ---


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("qps_error", {"code": "INVALID_CREDENTIALS"}),
        ("qps_error", {"code": "INVALID_CREDENTIALS", "status": 401}),
        ("account_expired", {}),
    ],
)
def test_a_refused_sign_in_ends_the_run_at_once_and_says_so(
    qualys_server: Servers, terminal: Terminals, kind: str, rule: dict[str, Any]
) -> None:
    qualys = qualys_server(now=NOW)
    shell = terminal(qualys)
    qualys.fault(kind, "/qps/*", times=-1, **rule)
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == FAILED
    assert "sign-in" in ended.stderr and "pod" in ended.stderr
    assert len(qualys.calls()) == 1
    assert shell.files() == {}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("cut", {}),
        ("cut_clean", {}),
        ("malformed", {}),
        ("empty", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("html", {}),
        ("html", {"status": 200}),
        ("generic_return", {}),
        ("status", {"status": 500}),
        ("qps_error", {"code": "IN_MAINTENANCE"}),
        ("blocked_concurrency", {}),
        ("too_many", {"seconds": 1}),
        ("slow", {"seconds": 0.001}),
    ],
)
def test_what_passes_by_itself_leaves_no_trace(
    qualys_server: Servers, terminal: Terminals, kind: str, rule: dict[str, Any]
) -> None:
    qualys = qualys_server(now=NOW, scans=12, scan_days=2)
    shell = terminal(qualys)
    qualys.fault(kind, "*/download/was/wasscan/*", skip=1, **rule)
    qualys.fault(kind, "*/search/was/wasscan", **rule)
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == DONE, ended.stderr
    assert_exported(shell.files(), finished(qualys, "2026-03-08T00:00:00Z"))
    assert all(meter["too_early"] == 0 for meter in qualys.limits().values())


@pytest.mark.parametrize("kind", ["cut", "malformed", "deep"])
def test_an_answer_that_is_never_proper_is_a_failed_scan_and_no_object(
    qualys_server: Servers, terminal: Terminals, kind: str
) -> None:
    qualys = qualys_server(now=NOW, scans=6, scan_days=1)
    shell = terminal(qualys)
    id = qualys.truth("scans", status="FINISHED")[0]["id"]
    qualys.fault(kind, f"*/download/was/wasscan/{id}", times=-1)
    ended = shell.run("was-export", "--ids", str(id))
    assert ended.returncode == PARTIAL
    assert f"{id}.json" not in shell.files()
    assert len(qualys.calls()) == 3, "three attempts"


def test_numbers_beyond_doubles_and_control_characters_go_through_as_they_are(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=1)
    shell = terminal(qualys)
    body = (
        b'{"ServiceResponse":{"count":0,"responseCode":"SUCCESS","data":[{"WasScan":{"id":3001,"name":"a\\u0000b\\u001f'
        b'\xc3\xbc","big":123456789012345678901234567890.5e-7,"endScanDate":"2026-03-09T00:00:00Z"}}]}}'
    )
    qualys.fault("status", "*/download/*", status=200, content=body.decode(), content_type="application/json")
    assert shell.run("was-export", "--ids", "3001").returncode == DONE
    assert shell.files()["3001.json"] == body


def test_paging_that_does_not_come_forward_is_an_error(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=1100, scan_days=1)
    shell = terminal(qualys)
    qualys.fault("last_id_stuck", "*/search/was/wasscan", times=-1)
    ended = shell.run("was-export", *WINDOW)
    assert ended.returncode == FAILED
    assert "page" in ended.stderr


def test_large_scans_go_through_in_constant_memory(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=6, scan_days=1, scan_bytes=60_000_000, cache_mb=0)
    shell = terminal(qualys)
    ids = [row["id"] for row in qualys.truth("scans", sha256=0) if row["status"] == "FINISHED"]
    command = [str(shell.program), "was-export", "--output", str(shell.output), "--ids", ",".join(map(str, ids))]
    status, peak = peak_memory(command, shell.environment(), shell.folder)
    assert status == DONE
    assert sum(len(body) for body in shell.files().values()) > 100_000_000
    assert peak < 64 * 1024


def test_the_server_never_sees_more_calls_than_it_allows(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=60, scan_days=2, qps_concurrency=2, latency_ms=10)
    shell = terminal(qualys)
    assert shell.run("was-export", *WINDOW, MAX_WORKERS="8").returncode == DONE
    meter = qualys.limits()["was/wasscan"]
    assert (meter["most_running"], meter["blocked_by_concurrency"]) == (2, 0)


def test_a_server_that_tells_no_limit_is_left_with_as_many_calls_as_it_takes(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, scans=60, scan_days=2, qps_concurrency=2, silent_limits=1, latency_ms=10)
    shell = terminal(qualys)
    assert shell.run("was-export", *WINDOW, MAX_WORKERS="8").returncode == DONE
    assert qualys.limits()["was/wasscan"]["blocked_by_concurrency"] <= 7


# --- Into S3, from Lambda ---


def test_the_schedules_event_exports_into_the_bucket(
    lab: Lab, qualys_server: Servers
) -> None:
    qualys = qualys_server(scans=40, scan_days=1)
    settings = prepare(lab, qualys)
    event = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    with lab.sandbox(settings, S3_KEY_PREFIX="was/") as sandbox:
        outcome = sandbox.deliver(event)
        assert outcome.kind == "response", outcome.body
        answer = outcome.json
        assert answer["job"] == "was-export" and answer["status"] == "done"
        again = sandbox.deliver({"job": "was-export"}).json
        assert again["counts"]["exported"] == 0
        assert not any(qualys.password in line for line in sandbox.process.lines)
    objects = lab.objects()
    key = answer["manifest"].removeprefix(f"s3://{lab.bucket}/")
    manifest = json.loads(objects[key])
    assert answer["counts"]["exported"] == len(manifest["objects"]) > 0
    for entry in manifest["objects"]:
        assert hashlib.sha256(objects[entry["key"]]).hexdigest() == entry["sha256"]
    head = lab.cloud.boto("s3").head_object(Bucket=lab.bucket, Key=manifest["objects"][0]["key"])
    assert head["ContentType"] == "application/json"
    assert {"scan-name", "web-application", "end-scan-date"} <= set(head["Metadata"])
    rows = [row for row in lab.cloud.rows(lab.table) if row["function_arn"]["S"].startswith("job#")]
    assert [row["function_arn"]["S"] for row in rows] == [f"job#was-export#{lab.bucket}/was/"]
    assert "claim_owner" not in rows[0]


def test_only_objects_are_put_and_only_the_row_is_touched(lab: Lab, qualys_server: Servers) -> None:
    settings = prepare(lab, qualys_server(scans=20, scan_days=1))
    lab.cloud.clear_calls()
    with lab.sandbox(settings) as sandbox:
        assert sandbox.deliver({"job": "was-export"}).kind == "response"
    assert set(lab.actions()) == {
        "secretsmanager:GetSecretValue", "dynamodb:UpdateItem", "dynamodb:GetItem", "s3:PutObject",
    }  # fmt: skip


def test_a_run_of_which_a_part_failed_ends_in_the_error_call_and_lambdas_retry_fetches_the_rest(
    lab: Lab, qualys_server: Servers
) -> None:
    qualys = qualys_server(scans=0)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings) as sandbox:
        assert sandbox.deliver({"job": "was-export"}).kind == "response"
        good, bad = (new_scan(qualys) for _ in range(2))
        qualys.fault("qps_error", f"*/download/was/wasscan/{bad}", code="OBJECT_NOT_FOUND")
        outcome = sandbox.deliver({"job": "was-export"}, request_id="request-1")
        assert (outcome.kind, outcome.error_type) == ("error", "Job.Partial")
        assert str(bad) in outcome.json["errorMessage"]
        outcome = sandbox.deliver({"job": "was-export"}, request_id="request-1")
        assert outcome.json["counts"]["exported"] == 1
    assert {f"{good}.json", f"{bad}.json"} <= set(lab.objects())


def test_a_job_stops_before_its_deadline_and_the_next_event_goes_on(
    lab: Lab, qualys_server: Servers
) -> None:
    qualys = qualys_server(scans=30, scan_days=0.9, latency_ms=1000)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings, MAX_WORKERS="1") as sandbox:
        first = sandbox.deliver({"job": "was-export", "since": "2020-01-01"}, timeout_s=12).json
        assert first["status"] == "continues" and first["counts"]["exported"] > 0
        qualys.set(latency_ms=0)
        second = sandbox.deliver({"job": "was-export", "since": "2020-01-01"}).json
    assert second["status"] == "done" and second["run"] == first["run"]
    manifest = json.loads(lab.objects()[second["manifest"].removeprefix(f"s3://{lab.bucket}/")])
    assert_listed_once(manifest, {key for key in lab.objects() if key.endswith(".json") and "/" not in key})


def test_a_killed_environment_loses_nothing(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(scans=40, scan_days=0.9)
    settings = prepare(lab, qualys)
    event = {"job": "was-export", "since": "2020-01-01", "until": "2030-01-01"}
    with lab.sandbox(settings) as sandbox:
        qualys.fault("hang", "*/download/was/wasscan/*", skip=5, times=-1)
        sandbox.send(event, request_id="request-1")
        eventually(lambda: any(fault["played"] for fault in qualys.faults()))
        sandbox.die()
    qualys.clear_faults()
    with lab.sandbox(settings) as sandbox:
        answer = sandbox.deliver(event, request_id="request-1").json
    manifest = json.loads(lab.objects()[answer["manifest"].removeprefix(f"s3://{lab.bucket}/")])
    expected = {f"{row['id']}.json" for row in qualys.truth("scans", status="FINISHED")}
    assert_listed_once(manifest, expected)


@pytest.mark.parametrize("action", ["s3:PutObject", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"])
def test_an_aws_service_that_refuses_fails_the_job_and_the_next_one_succeeds(
    lab: Lab, qualys_server: Servers, action: str
) -> None:
    qualys = qualys_server(scans=10, scan_days=0.9)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings) as sandbox:
        lab.cloud.fault("status", action, times=-1, status=403, code="AccessDenied")
        outcome = sandbox.deliver({"job": "was-export", "since": "2020-01-01"})
        assert (outcome.kind, outcome.error_type) == ("error", "Job.Failed")
        lab.cloud.clear_faults()
        assert sandbox.deliver({"job": "was-export", "since": "2020-01-01"}).json["status"] == "done"


def test_jobs_and_parameters_that_are_unknown_are_refused(lab: Lab, qualys_server: Servers) -> None:
    settings = prepare(lab, qualys_server(scans=1))
    with lab.sandbox(settings) as sandbox:
        for event, kind in [
            ({"job": "was-exprt"}, "Event.Unsupported"),
            ({"job": "was-export", "sincee": "2026-01-01"}, "Event.Malformed"),
            ({"job": "was-export", "since": "yesterday"}, "Event.Malformed"),
            ({"job": "was-export", "ids": [{"x": 1}]}, "Event.Malformed"),
        ]:
            outcome = sandbox.deliver(event)
            assert (outcome.kind, outcome.error_type) == ("error", kind), event
        assert sandbox.deliver({"detail": {"job": "was-export", "ids": []}}).kind == "response"


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"), ("--since", "2026-03-02", "--until", "2026-03-01"), ("--ids", "x"),
        ("--ids", "1", "--since", "2026-01-01"), ("--output", ""), ("--timeout", "1"), ("--what",),
    ],
)  # fmt: skip
def test_bad_usage_is_told_before_anything_is_called(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    qualys = qualys_server(scans=1)
    shell = terminal(qualys)
    assert shell.run("was-export", *words).returncode == BAD_USAGE
    assert qualys.calls() == []


@pytest.mark.parametrize(
    ("unset", "named"),
    [
        (("QUALYS_PASSWORD",), ("QUALYS_PASSWORD", "QUALYS_SECRET_ARN")),
        (("QUALYS_USERNAME",), ("QUALYS_USERNAME", "QUALYS_SECRET_ARN")),
        (("QUALYS_USERNAME", "QUALYS_PASSWORD"), ("QUALYS_USERNAME and QUALYS_PASSWORD", "QUALYS_SECRET_ARN")),
    ],
)  # fmt: skip
def test_an_account_that_is_not_all_there_is_told_by_what_is_missing(
    qualys_server: Servers, terminal: Terminals, unset: tuple[str, ...], named: tuple[str, ...]
) -> None:
    qualys = qualys_server(scans=1)
    ended = terminal(qualys).run("was-export", **dict.fromkeys(unset))
    assert ended.returncode == BAD_USAGE
    assert all(name in ended.stderr for name in named)
    assert "AWS_REGION" not in ended.stderr
    assert qualys.calls() == []
