"""Host detections of a whole subscription: every host once, as fast as it allows, whatever happens on the way."""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import termios
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from qualys.client import QualysServer

from jobs import BAD_USAGE, DONE, FAILED, PARTIAL, Terminal, peak_memory, prepare
from lab import Lab, eventually

NOW = "2026-03-10T12:00:00Z"
ALL = ("--processed-after", "2000-01-01")
HLD = "*/vm/detection/*"
Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]


def run_of(shell: Terminal, answer: dict[str, Any]) -> Path:
    return shell.output / "vm" / "detections" / str(answer["run"])


def rows_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """The NDJSON rows of all batches."""
    return [
        json.loads(line)
        for key, body in files.items()
        if key.endswith(".ndjson.gz") and "/rows/" in key
        for line in gzip.decompress(body).splitlines()
    ]


def assert_complete(files: dict[str, bytes], qualys: QualysServer, **filters: str) -> None:
    """Every detection that Qualys shows is there, once."""
    expected = Counter((row["host"], row["unique"]) for row in qualys.truth("detections", **filters))
    found = Counter((row["host_id"], row["unique_vuln_id"]) for row in rows_of(files))
    assert found == expected


def assert_manifest(files: dict[str, bytes], manifest: dict[str, Any]) -> None:
    for entry in manifest["objects"]:
        (body,) = (body for key, body in files.items() if entry["key"].endswith(key))
        assert hashlib.sha256(body).hexdigest() == entry["sha256"], entry["key"]
        assert len(body) == entry["bytes"]
    assert manifest["bytes"] == sum(entry["bytes"] for entry in manifest["objects"])


# --- All of it ---


def test_every_detection_is_in_the_rows_once_in_every_form(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=700)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-c", "90", "--rows", "ndjson,csv,sqlite", "--knowledge-base")
    assert ended.returncode == DONE, ended.stderr
    answer = shell.answer(ended)
    files = shell.files()
    assert_complete(files, qualys)
    assert_manifest(files, shell.manifest(answer))
    rows = rows_of(files)
    assert answer["counts"]["detections"] == len(rows) > 1000
    assert answer["counts"]["hosts"] == len(qualys.truth("hosts"))

    table = [
        row
        for key, body in files.items()
        if key.endswith(".csv.gz")
        for row in csv.DictReader(io.StringIO(gzip.decompress(body).decode(), newline=""))
    ]
    as_text = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert table == as_text

    packed = next(body for key, body in files.items() if key.endswith("detections.db.gz"))
    path = shell.folder / "detections.db"
    path.write_bytes(gzip.decompress(packed))
    database = sqlite3.connect(path)
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert database.execute("select count(*) from detections").fetchone() == (len(rows),)
    joined = "select host_id, ip, dns, os, qid, status, results, qds from detections join hosts using (host_id)"
    names = ("host_id", "ip", "dns", "os", "qid", "status", "results", "qds")
    assert Counter(database.execute(joined)) == Counter(tuple(row[name] for name in names) for row in rows)

    known = {row["qid"]: row for row in qualys.truth("kb")}
    qids = {row["qid"] for row in rows}
    found = dict(database.execute("select qid, title from knowledge_base"))
    assert found == {qid: known[qid]["title"] for qid in qids if qid in known}
    lines = gzip.decompress(next(body for key, body in files.items() if key.endswith("knowledge_base.ndjson.gz")))
    for entry in map(json.loads, lines.splitlines()):
        assert entry["cves"] == known[entry["qid"]]["cves"]
        base = known[entry["qid"]]["cvss3"]
        assert entry["cvss3_base"] == (float(base) if base else None)


@pytest.mark.parametrize(("hosts", "detections"), [(60, 3), (5, 0)])
def test_the_knowledge_base_is_asked_whatever_forms_of_rows_there_are(
    qualys_server: Servers, terminal: Terminals, hosts: int, detections: int
) -> None:
    qualys = qualys_server(now=NOW, hosts=hosts, detections=detections)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "--rows", "sqlite", "--knowledge-base")
    assert ended.returncode == DONE, ended.stderr
    run = run_of(shell, shell.answer(ended))
    lines = gzip.decompress((run / "knowledge_base.ndjson.gz").read_bytes()).splitlines()
    known = {row["qid"] for row in qualys.truth("kb")}
    assert (run / "knowledge_base.ndjson.gz").stat().st_size > 0
    assert {json.loads(line)["qid"] for line in lines} == known & {row["qid"] for row in qualys.truth("detections")}
    assert bool(lines) == bool(detections)


