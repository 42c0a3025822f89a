"""Imports into CAR: the graph is the one that the reference works out of the same data, whatever happens on the way."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from car import pages
from car.client import CAR
from car.trial import Trial
from qualys.client import QualysServer

from jobs import BAD_USAGE, DONE, Terminal
from lab import eventually

RECOVERABLE, UNRECOVERABLE, CONNECT, SIGN_IN, PROCESSING = 10, 20, 51, 52, 55
Servers = Callable[..., QualysServer]
Terminals = Callable[[QualysServer], Terminal]


@pytest.fixture
def car() -> Iterator[CAR]:
    with CAR.start() as server:
        yield server


class Lab:
    """One subscription, one CAR, and runs of the program that are held against the reference."""

    def __init__(self, qualys: QualysServer, car: CAR, shell: Terminal) -> None:
        self.qualys = qualys
        self.car = car
        self.shell = shell
        self.trial = Trial(
            car, lambda: pages.read(qualys.api_url, qualys.gateway_url, qualys.username, qualys.password)
        )

    def environment(self) -> dict[str, str]:
        return {
            "CAR_SERVICE_URL": self.car.url,
            "CAR_SERVICE_KEY": self.car.key,
            "CAR_SERVICE_PASSWORD": self.car.password,
        }

    def run(self, *words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        ended = self.shell.run("car-import", *words, **{**self.environment(), **changes})
        assert self.car.password not in ended.stdout + ended.stderr
        return ended

    def clean(self) -> None:
        """Removes what a killed run had no time to."""
        for left in self.shell.temporary.iterdir():
            shutil.rmtree(left)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return self.shell.start("car-import", *words, **self.environment())

    def imported(self, *words: str, incremental: bool = False) -> dict[str, Any]:
        """Runs it to its end; the graph has to be right."""
        self.trial.expect()
        mark = len(self.car.calls())
        ended = self.run(*words)
        assert ended.returncode == DONE, ended.stderr[-3000:]
        assert self.trial.problems(incremental) == ""
        started = [call for call in self.car.calls()[mark:] if call["action"] == "StartFullImport"]
        assert bool(started) != incremental, ended.stderr[-3000:]
        return self.shell.answer(ended)


@pytest.fixture
def lab(qualys_server: Servers, terminal: Terminals, car: CAR) -> Callable[..., Lab]:
    def start(**options: Any) -> Lab:
        qualys = qualys_server(**{"hosts": 60, "kb": 250, "rate": 0, "concurrency": 0, **options})
        return Lab(qualys, car, terminal(qualys))

    return start


def _host(lab: Lab, number: int = 0) -> dict[str, Any]:
    """The host of that number that has detections."""
    live = [one for one in lab.qualys.truth("hosts") if one["host"] is not None]
    return live[number]


# --- Full ---


def test_the_graph_is_that_of_the_reference(lab: Callable[..., Lab]) -> None:
    setup = lab()
    answer = setup.imported()
    assert answer["status"] == "done"
    assert answer["counts"]["asset"] == 60
    assert len(setup.trial.history[0].vertices) > 300


# --- Incremental ---


def test_nothing_changed(lab: Callable[..., Lab]) -> None:
    setup = lab()
    setup.imported()
    setup.imported(incremental=True)


def _fix(setup: Lab) -> None:
    for one in range(3):
        setup.qualys.change("fix_detection", host=_host(setup, one)["host"])


def _remove_application(setup: Lab) -> None:
    for row in setup.qualys.truth("applications")[:30:3]:
        if (row["softwareListData"] or {}).get("software"):
            setup.qualys.change("remove_application", asset=row["assetId"])


def _add(setup: Lab) -> None:
    setup.qualys.change("add_host")
    setup.qualys.change("add_host")


def _move(setup: Lab) -> None:
    first, second = _host(setup), _host(setup, 1)
    setup.qualys.change("move_address", host=first["host"], to="198.51.100.77")
    setup.qualys.change("move_address", host=second["host"], to=first["address"])


def _delete(setup: Lab) -> None:
    for one in (0, 20, 40):
        setup.qualys.change("delete_host", host=_host(setup, one)["host"])


def _purge(setup: Lab) -> None:
    setup.qualys.change("purge_host", host=_host(setup, 5)["host"])


CHANGES = {
    "fixed": _fix, "application removed": _remove_application, "added": _add, "moved": _move, "deleted": _delete,
    "purged": _purge,
}


@pytest.mark.parametrize("members", ["merge", "replace"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_brought_over_and_nothing_live_is_switched_off(
    lab: Callable[..., Lab], change: Callable[[Lab], None], members: str
) -> None:
    setup = lab()
    setup.car.settings(members=members, query_form="plain")
    setup.imported()
    change(setup)
    setup.imported(incremental=True)


def test_many_changes_one_after_another(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=110)
    setup.car.settings(query_form="plain", none_found=200)
    setup.imported()
    for change in CHANGES.values():
        change(setup)
        setup.imported(incremental=True)


def test_what_the_answers_cannot_prove_is_imported_in_full(lab: Callable[..., Lab]) -> None:
    setup = lab()
    setup.car.settings(query_limit=4)
    setup.imported()
    for change in CHANGES.values():
        change(setup)
    setup.imported()


def test_a_state_that_somebody_else_moved_on_is_no_state(lab: Callable[..., Lab]) -> None:
    setup = lab()
    setup.imported()
    state = setup.shell.output / "state" / "car-import.json"
    before = state.read_bytes()
    setup.imported(incremental=True)
    state.write_bytes(before)
    setup.imported()
    state.unlink()
    setup.imported()
    setup.imported("--mode", "full")
    setup.imported("--mode", "incremental", incremental=True)


# --- Failures ---


ACTIONS = [
    "GetDatabases", "GetSource", "StartFullImport", "EndFullImport", "Import", "GetImportStatus", "GetJobStatus", "UpdateSource",
]
KINDS: dict[str, dict[str, Any]] = {
    "status": {"status": 400}, "status_after": {"status": 500}, "drop_after": {}, "import_error": {}, "import_half": {},
    "job_error": {}, "job_error_after": {}, "cut": {},
}


def _applies(action: str, kind: str) -> bool:
    if kind.startswith("import_"):
        return action == "Import"
    if kind.startswith("job_"):
        return action in ("StartFullImport", "EndFullImport")
    return True


@pytest.mark.parametrize(
    ("action", "kind"), [(action, kind) for action in ACTIONS for kind in KINDS if _applies(action, kind)]
)
def test_a_full_import_that_fails_is_made_good_by_the_next(lab: Callable[..., Lab], action: str, kind: str) -> None:
    setup = lab(hosts=30)
    setup.imported()
    for change in (_fix, _move):
        change(setup)
    setup.trial.expect()
    setup.car.fault(kind, action, skip=1 if action in ("Import", "GetImportStatus") else 0, **KINDS[kind])
    ended = setup.run("--mode", "full")
    if ended.returncode == DONE:
        assert setup.trial.problems() == ""
        return
    assert ended.returncode == RECOVERABLE, ended.stderr
    assert setup.trial.problems_of_a_failure() == ""
    setup.car.clear_faults()
    setup.trial.expect()
    assert setup.run().returncode == DONE
    assert setup.trial.problems(incremental=True) == ""


@pytest.mark.parametrize("kind", ["status", "status_after", "drop_after", "cut"])
@pytest.mark.parametrize("action", ["Import", "GetImportStatus", "Query", "UpdateEdge", "DeleteVertices", "UpdateSource"])
def test_an_incremental_import_that_fails_is_made_good_by_the_next(
    lab: Callable[..., Lab], action: str, kind: str
) -> None:
    setup = lab(hosts=60)
    setup.imported()
    for change in CHANGES.values():
        change(setup)
    setup.trial.expect()
    setup.car.fault(kind, action, skip=2 if action not in ("DeleteVertices", "UpdateSource") else 0, **KINDS[kind])
    ended = setup.run()
    if ended.returncode == DONE:
        assert setup.trial.problems(incremental=True) == ""
        return
    assert ended.returncode == RECOVERABLE, ended.stderr
    assert setup.trial.problems_of_a_failure(incremental=True) == ""
    setup.car.clear_faults()
    for change in (_fix, _delete):
        change(setup)
    setup.trial.expect()
    assert setup.run().returncode == DONE
    assert setup.trial.problems(incremental=True) == ""


@pytest.mark.parametrize("skip", [0, 1, 3])
@pytest.mark.parametrize(
    ("mode", "action"),
    [
        *(("full", one) for one in ("StartFullImport", "Import", "EndFullImport", "UpdateSource")),
        *(("auto", one) for one in ("Import", "Query", "UpdateEdge", "DeleteVertices", "UpdateSource")),
    ],
)
@pytest.mark.parametrize("kind", ["hang", "hang_after"])
def test_a_run_that_is_killed_is_made_good_by_the_next(
    lab: Callable[..., Lab], mode: str, action: str, skip: int, kind: str
) -> None:
    setup = lab(hosts=60)
    setup.imported()
    for change in CHANGES.values():
        change(setup)
    setup.trial.expect()
    number = setup.car.fault(kind, action, skip=skip)
    process = setup.start("--mode", mode)
    # Killed when the call is under way, or after the end when there is no such call.
    while not setup.car.wait_for_fault(number, 0.3) and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate()
    setup.clean()
    setup.car.clear_faults()
    setup.car.settle()
    if process.returncode == DONE:
        assert setup.trial.problems(incremental=mode == "auto") == ""
    else:
        assert setup.trial.problems_of_a_failure(incremental=mode == "auto") == "", err
    for change in (_fix, _delete, _move):
        change(setup)
    setup.trial.expect()
    ended = setup.run()
    assert ended.returncode == DONE, ended.stderr
    assert setup.trial.problems(incremental=True) == ""


QUALYS_FAULTS = [
    ("qps_error", "*/hostasset", {"code": "INVALID_REQUEST"}),
    ("qps_error", "*/hostasset", {"code": "UNAUTHORIZED"}),
    ("simple_return", "*/vm/detection/*", {"code": 2001, "status": 200}),
    ("generic_return", "*/vm/detection/*", {}),
    ("html", "*/knowledge_base/*", {}),
    ("gateway_failed", "*/am/asset", {}),
]
