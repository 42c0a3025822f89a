"""What Athena's view shows of many runs: what is true now, and nothing that a run failed to ask for is taken for gone."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qualys.client import QualysServer

from jobs import DONE, PARTIAL, Terminal

ALL = ("--processed-after", "2000-01-01")
HLD = "*/vm/detection/*"
Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]


class Athena:
    """SQLite reads the view's SQL as it is, but for `OR REPLACE`; of the statements for the tables it is told the sense."""

    def __init__(self, shell: Terminal) -> None:
        self.database = sqlite3.connect(":memory:")
        self.columns: dict[str, list[str]] = {}
        for path in sorted(shell.output.glob("vm/detections/*/athena.sql")):
            for statement in path.read_text().split(";\n"):
                self.execute(statement.strip())

    def execute(self, statement: str) -> None:
        if table := re.match(r"CREATE EXTERNAL TABLE IF NOT EXISTS `(\w+)` \((.+?)\n\)", statement, re.S):
            columns = self.columns[table[1]] = re.findall(r"`(\w+)` (?:bigint|string)", table[2])
            self.database.execute(f'create table if not exists {table[1]} ({", ".join(columns)}, run, "$path")')
        elif partition := re.match(
            r"ALTER TABLE `(\w+)` ADD IF NOT EXISTS\nPARTITION \(`run` = '(\w+)'\) LOCATION '(.+)/'", statement
        ):
            self.load(partition[1], partition[2], Path(partition[3]))
        elif statement:
            self.database.execute("drop view if exists host_detections")
            self.database.execute(statement.replace("CREATE OR REPLACE VIEW", "CREATE VIEW"))

    def load(self, table: str, run: str, folder: Path) -> None:
        columns = self.columns[table]
        for path in sorted(folder.glob("*")):
            for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
                assert row.keys() <= set(columns)
                values = (*(row.get(column) for column in columns), run, str(path))
                self.database.execute(f"insert into {table} values ({', '.join('?' * len(values))})", values)

    def detections(self, table: str = "host_detections") -> Counter[tuple[int, int]]:
        return Counter(self.database.execute(f"select host_id, unique_vuln_id from {table}"))


def pull(shell: Terminal, *words: str, status: int = DONE) -> dict[str, Any]:
    rows = () if "--retry-run" in words else ("--rows", "ndjson")
    ended = shell.run("host-detections", *words, *rows)
    assert ended.returncode == status, ended.stderr
    answer = shell.answer(ended)
    return answer


def truth(qualys: QualysServer, **filters: str) -> Counter[tuple[int, int]]:
    return Counter((row["host"], row["unique"]) for row in qualys.truth("detections", **filters))


def some_hosts(qualys: QualysServer) -> list[int]:
    """Those with detections."""
    return sorted({row["host"] for row in qualys.truth("detections")})


def fix_all(qualys: QualysServer, host: int) -> None:
    for qid in {row["qid"] for row in qualys.truth("detections", ids=str(host))}:
        qualys.change("fix_detection", host=host, qid=qid)
    assert not truth(qualys, ids=str(host))


def test_a_host_that_two_runs_asked_for_is_there_once(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(hosts=80, detections=3)
    shell = terminal(qualys)
    pull(shell)
    hosts = some_hosts(qualys)[5:8]
    for host in hosts:
        qualys.change("touch_host", host=host)
    qualys.change("fix_detection", host=hosts[0])
    pull(shell)
    athena = Athena(shell)
    assert athena.detections() == truth(qualys)
    assert athena.detections("host_detections_rows").total() > athena.detections().total()


def test_a_host_of_which_all_is_fixed_is_not_there_any_more(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(hosts=80, detections=3)
    shell = terminal(qualys)
    pull(shell)
    host = some_hosts(qualys)[5]
    fix_all(qualys, host)
    answer = pull(shell)
    athena = Athena(shell)
    assert athena.detections() == truth(qualys)
    assert host in {row for row, _ in athena.detections("host_detections_rows")}
    assert any(entry["key"].endswith("/hosts/hosts.json.gz") for entry in shell.manifest(answer)["objects"])


@pytest.mark.parametrize("words", [(), ("-i",)])
def test_a_host_that_is_gone_is_there_until_all_hosts_were_asked_for(
    qualys_server: Servers, terminal: Terminals, words: tuple[str, ...]
) -> None:
    qualys = qualys_server(hosts=80, detections=3)
    shell = terminal(qualys)
    pull(shell, *ALL, *words)
    purged, fixed = some_hosts(qualys)[5:7]
    before = truth(qualys, ids=str(purged))
    qualys.change("purge_host", host=purged)
    pull(shell, *words)
    assert Athena(shell).detections() == truth(qualys) + before
    # By address only the answer tells which hosts were asked for: this one is in none.
    fix_all(qualys, fixed)
    pull(shell, *ALL, *words)
    assert Athena(shell).detections() == truth(qualys)


def test_runs_of_some_hosts_or_of_something_else_hide_no_other(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(hosts=80, detections=3)
    shell = terminal(qualys)
    pull(shell)
    hosts = some_hosts(qualys)
    pull(shell, *ALL, "--ids", f"{hosts[3]},{hosts[7]}")
    pull(shell, *ALL, "--tags", "東京")
    pull(shell, *ALL, "-a", "1")
    assert Athena(shell).detections() == truth(qualys)


def test_hosts_of_a_batch_that_failed_stay_until_it_is_there(qualys_server: Servers, terminal: Terminals) -> None:
    qualys = qualys_server(hosts=120, detections=3)
    shell = terminal(qualys)
    pull(shell)
    listed = [row["host"] for row in qualys.truth("hosts")]
    failing = listed[30:60]
    fixed = [next(host for host in some_hosts(qualys) if host in part) for part in (listed[:30], failing)]
    purged = some_hosts(qualys)[-1]
    stale = truth(qualys, ids=f"{fixed[1]},{purged}")
    for host in fixed:
        fix_all(qualys, host)
    qualys.change("purge_host", host=purged)
    qualys.fault("entity_bomb", HLD, body=f"ids={failing[0]}", times=-1)
    answer = pull(shell, *ALL, "-c", "30", status=PARTIAL)
    assert Athena(shell).detections() == truth(qualys) + stale

    qualys.clear_faults()
    assert pull(shell, "--retry-run", answer["run"])["run"] == answer["run"]
    assert Athena(shell).detections() == truth(qualys)