def test_raw_answers_are_kept_as_they_came(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=100)
    shell = terminal(qualys)
    assert shell.run("host-detections", *ALL, "-c", "40").returncode == DONE
    pages = {key: gzip.decompress(body) for key, body in shell.files().items() if "/xml/" in key}
    assert len(pages) == 3
    ids = sorted(int(id) for body in pages.values() for id in re.findall(rb"<HOST>\s*<ID>(\d+)</ID>", body))
    assert ids == sorted({row["host"] for row in qualys.truth("detections")} | set(ids))
    for key, body in pages.items():
        assert re.search(r"vm_detections_Range-\d+-\d+_Process-\d+_detectionThread-\d+_Batch-1\.xml\.gz$", key)
        assert body.startswith(b"<?xml") and b"</HOST_LIST_VM_DETECTION_OUTPUT>" in body


@pytest.mark.parametrize("allowed", [2, 5, 10])
def test_a_hundred_thousand_hosts_each_once_and_never_more_calls_than_allowed(
    qualys_server: Servers, terminal: Terminals, allowed: int
) -> None:
    qualys = qualys_server(
        now=NOW, hosts=100_000, detections=1, results_bytes=10, concurrency=allowed, rate=0, latency_ms=5
    )
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "--rows", "ndjson", MAX_WORKERS="12")
    assert ended.returncode == DONE, ended.stderr
    counts = shell.answer(ended)["counts"]
    truth = qualys.truth("detection-counts")[0]
    assert (counts["answered"], counts["detections"]) == (truth["hosts"], truth["detections"])
    seen = Counter(
        int(re.match(rb'\{"host_id":(\d+)', line)[1])  # type: ignore[index]
        for key, body in shell.files().items()
        if key.endswith(".ndjson.gz")
        for line in gzip.decompress(body).splitlines()
    )
    assert sum(seen.values()) == truth["detections"]
    meter = qualys.limits()["vm/detection"]
    assert meter["most_running"] <= allowed
    assert (meter["blocked_by_concurrency"], meter["too_early"]) == (0, 0)
    asked = [call for call in qualys.calls("vm/detection")]
    assert len(asked) == -(-len(qualys.truth("hosts")) // 1000)


def test_fewer_detection_calls_than_the_subscription_allows_of_others(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=200, detections=1, concurrency=10, rate=0, latency_ms=100)
    qualys.set(limits={"vm/detection": {"rate": 0, "window": 3600, "concurrency": 2}})
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-c", "20", MAX_WORKERS="10")
    assert ended.returncode == DONE, ended.stderr
    meter = qualys.limits()["vm/detection"]
    assert (meter["most_running"], meter["blocked_by_concurrency"]) == (2, 0)


def test_the_other_calls_begin_with_the_head_of_the_first_answer(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=120, detections=4, concurrency=3, rate=0, latency_ms=100)
    qualys.fault("slow", HLD, seconds=0.05)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-c", "30", "--rows", "ndjson", MAX_WORKERS="10")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)
    first, *others = qualys.calls("vm/detection")
    assert len([call for call in others if call["started"] < first["ended"]]) >= 2
    meter = qualys.limits()["vm/detection"]
    assert (meter["most_running"], meter["blocked_by_concurrency"]) == (3, 0)


def test_the_first_batch_is_asked_for_while_the_list_still_comes(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=600, detections=2)
    # Its first attempt is cut, when the first batch is known: that is asked for once all the same.
    qualys.fault("cut", "*/fo/asset/host/", after_bytes=3000)
    qualys.fault("slow", "*/fo/asset/host/", seconds=0.1)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-c", "20", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)
    batches = qualys.calls("vm/detection")
    assert batches[0]["started"] < qualys.calls("asset/host")[-1]["ended"]
    assert len(batches) == -(-len(qualys.truth("hosts")) // 20)
    assert {meter["blocked_by_concurrency"] for meter in qualys.limits().values()} == {0}


# --- What Qualys may send ---


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("blocked_concurrency", {}),
        ("blocked_rate", {"seconds": 1}),
        ("blocked_rate_no_header", {"seconds": 1}),
        ("blocked_empty", {}),
        ("cut", {}),
        ("cut_clean", {}),
        ("malformed", {}),
        ("empty", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("html", {}),
        ("html", {"status": 200}),
        ("generic_return", {}),
        ("generic_return_malformed", {}),
        ("status", {"status": 500}),
        ("slow", {"seconds": 0.0005}),
        ("control_chars", {}),
    ],
)
def test_what_passes_by_itself_leaves_no_trace(
    qualys_server: Servers, terminal: Terminals, kind: str, rule: dict[str, Any]
) -> None:
    qualys = qualys_server(now=NOW, hosts=120, detections=4)
    shell = terminal(qualys)
    qualys.fault(kind, HLD, skip=1, **rule)
    qualys.fault(kind, "*/fo/asset/host/", **rule)
    ended = shell.run("host-detections", *ALL, "-c", "30", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)
    assert all(meter["too_early"] == 0 for meter in qualys.limits().values())


def test_results_of_more_than_a_megabyte_cost_no_batch(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=20, detections=3, results_bytes=1_500_000)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-c", "10", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert "longer than a megabyte" in ended.stderr
    rows = rows_of(shell.files())
    assert len(rows) == len(qualys.truth("detections"))
    sizes = [len((row["results"] or "").encode()) for row in rows]
    assert (1 << 20) - 4 < max(sizes) <= 1 << 20
    raw = b"".join(gzip.decompress(body) for key, body in shell.files().items() if "/xml/" in key)
    assert len(raw) > 1_400_000 * sum(size > 1_000_000 for size in sizes)


@pytest.mark.parametrize(
    "kind",
    ["cut", "generic_return", "entity_bomb", "external_entity", "default_attributes", "deep", "giant_names"],
)
def test_a_batch_that_fails_for_ever_is_named_and_the_rest_is_complete(
    qualys_server: Servers, terminal: Terminals, kind: str
) -> None:
    qualys = qualys_server(now=NOW, hosts=120, detections=3)
    shell = terminal(qualys)
    hosts = [row["host"] for row in qualys.truth("hosts")]
    first, last = hosts[30], hosts[59]
    qualys.fault(kind, HLD, body=f"ids={first}", times=-1)
    ended = shell.run("host-detections", *ALL, "-c", "30", "--rows", "ndjson", wait=240)
    assert ended.returncode == PARTIAL, ended.stderr
    assert f"{first}-{last}" in ended.stderr
    answer = shell.answer(ended)
    manifest = shell.manifest(answer)
    assert answer["status"] == manifest["status"] == "partial"
    (missing,) = manifest["failed"]
    assert f"{first}-{last}" in missing["id"] and missing["reason"]
    rest = ",".join(str(host) for host in hosts if not first <= host <= last)
    assert_complete(shell.files(), qualys, ids=rest)

    # Asked for again, just those.
    qualys.clear_faults()
    qualys.clear_calls()
    again = shell.run("host-detections", "--retry-run", answer["run"])
    assert again.returncode == DONE, again.stderr
    assert len(qualys.calls("vm/detection")) == 1
    assert_complete(shell.files(), qualys)
    healed = shell.manifest(shell.answer(again))
    assert (healed["status"], healed["run"]) == ("done", answer["run"])
    assert_manifest(shell.files(), healed)


def test_an_expired_account_ends_the_run_at_once(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=50)
    shell = terminal(qualys)
    qualys.fault("account_expired", "*", times=-1)
    ended = shell.run("host-detections", *ALL)
    assert ended.returncode == FAILED
    assert "expired" in ended.stderr
    assert len(qualys.calls()) == 1


@pytest.mark.parametrize("words", [("status", {"status": 403}), ("entity_bomb", {})])
def test_a_run_in_which_nothing_came_failed(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, dict[str, Any]]
) -> None:
    qualys = qualys_server(now=NOW, hosts=90, detections=1)
    shell = terminal(qualys)
    kind, rule = words
    qualys.fault(kind, HLD, times=-1, **rule)
    ended = shell.run("host-detections", *ALL, "-c", "10", MAX_WORKERS="1")
    assert ended.returncode == FAILED, ended.stderr
    assert len(qualys.calls("vm/detection")) == 9
    qualys.clear_faults()
    assert shell.run("host-detections", *ALL, "-c", "10").returncode == DONE


