"""The web application jobs from a person's shell into a bucket."""

from __future__ import annotations

import gzip
import json
import signal
from collections.abc import Callable

import pytest
from qualys.client import QualysServer

from jobs import DONE, PARTIAL, Terminal, account
from lab import Lab, eventually

Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]


def bucket(lab: Lab, qualys: QualysServer) -> tuple[tuple[str, str], dict[str, str | None]]:
    """Where to write, and what the environment has for it."""
    settings = lab.environment(account(qualys), TMPDIR=None, QUALYS_SECRET_ARN=None, SCAN_CACHE_TABLE=None)
    return ("--output", f"s3://{lab.bucket}/mine/"), dict(settings)


def test_scans_go_into_a_bucket_and_the_next_run_goes_on_from_the_state_there(
    lab: Lab, qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(scans=20, scan_days=0.9)
    shell = terminal(qualys)
    output, settings = bucket(lab, qualys)
    ended = shell.run("was-export", *output, **settings)
    assert ended.returncode == DONE, ended.stderr
    answer = shell.answer(ended)
    assert answer["manifest"] == f"s3://{lab.bucket}/mine/manifests/was-export-{answer['run']}.json"
    objects = lab.objects()
    listed = json.loads(objects[f"mine/manifests/was-export-{answer['run']}.json"])["objects"]
    assert {entry["key"] for entry in listed} == {key for key in objects if key.count("/") == 1}
    assert "mine/state/was-export.json" in objects
    again = shell.answer(shell.run("was-export", *output, **settings))
    assert again["counts"]["exported"] == 0


def test_a_snapshot_goes_into_a_bucket_and_is_updated_there(
    lab: Lab, qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=8, findings=4)
    shell = terminal(qualys)
    output, settings = bucket(lab, qualys)
    ended = shell.run("was-snapshot", *output, **settings)
    assert ended.returncode == DONE, ended.stderr
    qualys.change("touch_webapp", id=2003, name="renamed")
    answer = shell.answer(shell.run("was-snapshot", "--since", "last", *output, **settings))
    objects = lab.objects()
    latest = json.loads(objects["mine/was/snapshots/latest.json"])
    assert latest["run"] == answer["run"]
    assert b"renamed" in gzip.decompress(objects["mine/" + latest["database"]["key"]])


@pytest.mark.parametrize("job", ["was-export", "was-snapshot"])
def test_ctrl_c_saves_into_the_bucket_and_the_next_run_goes_on(
    lab: Lab, qualys_server: Servers, terminal: Terminals, job: str
) -> None:
    qualys = qualys_server(scans=40, scan_days=0.9, webapps=40, findings=2, latency_ms=100)
    shell = terminal(qualys)
    output, settings = bucket(lab, qualys)
    process = shell.start(job, *output, **settings, MAX_WORKERS="1")
    eventually(lambda: len(qualys.calls()) > 12)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == PARTIAL, err
    first = json.loads(out)
    assert first["status"] == "continues"
    qualys.set(latency_ms=0)
    qualys.clear_calls()
    ended = shell.run(job, *output, **settings)
    assert ended.returncode == DONE, ended.stderr
    second = shell.answer(ended)
    assert second["run"] == first["run"]
    counted, path = {
        "was-export": ("exported", "/download/was/wasscan/"), "was-snapshot": ("web_applications", "/get/was/webapp/"),
    }[job]  # fmt: skip
    asked = [call for call in qualys.calls() if path in call["path"]]
    assert len(asked) == second["counts"][counted] - first["counts"][counted]
    assert first["counts"][counted] > 0
