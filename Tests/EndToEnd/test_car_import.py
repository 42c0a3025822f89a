"""Imports into CAR: the graph is the one that the reference works out of the same data, whatever happens on the way."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from car import pages
from car.client import CAR
from car.trial import Trial
from localcloud.client import LocalCloud
from qualys.client import QualysServer

from jobs import BAD_USAGE, DONE, Terminal, prepare
from lab import SECRET
from lab import Lab as Lambda

RECOVERABLE, UNRECOVERABLE = 10, 20
DATA_SOURCE, CONNECT, SIGN_IN, FORBIDDEN, PARAMETER, PROCESSING = range(50, 56)
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
        answer = self.shell.answer(ended)
        assert incremental or answer["counts"]["refused"] == self.trial.history[-1].refused
        return answer


@pytest.fixture
def lab_of_lambda(cloud: LocalCloud, bootstrap: Path, tmp_path: Path) -> Iterator[Lambda]:
    laboratory = Lambda(cloud, bootstrap, tmp_path)
    yield laboratory
    laboratory.close()


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


def test_many_pages_and_batches_are_read_to_their_end(lab: Callable[..., Lab]) -> None:
    """More assets than a page has of any API, and more QIDs than one call of the KnowledgeBase asks for."""
    setup = lab(hosts=1100, kb=700, detections=6)
    setup.imported()
    assert sum(name == "vulnerability" for name, _ in setup.trial.history[0].vertices) > 300


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


@pytest.mark.parametrize("status", [404, 400])
def test_where_queries_have_no_answer_the_next_import_is_full(lab: Callable[..., Lab], status: int) -> None:
    setup = lab()
    setup.car.fault("status", "Query", status=status, times=-1)
    setup.imported()
    _fix(setup)
    setup.imported()
    setup.car.clear_faults()
    setup.imported()
    _fix(setup)
    setup.imported(incremental=True)


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


# How many of such calls come before the one in which a run is killed.
MOMENTS = {
    ("full", "StartFullImport"): (0,), ("full", "Import"): (0, 1, 3), ("full", "EndFullImport"): (0,),
    ("full", "UpdateSource"): (0, 1), ("auto", "Import"): (0, 1, 3), ("auto", "Query"): (0, 1, 3),
    ("auto", "UpdateEdge"): (0, 1, 3), ("auto", "DeleteVertices"): (0,), ("auto", "UpdateSource"): (0,),
}  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "action", "skip"), [(*call, skip) for call, moments in MOMENTS.items() for skip in moments]
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
    assert setup.car.wait_for_fault(number)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    setup.car.clear_faults()
    setup.car.settle()
    assert setup.trial.problems_of_a_failure(incremental=mode == "auto") == ""
    for change in (_fix, _delete, _move):
        change(setup)
    setup.trial.expect()
    ended = setup.run()
    assert ended.returncode == DONE, ended.stderr
    assert setup.trial.problems(incremental=True) == ""


ODD_ANSWERS: list[tuple[str, str, dict[str, Any], int]] = [
    ("qps_error", "*/hostasset", {"code": "INVALID_REQUEST"}, PARAMETER),
    ("qps_error", "*/hostasset", {"code": "INVALID_CREDENTIALS"}, SIGN_IN),
    ("qps_error", "*/hostasset", {"code": "INSUFFICIENT_PERMISSION"}, FORBIDDEN),
    ("account_expired", "*/vm/detection/*", {}, SIGN_IN),
    ("simple_return", "*/vm/detection/*", {"code": 1905, "status": 200}, PARAMETER),
    ("entity_bomb", "*/vm/detection/*", {}, PROCESSING),
    ("redirect", "*/knowledge_base/*", {"url": "https://other.invalid"}, PARAMETER),
    ("account_expired", "*/knowledge_base/*", {}, SIGN_IN),
    ("gateway_failed", "*/am/asset", {}, PARAMETER),
    ("status", "*/am/asset", {"status": 404}, PROCESSING),
]


@pytest.mark.parametrize(("kind", "path", "rule", "code"), ODD_ANSWERS)
def test_a_read_that_failed_changes_nothing(
    lab: Callable[..., Lab], kind: str, path: str, rule: dict[str, Any], code: int
) -> None:
    setup = lab()
    setup.imported()
    before, state = setup.car.graph(), setup.car.state()
    setup.trial.expect()
    _fix(setup)
    setup.qualys.fault(kind, path, times=-1, **rule)
    for mode in ("full", "auto"):
        mark = len(setup.car.calls())
        ended = setup.run("--mode", mode)
        assert ended.returncode == code, ended.stderr
        actions = {call["action"] for call in setup.car.calls()[mark:]}
        assert actions <= {"GetDatabases", "GetSource", "Query"}
    assert (setup.car.graph(), setup.car.state()) == (before, state)
    setup.qualys.clear_faults()
    setup.imported(incremental=True)


@pytest.mark.parametrize("kind", ["warning_host", "warning_stuck"])
def test_a_next_page_elsewhere_is_not_asked_for(lab: Callable[..., Lab], kind: str) -> None:
    setup = lab(hosts=620, detections=2)
    setup.qualys.fault(kind, "*/vm/detection/*", times=-1)
    ended = setup.run()
    assert ended.returncode == PROCESSING, ended.stderr
    assert setup.car.calls("Import") == []
    setup.qualys.clear_faults()
    setup.imported()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("cut", "*"), ("cut_clean", "*/vm/detection/*"), ("cut_clean", "*/knowledge_base/*"), ("cut_clean", "*/am/asset"),
        ("malformed", "*/vm/detection/*"), ("drop_after", "*"), ("generic_return", "*/vm/detection/*"),
        ("html", "*/knowledge_base/*"), ("jwt_expired", "*/am/asset"),
        ("has_more_boolean", "*"), ("has_more_missing", "*/am/asset"), ("empty", "*/am/asset"),
    ],
)
def test_what_passes_is_tried_again(lab: Callable[..., Lab], kind: str, path: str) -> None:
    setup = lab(hosts=310, detections=1)
    setup.trial.expect()
    setup.qualys.fault(kind, path)
    ended = setup.run()
    assert ended.returncode == DONE, ended.stderr
    assert setup.trial.problems() == ""


# --- The database, sign-in, flags ---


@pytest.mark.parametrize("database", ["absent", "no_graph", "no_indexes", "starting"])
def test_a_database_is_made_ready_first(lab: Callable[..., Lab], database: str) -> None:
    setup = lab(hosts=10)
    setup.car.settings(database=database, import_polls=3, job_polls=3)
    setup.imported()


def test_imports_hold_as_many_objects_as_are_wanted_and_are_kept_on_demand(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    setup = lab(hosts=20)
    folder = tmp_path / "export"
    setup.imported("-keep-export-data-dir", "-export-data-dir", str(folder), "-export-data-page-size", "50")
    files = list(folder.rglob("*.json"))
    largest = max(
        sum(len(value) for value in json.loads(file.read_text()).values() if isinstance(value, list)) for file in files
    )
    assert len(files) > 20 and largest == 50
    assert max(sum(call.get("objects", {}).values()) for call in setup.car.calls("Import")) == 50


def test_the_flags_of_the_connector_work_and_secrets_are_not_seen(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=10)
    setup.trial.expect()
    words = [
        "-qualys_url", setup.qualys.api_url, "-qualys_gateway", setup.qualys.gateway_url,
        "-username", setup.qualys.username, "-password", setup.qualys.password, "-source", "qualys",
        "-car-service-url-for-token", setup.car.url, "-car-service-token", setup.car.token,
    ]  # fmt: skip
    none = {name: None for name in ("QUALYS_USERNAME", "QUALYS_PASSWORD", "QUALYS_API_URL", "QUALYS_GATEWAY_URL")}
    number = setup.car.fault("delay", "GetDatabases", seconds=1)
    process = setup.shell.start("car-import", *words, **none)
    assert setup.car.wait_for_fault(number)
    shown = Path(f"/proc/{process.pid}/cmdline").read_text()
    assert setup.qualys.password not in shown and setup.car.token not in shown
    out, err = process.communicate()
    assert process.returncode == DONE, err
    assert b"warning" in err
    assert setup.qualys.password.encode() not in out + err and setup.car.token.encode() not in out + err
    assert setup.trial.problems() == ""


def test_the_variables_of_the_connector_work(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=10)
    setup.trial.source = "second:source"
    setup.trial.expect()
    ended = setup.run(
        CONNECTION_HOST=setup.qualys.api_url,
        CONFIGURATION_AUTH_QUALYS_GATEWAY=setup.qualys.gateway_url,
        CONFIGURATION_AUTH_USERNAME=setup.qualys.username,
        CONFIGURATION_AUTH_PASSWORD=setup.qualys.password,
        CONNECTION_NAME="second:source",
        QUALYS_USERNAME=None,
        QUALYS_PASSWORD=None,
        QUALYS_API_URL=None,
        QUALYS_GATEWAY_URL=None,
    )
    assert ended.returncode == DONE, ended.stderr
    assert setup.trial.problems() == ""


def test_a_connection_test_signs_in_everywhere_and_imports_nothing(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=5)
    assert setup.run("-connection-test").returncode == DONE
    assert setup.run(DATASOURCE_CONNECTION_TEST="true").returncode == DONE
    assert setup.car.calls("Import") == []
    assert setup.run("-connection-test", QUALYS_PASSWORD="wrong").returncode == SIGN_IN
    setup.qualys.fault("account_expired", "*/knowledge_base/*")
    assert setup.run("-connection-test").returncode == SIGN_IN
    assert setup.run("-connection-test", CAR_SERVICE_KEY="wrong").returncode == RECOVERABLE
    setup.car.fault("status", "GetDatabases", status=418, times=-1)
    assert setup.run("-connection-test").returncode == UNRECOVERABLE


def test_qualys_that_is_not_there_and_a_stopped_run_have_a_status(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=5)
    assert setup.run("--timeout", "10", QUALYS_API_URL="http://127.0.0.1:1").returncode == CONNECT
    number = setup.qualys.fault("hang", "*/hostasset")
    process = setup.start()
    while not any(one["id"] == number and one["played"] for one in setup.qualys.faults()):
        pass
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == DATA_SOURCE
    assert setup.car.calls("Import") == []


def test_flags_that_change_nothing_and_those_that_do(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=5)
    setup.imported("-name", "qualys", "-version", "1.0")
    setup.imported("-update_existing_vulnerability_cve")
    words = [
        "-car-service-url", setup.car.url, "-car-service-key", setup.car.key, "-car-service-password", setup.car.password,
    ]  # fmt: skip
    none = {name: None for name in setup.environment()}
    setup.qualys.fault("cut_clean", "*/vm/detection/*")
    quiet = setup.run(*words, "--mode", "full", **none)
    setup.qualys.fault("cut_clean", "*/vm/detection/*")
    loud = setup.run(*words, "--mode", "full", "-d", **none)
    assert (quiet.returncode, loud.returncode) == (DONE, DONE)
    assert '"debug"' in loud.stderr.lower() and '"debug"' not in quiet.stderr.lower()


@pytest.mark.parametrize(
    "words",
    [
        ("--mode", "half"), ("-source", "a/b"), ("-source", "ä"), ("-export-data-page-size", "2001"), ("--nonsense",),
    ],
)
def test_bad_usage_is_told_before_any_call(lab: Callable[..., Lab], words: tuple[str, ...]) -> None:
    setup = lab(hosts=5)
    assert setup.run(*words).returncode == BAD_USAGE
    assert setup.run(CAR_SERVICE_URL=None).returncode == BAD_USAGE
    assert setup.run(MAX_WORKERS="many").returncode == BAD_USAGE
    assert setup.run(CAR_SERVICE_URL="https://car.invalid/elsewhere").returncode == BAD_USAGE
    assert setup.car.calls() == []


def test_what_car_refuses_for_good_makes_the_next_import_full(lab: Callable[..., Lab]) -> None:
    setup = lab(hosts=10)
    setup.imported()
    _fix(setup)
    setup.car.fault("status", "Import", status=422, skip=1)
    assert setup.run().returncode == UNRECOVERABLE
    assert setup.car.state()["model_state_id"] == ""
    setup.imported()


# --- In Lambda ---


def test_the_job_runs_from_an_event_and_remembers_in_the_table(
    lab_of_lambda: Lambda, qualys_server: Servers, car: CAR
) -> None:
    qualys = qualys_server(hosts=40, rate=0, concurrency=0)
    settings = prepare(lab_of_lambda, qualys)
    lab_of_lambda.change_secret(
        {
            **SECRET,
            "qualys_username": qualys.username,
            "qualys_password": qualys.password,
            "car_url": car.url,
            "car_api_key": car.key,
            "car_api_password": car.password,
        }
    )
    trial = Trial(car, lambda: pages.read(qualys.api_url, qualys.gateway_url, qualys.username, qualys.password))
    with lab_of_lambda.sandbox({**settings, "S3_BUCKET_NAME": None}) as sandbox:
        trial.expect()
        outcome = sandbox.deliver({"job": "car-import"})
        assert outcome.kind == "response", outcome.body
        assert outcome.json["status"] == "done" and outcome.json["counts"]["asset"] == 40
        assert trial.problems() == ""
        qualys.change("fix_detection", host=qualys.truth("hosts")[0]["host"])
        trial.expect()
        mark = len(car.calls())
        assert sandbox.deliver({"job": "car-import", "mode": "incremental"}).kind == "response"
        assert trial.problems(incremental=True) == ""
        assert "StartFullImport" not in {call["action"] for call in car.calls()[mark:]}
        wrong = sandbox.deliver({"job": "car-import", "source": "a/b"})
        assert (wrong.kind, wrong.error_type) == ("error", "Event.Malformed")
        car.fault("status", "Import", status=400)
        failed = sandbox.deliver({"job": "car-import"})
        assert (failed.kind, failed.error_type) == ("error", "Job.Failed")
        assert not any(car.password in line or qualys.password in line for line in sandbox.process.lines)


def test_a_rotated_sign_in_of_car_is_read_anew(lab_of_lambda: Lambda, qualys_server: Servers, car: CAR) -> None:
    qualys = qualys_server(hosts=3, rate=0, concurrency=0)
    settings = prepare(lab_of_lambda, qualys)
    account = {"qualys_username": qualys.username, "qualys_password": qualys.password, "car_url": car.url}
    lab_of_lambda.change_secret({**SECRET, **account, "car_token": "old"})
    with lab_of_lambda.sandbox(settings) as sandbox:
        assert sandbox.deliver({"job": "car-import"}).error_type == "Job.Failed"
        lab_of_lambda.change_secret({**SECRET, **account, "car_token": car.token})
        assert sandbox.deliver({"job": "car-import"}).kind == "response"


def test_a_secret_without_car_is_told_by_its_field(lab_of_lambda: Lambda, qualys_server: Servers) -> None:
    settings = prepare(lab_of_lambda, qualys_server(hosts=3))
    with lab_of_lambda.sandbox(settings) as sandbox:
        outcome = sandbox.deliver({"job": "car-import"})
    assert (outcome.kind, outcome.error_type) == ("error", "Job.Failed")
    assert "car_url" in outcome.json["errorMessage"]