def test_pages_of_a_batch_are_followed_and_no_host_is_there_twice(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=200, detections=3)
    shell = terminal(qualys)
    qualys.fault("short_pages", HLD, number=30, times=-1)
    ended = shell.run("host-detections", *ALL, "-c", "100", "--rows", "ndjson", "--filter", "id_max=50001150")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys, id_max="50001150")
    calls = qualys.calls("vm/detection")
    assert len(calls) > 4 and {call["method"] for call in calls} == {"POST"}


def test_pages_of_host_assets_are_followed(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=12_000, detections=0)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-a", "1", "-c", "12000")
    assert ended.returncode == DONE, ended.stderr
    pages = {key: body for key, body in shell.files().items() if key.startswith("assets/assets_")}
    assert len(pages) == 3
    ids = [int(id) for body in pages.values() for id in re.findall(rb"<HOST>\s*<ID>(\d+)</ID>", body)]
    assert sorted(ids) == [row["host"] for row in qualys.truth("hosts")]


@pytest.mark.parametrize("kind", ["warning_host", "warning_stuck"])
def test_a_next_page_elsewhere_or_nowhere_is_not_asked_for(
    qualys_server: Servers, terminal: Terminals, kind: str
) -> None:
    qualys = qualys_server(now=NOW, hosts=12_000, detections=0)
    shell = terminal(qualys)
    qualys.fault(kind, "*/fo/asset/host/", times=-1)
    ended = shell.run("host-detections", *ALL, "-a", "1", "-d", "1", "-c", "12000", wait=120)
    assert ended.returncode == PARTIAL
    assert "page" in ended.stderr


