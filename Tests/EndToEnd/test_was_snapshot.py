"""All web application data as JSON pages and a database: the same rows as the script that it replaces would write."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qualys.client import QualysServer

from jobs import BAD_USAGE, DONE, FAILED, PARTIAL, Terminal, peak_memory, prepare
from lab import Lab, eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Benchmarks"))
import python_was_etl as reference  # noqa: E402

Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]
DATA = ("Q_WAS_WebApp", "Q_WAS_Finding", "Q_WAS_Catalog")
KNOWLEDGE_BASE = "Q_KnowledgeBase_In_Q_WAS_FINDING"
LATEST = "was/snapshots/latest.json"


def latest(shell: Terminal) -> dict[str, Any]:
    return dict(json.loads((shell.output / LATEST).read_bytes()))


def opened(packed: bytes, folder: Path) -> sqlite3.Connection:
    folder.mkdir(exist_ok=True)
    path = folder / f"{hashlib.sha256(packed).hexdigest()[:16]}.db"
    path.write_bytes(gzip.decompress(packed))
    return sqlite3.connect(path)


def database(shell: Terminal) -> sqlite3.Connection:
    """That of the last snapshot, checked."""
    named = latest(shell)["database"]
    packed = (shell.output / named["key"]).read_bytes()
    assert (hashlib.sha256(packed).hexdigest(), len(packed)) == (named["sha256"], named["bytes"])
    plain = (shell.output / named["key"].removesuffix(".gz")).read_bytes()
    assert plain == gzip.decompress(packed)
    return checked(opened(packed, shell.folder / "databases"))


def checked(found: sqlite3.Connection) -> sqlite3.Connection:
    assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert found.execute("PRAGMA foreign_key_check").fetchall() == []
    status = dict(found.execute("SELECT STATUS_NAME, STATUS_DETAIL FROM Q_WAS_Status").fetchall())
    assert set(status) == {*DATA, KNOWLEDGE_BASE, "ALL_TABLES_LOADED_SUCCESSFULLY"}
    assert {json.loads(detail)["STATUS"] for detail in status.values()} == {"FINAL BATCH LOADED"}
    return found


def rows(found: sqlite3.Connection, table: str, columns: list[str]) -> dict[Any, tuple[Any, ...]]:
    every = found.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    return {each[0]: each for each in every}


def count(found: sqlite3.Connection, table: str) -> int:
    return int(found.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def assert_counts(found: sqlite3.Connection, qualys: QualysServer) -> None:
    truth = qualys.truth("counts")[0]
    assert [count(found, table) for table in DATA] == [truth["webapp"], truth["finding"], truth["catalog"]]


def assert_same(one: sqlite3.Connection, other: sqlite3.Connection, *, origin: bool = False) -> None:
    """Every column of the reference has the same values; with `origin` also where the rows come from."""
    for table, described in reference.TABLES.items():
        left_out = {"Row_Last_Updated"} if origin else {"BATCH_DATE", "BATCH_NUMBER", "Row_Last_Updated"}
        columns = [name for name, _ in described if name not in left_out]
        ours, theirs = rows(one, table, columns), rows(other, table, columns)
        assert ours.keys() == theirs.keys(), table
        for key, row in ours.items():
            different = {name: (a, b) for name, a, b in zip(columns, row, theirs[key]) if a != b or type(a) is not type(b)}
            assert not different, (table, key, different)


# --- What is in it ---


def test_every_row_of_every_table_is_what_the_script_would_write(
    qualys_server: Servers, terminal: Terminals, tmp_path: Path
) -> None:
    qualys = qualys_server(webapps=60, findings=25, catalog=120)
    shell = terminal(qualys)
    ended = shell.run("was-snapshot")
    assert ended.returncode == DONE, ended.stderr
    found = database(shell)
    assert_counts(found, qualys)
    run = latest(shell)["run"]
    theirs = reference.create(tmp_path / "reference.db")
    reference.load(shell.output / f"was/snapshots/{run}/json", theirs)
    reference.read_knowledge_base(reference.Qualys(qualys.api_url, qualys.username, qualys.password), theirs)
    assert count(theirs, KNOWLEDGE_BASE) > 5
    theirs.execute(f"UPDATE {KNOWLEDGE_BASE} SET BATCH_DATE = (SELECT BATCH_DATE FROM Q_WAS_WebApp)")
    assert_same(found, theirs, origin=True)


def test_tables_have_the_columns_the_types_and_the_keys_of_the_script(
    qualys_server: Servers, terminal: Terminals, tmp_path: Path
) -> None:
    shell = terminal(qualys_server(webapps=2))
    assert shell.run("was-snapshot").returncode == DONE
    found, theirs = database(shell), reference.create(tmp_path / "reference.db")
    for table in reference.TABLES:
        ours = found.execute(f"PRAGMA table_info({table})").fetchall()
        expected = theirs.execute(f"PRAGMA table_info({table})").fetchall()
        assert ours[: len(expected)] == expected
        assert ours[-1][1] == "otherFields"


def test_what_the_script_drops_is_kept(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(webapps=40, findings=20, catalog=20)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    found = database(shell)
    kept = rows(found, "Q_WAS_Finding", ["id", "lastTestedDate", "otherFields"])
    known = {name for name, _ in reference.TABLES["Q_WAS_Finding"]} | {"lastTestedDate", "group", "function"}
    for finding in qualys.truth("findings"):
        tested, others = kept[finding["id"]][1:]
        assert tested == finding.get("lastTestedDate", "").replace("T", " ").replace("Z", "")
        assert (json.loads(others) if others else {}) == {
            name: value for name, value in finding.items() if name not in known
        }
    assert any("internalSequence" in row[2] for row in kept.values())
    catalog = rows(found, "Q_WAS_Catalog", ["id", "netbiosName", "comments"])
    for entry in qualys.truth("catalog"):
        comments = json.dumps(entry["comments"]) if "comments" in entry else ""
        assert catalog[entry["id"]][1:] == (entry.get("netbiosName", ""), comments)


def test_the_sample_query_finds_the_findings_with_their_knowledge(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=30, findings=30)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    found = database(shell)
    asked = found.execute(
        f"select f.id, k.TITLE from Q_WAS_Finding f join {KNOWLEDGE_BASE} k on k.QID=f.qid "
        "where f.severity=4 and f.findingType='QUALYS'"
    ).fetchall()
    titles = {entry["qid"]: entry["title"] for entry in qualys.truth("kb")}
    expected = {
        finding["id"]: titles[finding["qid"]]
        for finding in qualys.truth("findings")
        if finding["severity"] == "4" and finding["findingType"] == "QUALYS" and finding["qid"] in titles
    }
    assert dict(asked) == expected and expected
    view = found.execute("SELECT id FROM V_WAS_Finding_KnowledgeBase WHERE severity=4 AND TITLE IS NOT NULL")
    assert {id for (id,) in view} >= set(expected)
    summary = found.execute("SELECT sum(openVulnerabilities), count(*) FROM V_WAS_WebApp_Summary").fetchone()
    assert summary == (count(found, "V_WAS_Open_Vulnerabilities"), count(found, "Q_WAS_WebApp"))
    plan = found.execute("EXPLAIN QUERY PLAN SELECT * FROM Q_WAS_Finding WHERE webApp_id = 2001").fetchall()
    assert "INDEX Finding_webApp" in plan[0][3]


def test_pages_are_stored_as_qualys_sent_them_and_listed(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=12, findings=10)
    shell = terminal(qualys)
    answer = shell.answer(shell.run("was-snapshot"))
    manifest = shell.manifest(answer)
    files = shell.files()
    listed = {entry["key"]: entry for entry in manifest["objects"]}
    folder = f"was/snapshots/{answer['run']}/"
    assert set(files) == set(listed) | {LATEST, folder + "manifest.json", folder + "was_sqlite.db"}
    for key, entry in listed.items():
        assert hashlib.sha256(files[key]).hexdigest() == entry["sha256"], key
        assert len(files[key]) == entry["bytes"]
    details = {key: body for key, body in files.items() if "/json/was_webapp_detail_utc_run_datetime_" in key}
    found = {}
    for key, body in details.items():
        (item,) = json.loads(gzip.decompress(body))["ServiceResponse"]["data"]
        assert key.endswith(f"_batch_000001_webapp_id_{item['WebApp']['id']}.json.gz")
        found[item["WebApp"]["id"]] = item["WebApp"]
    assert found == {row["id"]: row["record"] for row in qualys.truth("webapps")}
    assert manifest["counts"]["findings"] == manifest["counts"]["counted_findings"]


def test_csv_has_every_row_with_all_fields_in_quotes(qualys_server: Servers, terminal: Terminals) -> None:
    shell = terminal(qualys_server(webapps=10, findings=10))
    assert shell.run("was-snapshot", "--csv").returncode == DONE
    found = database(shell)
    keys = latest(shell)["csv"]
    assert len(keys) == len(reference.TABLES)
    for table, key in zip(reference.TABLES, keys):
        assert f"/csv/{table}_utc_run_datetime_" in key and key.endswith("_batch_000000.csv.gz")
        text = gzip.decompress((shell.output / key).read_bytes()).decode()
        header, *lines = csv.reader(io.StringIO(text, newline=""))
        expected = found.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        assert header == [column[1] for column in found.execute(f"PRAGMA table_info({table})")]
        assert lines == [[str(value) for value in row] for row in expected]
        assert text.startswith('"')


def test_a_dry_run_tells_how_much_there_is_and_writes_nothing(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=7)
    shell = terminal(qualys)
    ended = shell.run("was-snapshot", "--dry-run")
    assert ended.returncode == DONE
    truth = qualys.truth("counts")[0]
    assert shell.answer(ended)["counts"] == {
        "web_applications": 7, "findings": truth["finding"], "catalog": truth["catalog"],
    }  # fmt: skip
    assert shell.files() == {}


def test_an_empty_subscription_is_an_empty_snapshot(qualys_server: Servers, terminal: Terminals) -> None:
    shell = terminal(qualys_server(webapps=0, catalog=0))
    assert shell.run("was-snapshot").returncode == DONE
    assert count(database(shell), "Q_WAS_WebApp") == 0


def test_paging_goes_on_behind_the_thousandth_record(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(webapps=3, findings=700, catalog=2300, finding_bytes=10)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    assert_counts(database(shell), qualys)
    assert any("_webapp_id_2001_002.json.gz" in key for key in shell.files())


# --- What goes wrong ---


def test_a_deleted_application_is_no_failure_and_a_dead_one_is_named(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=15, findings=5)
    shell = terminal(qualys)
    qualys.change("retire_webapp", id=2005)
    ended = shell.run("was-snapshot")
    assert ended.returncode == DONE, ended.stderr
    assert shell.answer(ended)["counts"]["gone"] == 1
    found = database(shell)
    assert count(found, "Q_WAS_WebApp") == 14
    assert not found.execute("SELECT * FROM Q_WAS_Finding WHERE webApp_id = 2005").fetchall()

    qualys.fault("qps_error", "*/get/was/webapp/2009", code="UNAUTHORIZED", status=403, times=-1)
    ended = shell.run("was-snapshot")
    assert ended.returncode == PARTIAL
    assert "webapp 2009" in ended.stderr and "2005" not in ended.stderr
    answer = shell.answer(ended)
    manifest = shell.manifest(answer)
    assert manifest["status"] == "partial"
    assert [entry["id"] for entry in manifest["failed"]] == ["webapp 2009"]
    assert latest(shell)["run"] == answer["run"]
    found = database(shell)
    assert count(found, "Q_WAS_WebApp") == 13
    (detail,) = found.execute(
        "SELECT STATUS_DETAIL FROM Q_WAS_Status WHERE STATUS_NAME = 'ALL_TABLES_LOADED_SUCCESSFULLY'"
    ).fetchone()
    assert json.loads(detail)["MISSING"] == ["webapp 2009"]


def test_when_much_is_missing_the_last_snapshot_stays(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(webapps=20)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    before = (shell.output / LATEST).read_bytes()
    qualys.fault("qps_error", "*/get/was/webapp/*", code="UNAUTHORIZED", times=-1, skip=3)
    ended = shell.run("was-snapshot")
    assert ended.returncode == FAILED
    assert "17 of 20" in ended.stderr
    assert (shell.output / LATEST).read_bytes() == before
    assert_counts(database(shell), qualys)


@pytest.mark.parametrize("path", ["*/search/was/webapp", "*/search/was/catalog", "*/get/was/webapp/*"])
def test_a_refused_sign_in_ends_the_run_and_leaves_the_last_snapshot(
    qualys_server: Servers, terminal: Terminals, path: str
) -> None:
    qualys = qualys_server(webapps=10)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    before = (shell.output / LATEST).read_bytes()
    qualys.fault("qps_error", path, code="INVALID_CREDENTIALS", times=-1)
    ended = shell.run("was-snapshot")
    assert ended.returncode == FAILED
    assert "sign-in" in ended.stderr
    assert (shell.output / LATEST).read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("cut", {}),
        ("cut_clean", {}),
        ("malformed", {}),
        ("empty", {}),
        ("drop_after", {}),
        ("html", {}),
        ("generic_return", {}),
        ("qps_error", {"code": "IN_MAINTENANCE"}),
        ("blocked_concurrency", {}),
        ("too_many", {"seconds": 1}),
    ],
)
def test_what_passes_by_itself_leaves_no_trace(
    qualys_server: Servers, terminal: Terminals, kind: str, rule: dict[str, Any]
) -> None:
    qualys = qualys_server(webapps=8)
    shell = terminal(qualys)
    for path in ("*/search/was/*", "*/get/was/webapp/*", "*/knowledge_base/*"):
        qualys.fault(kind, path, **rule)
    ended = shell.run("was-snapshot")
    assert ended.returncode == DONE, ended.stderr
    found = database(shell)
    assert_counts(found, qualys)
    assert count(found, KNOWLEDGE_BASE) > 0
    assert all(meter["too_early"] == 0 for meter in qualys.limits().values())


@pytest.mark.parametrize("kind", ["has_more_boolean", "has_more_without_last_id", "has_more_missing"])
def test_paging_in_other_forms_loses_nothing(qualys_server: Servers, terminal: Terminals, kind: str) -> None:
    qualys = qualys_server(webapps=3, catalog=2100)
    shell = terminal(qualys)
    times = 2 if kind == "has_more_without_last_id" else -1
    qualys.fault(kind, "*/search/was/catalog", times=times)
    assert shell.run("was-snapshot").returncode == DONE
    assert_counts(database(shell), qualys)


def test_numbers_of_any_size_control_characters_and_unknown_shapes_become_fields(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=1, findings=0, catalog=0)
    shell = terminal(qualys)
    finding = (
        b'{"id":77,"qid":"-3","severity":" 4 ","timesDetected":"x","name":"a\\u0000b\\u0001c\\rd\\u001fe","potential":null,'
        b'"detectionScore":18446744073709551617,"cvssV3":{"base":6.10,"big":1e400,"u":"\\ud83d\\ude00\\u0007"},"url":1.50,'
        b'"firstDetectedDate":"2023-01-05T10:00:00.123Z","fixedDate":"THE ZOO","group":["x"],"webApp":{"id":2001},'
        b'"new":{"a":[1.0E-7,-0,null,true]},"uniqueId":7}'
    )
    body = b'{"ServiceResponse":{"responseCode":"SUCCESS","count":1,"data":[{"Finding":' + finding + b"}]}}"
    qualys.fault("status", "*/search/was/finding", status=200, content=body.decode(), content_type="application/json")
    assert shell.run("was-snapshot").returncode == DONE
    found = database(shell)
    found.row_factory = sqlite3.Row
    row = dict(found.execute("SELECT * FROM Q_WAS_Finding").fetchone())
    assert (row["id"], row["qid"], row["severity"], row["timesDetected"], row["webApp_id"]) == (77, 0, 4, 0, 2001)
    assert (row["name"], row["potential"], row["patch"]) == ("abcd\x1fe", "", "")
    assert (row["detectionScore"], row["url"], row["uniqueId"]) == ("18446744073709551617", "1.5", "7")
    assert row["cvssV3"] == '{"base": 6.1, "big": 1e400, "u": "\\ud83d\\ude00\\u0007"}'
    assert (row["firstDetectedDate"], row["fixedDate"]) == ("2023-01-05 10:00:00", "THE ZOO")
    assert (row["group_0"], row["otherFields"]) == ('["x"]', '{"new": {"a": [1e-07, 0, null, true]}}')


def test_the_server_never_sees_more_calls_than_it_allows(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(
        webapps=40, qps_concurrency=3, qps_scope="all", latency_ms=5, concurrency=1, catalog=1500
    )
    shell = terminal(qualys)
    ended = shell.run("was-snapshot", MAX_WORKERS="8")
    assert ended.returncode == DONE, ended.stderr
    limits = qualys.limits()
    assert (limits["qps"]["most_running"], limits["qps"]["blocked_by_concurrency"]) == (3, 0)
    assert limits["knowledge_base/vuln"]["blocked_by_concurrency"] == 0
    assert_counts(database(shell), qualys)


def test_memory_stays_bounded(qualys_server: Servers, terminal: Terminals) -> None:
    # Many pages each.
    qualys = qualys_server(webapps=30, findings=3000, catalog=20_000, cache_mb=0)
    shell = terminal(qualys)
    command = [str(shell.program), "was-snapshot", "--output", str(shell.output)]
    status, peak = peak_memory(command, shell.environment({"MAX_WORKERS": "8"}), shell.folder)
    assert status == DONE
    assert_counts(database(shell), qualys)
    assert peak < 80 * 1024


# --- From run to run ---


def killed(shell: Terminal, qualys: QualysServer, skip: int, *words: str) -> None:
    """A run that is killed when it has made so many calls for details and findings."""
    qualys.fault("hang", "*/was/[wf]*/*", skip=skip, times=-1, method="GET")
    qualys.fault("hang", "*/search/was/finding", skip=skip, times=-1)
    process = shell.start("was-snapshot", *words)
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    qualys.clear_faults()


@pytest.mark.parametrize("skip", [0, 1, 17])
def test_a_run_that_is_killed_goes_on_and_the_last_snapshot_stays_until_then(
    qualys_server: Servers, terminal: Terminals, skip: int
) -> None:
    qualys = qualys_server(webapps=30, findings=6, catalog=1200)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    before = (shell.output / LATEST).read_bytes()
    qualys.change("add_webapp")
    killed(shell, qualys, skip)
    assert (shell.output / LATEST).read_bytes() == before
    database(shell)
    ended = shell.run("was-snapshot")
    assert ended.returncode == DONE, ended.stderr
    assert (shell.output / LATEST).read_bytes() != before
    assert_counts(database(shell), qualys)
    state = json.loads((shell.output / "state/was-snapshot.json").read_bytes())
    assert "run" not in state


def test_a_run_that_had_no_time_goes_on_without_asking_for_anything_twice(
    lab: Lab, qualys_server: Servers
) -> None:
    qualys = qualys_server(webapps=24, findings=10, catalog=30, latency_ms=800)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings, MAX_WORKERS="1") as sandbox:
        first = sandbox.deliver({"job": "was-snapshot"}, timeout_s=28).json
        assert first["status"] == "continues", first
        done = first["counts"]["web_applications"]
        assert 0 < done < 24
        assert f"was/snapshots/latest.json" not in lab.objects()
        qualys.set(latency_ms=0)
        qualys.clear_calls()
        second = sandbox.deliver({"job": "was-snapshot"}).json
    assert second["status"] == "done" and second["run"] == first["run"]
    asked = [call["path"] for call in qualys.calls("was/webapp") if "/get/" in call["path"]]
    assert len(asked) == 24 - done and len(set(asked)) == len(asked)
    objects = lab.objects()
    named = json.loads(objects["was/snapshots/latest.json"])
    found = checked(opened(objects[named["database"]["key"]], lab.folder / "databases"))
    assert_counts(found, qualys)
    manifest = json.loads(objects[named["manifest"]])
    for entry in manifest["objects"]:
        assert hashlib.sha256(objects[entry["key"]]).hexdigest() == entry["sha256"], entry["key"]
    rows = [row for row in lab.cloud.rows(lab.table) if row["function_arn"]["S"].startswith("job#was-snapshot")]
    assert "claim_owner" not in rows[0]


def change_much(qualys: QualysServer) -> None:
    """Of everything that may happen to a subscription something."""
    findings = qualys.truth("findings")
    by_app: dict[int, list[int]] = {}
    for finding in findings:
        by_app.setdefault(finding["webApp"]["id"], []).append(finding["id"])
    apps = [id for id in by_app if len(by_app[id]) > 2]
    now = qualys.now
    qualys.change("add_webapp")
    qualys.change("touch_webapp", id=apps[0], name="renamed")
    qualys.change("add_finding", webapp=apps[1])
    qualys.change("change_finding", id=by_app[apps[2]][0], status="FIXED", lastTestedDate=now)
    qualys.change("change_finding", id=by_app[apps[3]][0], isIgnored="true", ignoredDate=now)
    qualys.change("remove_finding", id=by_app[apps[4]][1])
    qualys.change("remove_webapp", id=apps[5])
    qualys.change("add_catalog", count=3)


def test_changes_written_into_the_last_snapshot_give_what_a_full_one_gives(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=40, findings=8, catalog=60)
    shell = terminal(qualys)
    first = shell.answer(shell.run("was-snapshot"))
    change_much(qualys)
    qualys.clear_calls()
    ended = shell.run("was-snapshot", "--since", "last")
    assert ended.returncode == DONE, ended.stderr
    asked = [call for call in qualys.calls("was/webapp") if "/get/" in call["path"]]
    assert len(asked) < 20, "not all is read anew"
    changed = shell.answer(ended)
    assert shell.manifest(changed)["parameters"]["base"] == first["run"]
    incremental = database(shell)
    assert_counts(incremental, qualys)
    assert shell.run("was-snapshot", "--since", "last", "--full").returncode == DONE
    assert_same(incremental, database(shell))


def test_changes_are_read_from_the_last_snapshot_on_whatever_is_asked_for(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=10, findings=4)
    shell = terminal(qualys)
    ended = shell.run("was-snapshot", "-d", "2026-01-01T00:00:00Z")
    assert ended.returncode == DONE
    assert "no snapshot yet" in shell.answer(ended)["reason"]
    qualys.change("touch_webapp", id=2003, name="renamed")
    assert shell.run("was-snapshot", "--since", "2099-01-01").returncode == DONE
    found = database(shell)
    assert found.execute("SELECT name FROM Q_WAS_WebApp WHERE id = 2003").fetchone() == ("renamed",)


def test_changes_are_not_written_into_a_snapshot_that_is_broken(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=4)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    (shell.output / latest(shell)["database"]["key"]).write_bytes(gzip.compress(b"something else"))
    ended = shell.run("was-snapshot", "--since", "last")
    assert ended.returncode == FAILED
    assert "make a full one" in ended.stderr


def test_an_application_that_cannot_be_read_keeps_its_rows_in_an_update(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=10, findings=6)
    shell = terminal(qualys)
    assert shell.run("was-snapshot").returncode == DONE
    before = rows(database(shell), "Q_WAS_Finding", ["id", "webApp_id", "uniqueId"])
    qualys.change("touch_webapp", id=2003, name="renamed")
    qualys.fault("qps_error", "*/get/was/webapp/2003", code="UNAUTHORIZED", times=-1)
    assert shell.run("was-snapshot", "--since", "last").returncode == PARTIAL
    found = database(shell)
    assert rows(found, "Q_WAS_Finding", ["id", "webApp_id", "uniqueId"]) == before
    assert count(found, "Q_WAS_WebApp") == 10


def test_two_runs_at_the_same_time_do_not_get_in_each_others_way(
    qualys_server: Servers, terminal: Terminals
) -> None:
    qualys = qualys_server(webapps=4)
    shell = terminal(qualys)
    qualys.fault("delay", "*/search/was/webapp", seconds=3)
    first = shell.start("was-snapshot", TMPDIR=str(shell.folder))
    eventually(lambda: any(fault["played"] for fault in qualys.faults()))
    second = shell.run("was-snapshot")
    assert second.returncode == PARTIAL
    assert "Another run" in shell.answer(second)["reason"]
    first.communicate(timeout=60)
    assert first.returncode == DONE


@pytest.mark.parametrize("words", [("--since", "yesterday"), ("--output", ""), ("--timeout", "1"), ("--what",)])
def test_bad_usage_is_told_before_anything_is_called(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    qualys = qualys_server(webapps=1)
    assert terminal(qualys).run("was-snapshot", *words).returncode == BAD_USAGE
    assert qualys.calls() == []


def test_the_originals_environment_is_understood(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(webapps=1)
    shell = terminal(qualys)
    old = {"q_username": qualys.username, "q_password": qualys.password}
    none = {"QUALYS_USERNAME": None, "QUALYS_PASSWORD": None}
    assert shell.run("was-snapshot", "--dry-run", **old, **none).returncode == DONE


# --- Into S3, from Lambda ---


def test_the_event_puts_the_snapshot_into_the_bucket(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(webapps=12, findings=8, catalog=30)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings, S3_KEY_PREFIX="qualys/") as sandbox:
        answer = sandbox.deliver({"job": "was-snapshot", "csv": True}).json
        assert answer["status"] == "done"
        again = sandbox.deliver({"job": "was-snapshot", "since": "last"}).json
        assert again["status"] == "done" and again["counts"]["web_applications"] == 12
        assert not any(qualys.password in line for line in sandbox.process.lines)
    objects = lab.objects()
    named = json.loads(objects["qualys/was/snapshots/latest.json"])
    assert named["run"] == again["run"]
    assert not any(key.endswith(".db") for key in objects)
    found = checked(opened(objects["qualys/" + named["database"]["key"]], lab.folder / "databases"))
    assert_counts(found, qualys)
    manifest = json.loads(objects[answer["manifest"].removeprefix(f"s3://{lab.bucket}/")])
    for entry in manifest["objects"]:
        assert hashlib.sha256(objects[entry["key"]]).hexdigest() == entry["sha256"]


def test_a_retry_of_a_partial_run_asks_for_what_is_missing_alone(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(webapps=10, findings=4)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings) as sandbox:
        qualys.fault("qps_error", "*/get/was/webapp/2007", code="UNAUTHORIZED", times=1)
        outcome = sandbox.deliver({"job": "was-snapshot"}, request_id="request-1")
        assert (outcome.kind, outcome.error_type) == ("error", "Job.Partial")
        assert "2007" in outcome.json["errorMessage"]
        qualys.clear_calls()
        answer = sandbox.deliver({"job": "was-snapshot"}, request_id="request-1").json
        assert answer["status"] == "done" and answer["counts"]["web_applications"] == 10
    asked = [call["path"] for call in qualys.calls("was/webapp") if "/get/" in call["path"]]
    assert asked == ["/qps/rest/3.0/get/was/webapp/2007"]


def test_parameters_that_are_unknown_are_refused(lab: Lab, qualys_server: Servers) -> None:
    settings = prepare(lab, qualys_server(webapps=1))
    with lab.sandbox(settings) as sandbox:
        for event in [{"sinse": "last"}, {"since": "yesterday"}, {"full": "perhaps"}, {"csv": 3}]:
            outcome = sandbox.deliver({"job": "was-snapshot", **event})
            assert (outcome.kind, outcome.error_type) == ("error", "Event.Malformed"), event


def test_a_bucket_that_refuses_fails_the_job_and_the_next_one_goes_on(lab: Lab, qualys_server: Servers) -> None:
    qualys = qualys_server(webapps=10, findings=4)
    settings = prepare(lab, qualys)
    with lab.sandbox(settings) as sandbox:
        lab.cloud.fault("status", "s3:PutObject", times=-1, status=403, code="AccessDenied", skip=8)
        outcome = sandbox.deliver({"job": "was-snapshot"})
        assert (outcome.kind, outcome.error_type) == ("error", "Job.Failed")
        assert "was/snapshots/latest.json" not in lab.objects()
        lab.cloud.clear_faults()
        assert sandbox.deliver({"job": "was-snapshot"}).json["status"] == "done"