# --- Going on ---


def test_little_time_is_enough_for_few_hosts(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=5, detections=1)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "--rows", "ndjson", "--timeout", "10")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)


def test_a_killed_run_goes_on_where_it_was(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=300, detections=3)
    shell = terminal(qualys)
    qualys.fault("hang", HLD, skip=4, times=-1)
    process = shell.start("host-detections", *ALL, "-c", "20", "--rows", "ndjson", TMPDIR=str(shell.folder))
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == PARTIAL
    assert "interrupted" in json.loads(out)["reason"]
    done = len(qualys.calls("vm/detection"))
    qualys.clear_faults()
    qualys.clear_calls()
    ended = shell.run("host-detections", *ALL, "-c", "20", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert len(qualys.calls("vm/detection")) < 15, done
    assert_complete(shell.files(), qualys)
    assert len({key.split("/")[2] for key in shell.files() if key.startswith("vm/")}) == 1


def test_a_run_killed_without_warning_loses_nothing(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=300, detections=3)
    shell = terminal(qualys)
    qualys.fault("hang", HLD, skip=4, times=-1)
    process = shell.start("host-detections", *ALL, "-c", "20", "--rows", "ndjson")
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    process.kill()
    process.communicate(timeout=30)
    assert list(shell.temporary.glob("qualysctl-*/*")), "what the next run removes"
    qualys.clear_faults()
    ended = shell.run("host-detections", *ALL, "-c", "20", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)
    assert len({key.split("/")[2] for key in shell.files() if key.startswith("vm/")}) == 1


def test_the_next_run_asks_for_what_was_processed_since_the_last_complete_one(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(hosts=80, detections=3)
    shell = terminal(qualys)
    assert shell.run("host-detections", "--rows", "ndjson").returncode == DONE
    assert_complete(shell.files(), qualys)
    changed = [row["host"] for row in qualys.truth("hosts")][5:8]
    for host in changed:
        qualys.change("touch_host", host=host)
    time.sleep(1.1)
    ended = shell.run("host-detections", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    answer = shell.answer(ended)
    mine = {key: body for key, body in shell.files().items() if answer["run"] in key}
    after = shell.manifest(answer)["parameters"]["processed_after"]
    assert_complete(mine, qualys, vm_processed_after=after)
    assert {row["host_id"] for row in rows_of(mine)} >= {
        row["host"] for row in qualys.truth("detections", ids=",".join(map(str, changed)))
    }
    assert answer["counts"]["hosts"] < 40


# --- The script's flags ---


def test_the_scripts_flags_mean_what_they_meant(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=90, detections=3)
    shell = terminal(qualys)
    words = ["-s", qualys.api_url, "-u", qualys.username, "-p", qualys.password]
    words += ["-a", "1", "-d", "2", "-z", "1", "-v", "2001-01-01", "-c", "50", "-D", "-P", "False"]
    ended = shell.run("host-detections", *words, QUALYS_USERNAME=None, QUALYS_PASSWORD=None, QUALYS_API_URL=None)
    assert ended.returncode == DONE, ended.stderr
    assert "warning" in ended.stderr
    assert shell.answer(ended)["counts"]["answered"] <= len(qualys.truth("hosts"))
    names = {key.split("/")[0] for key in shell.files()}
    assert {"vm_detections", "assets", "portal"} <= names
    for key in shell.files():
        if key.startswith(("vm_detections", "assets/assets_", "portal")):
            assert key.endswith("_Batch-1.xml"), key
    ids = re.findall(rb"<HOST>\s*<ID>(\d+)</ID>", b"".join(
        body for key, body in shell.files().items() if key.startswith("assets")
    ))
    listed = next(body for key, body in shell.files().items() if key.startswith("assets/asset_ids_"))
    assert b"<ID_SET>" in listed
    assert sorted(map(int, ids)) == [row["host"] for row in qualys.truth("hosts")]
    log = next((shell.folder / "log").glob("qPyMultiThread_*.log")).read_text()
    assert "request=1" in log and "seconds=" in log and "bytes=" in log and "status=200" in log
    assert qualys.password not in log
    first = [row["host"] for row in qualys.truth("hosts")][0]
    assert f"{first}," not in log, "lists of ids fill pages"
    assert "detection.ignored" in log, "what the portal was asked for"


def test_hosts_of_the_portal_are_each_there_once(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=1400, detections=2)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-z", "2", "-c", "1200")
    assert ended.returncode == DONE, ended.stderr
    pages = b"".join(body for key, body in shell.files().items() if key.startswith("portal/"))
    found = [int(id) for id in re.findall(rb"<HostDetection>\s*<id>(\d+)</id>", pages)]
    assert sorted(found) == sorted(row["asset"] for row in qualys.truth("hosts"))
    assert len(found) > 1200


def test_of_the_portal_come_the_hosts_that_were_scanned_since(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=120, detections=2)
    shell = terminal(qualys)
    scanned = {row["asset"]: row["scanned"] for row in qualys.truth("hosts")}
    middle = sorted(scanned.values())[len(scanned) // 2]
    ended = shell.run("host-detections", "-z", "1", "-v", middle)
    assert ended.returncode == DONE, ended.stderr
    pages = b"".join(body for key, body in shell.files().items() if key.startswith("portal/"))
    found = [int(id) for id in re.findall(rb"<HostDetection>\s*<id>(\d+)</id>", pages)]
    assert sorted(found) == sorted(asset for asset, moment in scanned.items() if moment > middle)


def test_what_the_knowledge_base_refuses_is_no_reason_to_begin_anew(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(hosts=60, detections=2)
    shell = terminal(qualys)
    qualys.fault("status", "*/knowledge_base/*", status=403, times=-1)
    ended = shell.run("host-detections", "--rows", "ndjson", "--knowledge-base")
    assert ended.returncode == PARTIAL, ended.stderr
    assert "knowledge_base.ndjson.gz" in ended.stderr
    ended = shell.run("host-detections", "--rows", "ndjson", "--knowledge-base")
    assert shell.answer(ended)["counts"]["hosts"] < 30


def test_hosts_can_be_asked_for_by_address(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=150, detections=3)
    shell = terminal(qualys)
    ended = shell.run("host-detections", *ALL, "-i", "-c", "40", "--rows", "ndjson")
    assert ended.returncode == DONE, ended.stderr
    assert_complete(shell.files(), qualys)
    log = ended.stderr
    assert "ips=(" in log, "asked for by address"


def test_a_typed_password_is_not_in_the_list_of_processes(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=20)
    shell = terminal(qualys)
    qualys.fault("hang", HLD, times=-1)
    words = ("-s", qualys.api_url, "-u", qualys.username, "-p", qualys.password, "-d", "1")
    process = shell.start("host-detections", *words, QUALYS_PASSWORD=None, TMPDIR=str(shell.folder))
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    process.terminate()
    out, err = process.communicate(timeout=30)
    secret = qualys.password.encode()
    assert secret not in shown and secret not in environment and secret not in out + err
    for path in shell.folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path


def test_words_may_be_joined_as_the_script_had_them(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=30, detections=1)
    shell = terminal(qualys)
    qualys.fault("hang", HLD, times=-1)
    words = ("-s" + qualys.api_url, "-u" + qualys.username, "-d2", "-a1", "-c5000", "-P", "-iDp", qualys.password)
    # The stand-in has no TLS, so that the proxy is not asked.
    changes = {"QUALYS_PASSWORD": None, "TMPDIR": str(shell.folder), "https_proxy": "http://proxy.invalid"}
    process = shell.start("host-detections", *words, **changes)
    # By address, and the assets too.
    details = {"Basic", "All/AGs"}
    eventually(lambda: {call["parameters"].get("details") for call in qualys.calls("asset/host")} == details)
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert qualys.password.encode() not in shown + out + err
    assert b"-c5000" in shown and b"-iDp" in shown


@pytest.mark.parametrize("words", [("-ptopsecret", "-d", "many"), ("-qptopsecret",), ("-Dptopsecret", "-d0")])
def test_a_wrong_word_shows_no_password(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    ended = terminal(qualys_server(now=NOW, hosts=5)).run("host-detections", *words)
    assert ended.returncode == BAD_USAGE
    assert "topsecret" not in ended.stdout + ended.stderr


class Proxy:
    """Passes calls on, and counts them."""

    def __init__(self) -> None:
        self.calls = calls = Counter[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls[self.path.partition("?")[0].rpartition("://")[2].partition("/")[2]] += 1
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                names = ("Authorization", "Content-Type", "X-Requested-With")
                headers = {name: self.headers[name] for name in names if name in self.headers}
                asked = urllib.request.Request(self.path, body or None, headers, method=self.command)
                direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with direct.open(asked, timeout=20) as answer:
                    content = answer.read()
                    self.send_response(answer.status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.mark.parametrize(
    ("words", "isUsed"),
    [(("-P", "True"), True), (("-P", "please"), True), (("-P",), True), ((), True), (("-P", "False"), False)],
)
def test_the_proxy_is_used_when_it_is_wanted(
    qualys_server: Servers, terminal: Terminals, proxy: Proxy, words: tuple[str, ...], isUsed: bool
) -> None:
    qualys = qualys_server(now=NOW, hosts=5, detections=1)
    ended = terminal(qualys).run("host-detections", *words, "-x", proxy.url, "-d", "1")
    assert ended.returncode == DONE, ended.stderr
    assert proxy.calls.total() == (len(qualys.calls()) if isUsed else 0)


@pytest.mark.parametrize("joined", [False, True])
def test_the_password_of_a_proxy_is_not_in_the_list_of_processes(
    qualys_server: Servers, terminal: Terminals, proxy: Proxy, joined: bool
) -> None:
    qualys = qualys_server(now=NOW, hosts=20)
    shell = terminal(qualys)
    qualys.fault("hang", HLD, times=-1)
    address = proxy.url.replace("://", "://bob:topsecret@")
    process = shell.start("host-detections", *(["-x" + address] if joined else ["-x", address]), "-d", "1")
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert b"topsecret" not in shown + out + err
    assert proxy.calls, "it is used all the same"


class Prompt:
    """qualysctl at a terminal of its own."""

    def __init__(self, shell: Terminal, *words: str, columns: int = 80, **changes: str | None) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self.process = subprocess.Popen(
            [str(shell.program), "host-detections", "--output", str(shell.output), *words],
            env=shell.environment(changes), cwd=shell.folder,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )  # fmt: skip
        os.set_blocking(self.master, False)
        self.slave = slave
        self.shown = b""

    def answer(self, question: str, text: str) -> None:
        eventually(lambda: self.shows(question))
        os.write(self.master, text.encode())

    def end(self) -> int:
        eventually(lambda: self.shows("") and self.process.poll() is not None)
        return self.process.wait(1)

    def shows(self, text: str) -> bool:
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.master, 65536)
        return text.encode() in self.shown

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)


@pytest.mark.parametrize("columns", [80, 45])
def test_a_bar_is_not_wrapped_by_the_terminal(
    qualys_server: Servers, terminal: Terminals, columns: int
) -> None:
    qualys = qualys_server(now=NOW, hosts=2000, detections=3, latency_ms=120, concurrency=1)
    prompt = Prompt(terminal(qualys), *ALL, "-c", "200", columns=columns)
    assert prompt.end() == DONE, prompt.shown
    # What is drawn over: the cursor goes back to where the line began.
    lines = re.findall(r"\r\x1b\[K([^\r\n]+)\r(?!\n)", prompt.shown.decode())
    assert any("hosts" in line for line in lines), prompt.shown
    assert max(map(len, lines)) < columns


def test_who_signs_in_is_asked_for_at_a_terminal(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=20, detections=1)
    shell = terminal(qualys)
    prompt = Prompt(shell, "-d", "1", QUALYS_USERNAME=None, QUALYS_PASSWORD=None)
    prompt.answer("user name: ", qualys.username + "\n")
    prompt.answer(f"Password of {qualys.username}: ", qualys.password + "\n")
    assert prompt.end() == DONE, prompt.shown
    assert qualys.password.encode() not in prompt.shown
    assert prompt.echoes


def test_who_leaves_at_the_password_still_sees_what_is_typed(qualys_server: Servers, terminal: Terminals) -> None:
    prompt = Prompt(terminal(qualys_server(now=NOW, hosts=5)), "-d", "1", "-u", "me", QUALYS_PASSWORD=None)
    prompt.answer("Password of me: ", "half\x03")
    assert prompt.end() == -signal.SIGINT
    assert prompt.echoes


def test_a_long_log_is_put_aside(qualys_server: Servers, terminal: Terminals) -> None:
    shell = terminal(qualys_server(now=NOW, hosts=5, detections=1))
    for name, size in (("run.log", 24_999_900), ("run.log.1", 7), ("run.log.5", 5)):
        with (shell.folder / name).open("wb") as file:
            file.truncate(size)
    assert shell.run("host-detections", *ALL, "--log-file", "run.log").returncode == DONE
    sizes = {path.name: path.stat().st_size for path in shell.folder.glob("run.log*")}
    assert sizes.keys() == {"run.log", "run.log.1", "run.log.2", "run.log.5"}
    assert 24_999_900 <= sizes["run.log.1"] <= 25_000_000 and sizes["run.log.2"] == 7
    assert "request=" in (shell.folder / "run.log").read_text()


@pytest.mark.parametrize(
    "words",
    [("--rows", "xml"), ("--status", "Old"), ("-d", "0"), ("-c", "0"), ("--retry-run", "x"), ("-v", "yesterday"),
     ("--filter", "action=delete"), ("-P", "True"), ("-P",), ("-P", "True", "-x", ""),
     ("-z", "1", "--tags", "a"), ("-d", "1", "-z", "1", "--ids", "5")],
)  # fmt: skip
def test_wrong_use_is_told_before_anything_is_done(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    qualys = qualys_server(now=NOW, hosts=5)
    ended = terminal(qualys).run("host-detections", *words)
    assert ended.returncode == BAD_USAGE
    assert qualys.calls() == []


RETRY = ("--retry-run", "20261121T030045Z")


@pytest.mark.parametrize(
    "words",
    [("--processed-after", "2026-11-21"), ("--ids", "1"), ("--ips", "10.0.0.1"), ("--tags", "a"), ("--batch-size", "10"),
     ("--filter", "ag_titles=a"), ("--status", "New"), ("--rows", "csv"), ("--knowledge-base",), ("--by-ip",), ("--gzip",),
     ("--no-gzip",)],
)  # fmt: skip
def test_what_a_retried_run_has_its_own_of_is_refused_by_name(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    qualys = qualys_server(now=NOW, hosts=5)
    ended = terminal(qualys).run("host-detections", *RETRY, *words)
    assert ended.returncode == BAD_USAGE
    assert words[0] + " must be left out" in ended.stderr
    assert qualys.calls() == []


def test_how_a_retry_is_made_may_be_said(qualys_server: Servers, terminal: Terminals) -> None:
    words = ("--workers", "2", "-d", "1", "-D", "--log-file", "log", "--timeout", "60")
    ended = terminal(qualys_server(now=NOW, hosts=5)).run("host-detections", *RETRY, *words)
    assert ended.returncode == FAILED
    assert "There is no run 20261121T030045Z" in ended.stderr


def test_a_flag_that_is_given_twice_counts_twice(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=40, detections=3)
    shell = terminal(qualys)
    first, second = (str(row["host"]) for row in qualys.truth("hosts")[:2])
    words = ["--rows", "ndjson", "--rows", "csv,ndjson", "--ids", first, "--ids", second]
    words += ["--status", "New", "--status", "Active", "--tags", "a", "--tags", "b,c", "--ips", "10.0.0.1", "--ips", "10.0.0.2"]
    ended = shell.run("host-detections", *ALL, *words)
    assert ended.returncode == DONE, ended.stderr
    told = shell.manifest(shell.answer(ended))["parameters"]
    assert (told["rows"], told["status"]) == ("ndjson,csv", "New,Active")
    assert (told["ids"], told["tag_set_include"]) == (f"{first},{second}", "a,b,c")
    assert told["ips"] == "10.0.0.1,10.0.0.2"


def test_a_proxy_of_the_environment_is_one(
    qualys_server: Servers, terminal: Terminals, proxy: Proxy
) -> None:
    qualys = qualys_server(now=NOW, hosts=5, detections=1)
    ended = terminal(qualys).run("host-detections", "-P", "True", "-d", "1", http_proxy=proxy.url)
    assert ended.returncode == DONE, ended.stderr
    assert proxy.calls.total() == len(qualys.calls())


def test_large_answers_go_through_in_constant_memory(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=2000, detections=8, results_bytes=20_000, cache_mb=0, concurrency=4)
    shell = terminal(qualys)
    command = [str(shell.program), "host-detections", "--output", str(shell.output), *ALL, "--rows", "ndjson,csv"]
    status, peak = peak_memory(command, shell.environment(), shell.folder)
    assert status == DONE
    size = json.loads(next(shell.output.rglob("manifest.json")).read_bytes())["counts"]["megabytes"]
    assert size > 200
    assert peak < 64 * 1024


# --- Into S3, from Lambda ---


def test_an_event_pulls_into_the_bucket_with_a_table_for_athena(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(hosts=120, detections=3)
    settings = prepare(lab, qualys)
    event = {"job": "host-detections", "rows": ["ndjson"], "batch_size": 50}
    with lab.sandbox(settings, S3_KEY_PREFIX="vmdr/") as sandbox:
        answer = sandbox.deliver(event).json
        assert not any(qualys.password in line for line in sandbox.process.lines)
    assert (answer["job"], answer["status"]) == ("host-detections", "done")
    objects = lab.objects()
    assert_complete(objects, qualys)
    folder = f"vmdr/vm/detections/{answer['run']}/"
    manifest = json.loads(objects[folder + "manifest.json"])
    for entry in manifest["objects"]:
        assert hashlib.sha256(objects[entry["key"]]).hexdigest() == entry["sha256"]
    sql = objects[folder + "athena.sql"].decode()
    assert f"LOCATION 's3://{lab.bucket}/{folder}rows/'" in sql
    assert f"LOCATION 's3://{lab.bucket}/vmdr/vm/detections/'" in sql
    assert f"LOCATION 's3://{lab.bucket}/{folder}hosts/'" in sql
    columns = re.findall(r"^  `(\w+)` (bigint|string)", sql.partition(";")[0], re.M)
    row = rows_of(objects)[0]
    assert [name for name, _ in columns] == list(row)
    assert {key for key in objects if key.startswith(folder + "rows/")} == {
        key for key in objects if key.endswith(".ndjson.gz")
    }


def test_a_deadline_is_kept_and_the_next_event_goes_on(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(hosts=300, detections=2, latency_ms=700)
    settings = prepare(lab, qualys)
    event = {"job": "host-detections", "rows": "ndjson", "batch_size": 10}
    with lab.sandbox(settings, MAX_WORKERS="1") as sandbox:
        first = sandbox.deliver(event, timeout_s=15).json
        assert first["status"] == "continues" and first["counts"]["batches"] > 0
        qualys.set(latency_ms=0)
        second = sandbox.deliver(event).json
    assert (second["status"], second["run"]) == ("done", first["run"])
    assert_complete(lab.objects(), qualys)


def interrupted(process: subprocess.Popen[bytes]) -> int:
    """Ends it as Ctrl-C does; gives the batches that were done."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == PARTIAL, err
    return int(json.loads(out)["counts"]["batches"])


def test_interrupted_with_a_bucket_it_goes_on_where_it_was(
    lab: Lab, qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=100, detections=2)
    shell = terminal(qualys)
    words = (*ALL, "-c", "20", "--rows", "ndjson", "--output", f"s3://{lab.bucket}/pull/")
    aws = {**lab.environment({}), **shell.environment()}
    qualys.fault("hang", HLD, skip=2, times=-1)
    process = shell.start("host-detections", *words, **aws)
    eventually(lambda: sum("/rows/" in key for key in lab.objects()) == 2)
    done = interrupted(process)
    assert done > 0
    qualys.clear_faults()
    qualys.clear_calls()
    ended = shell.run("host-detections", *words, **aws)
    assert ended.returncode == DONE, ended.stderr
    assert len(qualys.calls("vm/detection")) == 5 - done
    assert_complete(lab.objects(), qualys)


def test_interrupted_while_it_writes_into_a_bucket_it_goes_on_where_it_was(
    lab: Lab, qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(now=NOW, hosts=100, detections=2)
    shell = terminal(qualys)
    words = (*ALL, "-c", "20", "--rows", "ndjson", "--output", f"s3://{lab.bucket}/pull/")
    aws = {**lab.environment({}), **shell.environment()}
    lab.cloud.fault("hang", "s3:PutObject", resource="/rows/", skip=2, times=-1, seconds=60)
    process = shell.start("host-detections", *words, **aws)
    eventually(lambda: any(fault["played"] for fault in lab.cloud.faults()))
    done = interrupted(process)
    lab.cloud.clear_faults()
    qualys.clear_calls()
    ended = shell.run("host-detections", *words, **aws)
    assert ended.returncode == DONE, ended.stderr
    assert len(qualys.calls("vm/detection")) == 5 - done >= 3
    assert_complete(lab.objects(), qualys)


def test_a_second_ctrl_c_ends_it_at_once(lab: Lab, qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(now=NOW, hosts=100, detections=2)
    shell = terminal(qualys)
    aws = {**lab.environment({}), **shell.environment()}
    qualys.fault("hang", HLD, times=-1)
    output = ("--output", f"s3://{lab.bucket}/pull/")
    process = shell.start("host-detections", *ALL, *output, **aws)
    eventually(lambda: qualys.calls("vm/detection"))
    eventually(lambda: lab.cloud.calls("s3:PutObject"))
    lab.cloud.fault("hang", "*", times=-1, seconds=60)
    process.send_signal(signal.SIGINT)
    # What is done is being saved, which nobody answers.
    eventually(lambda: any(fault["played"] for fault in lab.cloud.faults()))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == -signal.SIGINT


def test_lambdas_retry_asks_for_what_is_missing(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(hosts=100, detections=2)
    settings = prepare(lab, qualys)
    event = {"job": "host-detections", "rows": "ndjson", "batch_size": 25}
    host = qualys.truth("hosts")[25]["host"]
    qualys.fault("entity_bomb", HLD, body=f"ids={host}")
    with lab.sandbox(settings) as sandbox:
        outcome = sandbox.deliver(event, request_id="request-1")
        assert (outcome.kind, outcome.error_type) == ("error", "Job.Partial")
        assert str(host) in outcome.json["errorMessage"]
        qualys.clear_calls()
        answer = sandbox.deliver(event, request_id="request-1").json
    assert answer["status"] == "done"
    assert len(qualys.calls("vm/detection")) == 1
    assert_complete(lab.objects(), qualys)


