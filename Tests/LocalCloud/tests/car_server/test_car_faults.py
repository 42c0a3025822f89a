"""Every kind of fault does to a client what it says."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import urllib.error

import pytest

from car.client import CAR
from car.importer import Importer

from test_car_interface import ENVELOPE, VERTICES, ids, send, status

START = "/source/qualys/full-import-in-progress"


@pytest.mark.parametrize("code", [302, 400, 401, 403, 408, 429, 500, 503, 504])
def test_a_status_comes_instead_of_the_work(car: CAR, importer: Importer, code: int) -> None:
    send(importer)
    car.fault("status", "UpdateSource", status=code, skip=1)
    importer.set_state("1")
    assert status(importer, "PATCH", "/source?key=qualys", {"model_state_id": "2"}) == code
    assert importer.state() == "1"
    importer.set_state("3")
    assert importer.state() == "3"
    assert [call["fault"] for call in car.calls("UpdateSource")] == [None, "status", None]


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", None), ("drop_after", "7"), ("status_after", "7")])
def test_an_answer_can_be_lost_before_or_after_the_work(car: CAR, importer: Importer, kind: str, kept: str | None) -> None:
    send(importer)
    car.fault(kind, "UpdateSource", status=504)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, urllib.error.HTTPError)):
        importer.set_state("7")
    assert importer.state() == kept


def test_an_answer_can_be_cut_short(car: CAR, importer: Importer) -> None:
    car.fault("cut", "GetDatabases", after_bytes=5)
    with pytest.raises(http.client.IncompleteRead):
        importer.call("GET", "/databases")


def test_a_delay_only_takes_time(car: CAR, importer: Importer) -> None:
    car.fault("delay", "GetDatabases", seconds=0.05)
    importer.wait_until_ready()


@pytest.mark.parametrize("kind", ["hang", "hang_after"])
def test_a_hang_ends_without_an_answer(car: CAR, importer: Importer, kind: str) -> None:
    car.fault(kind, "GetDatabases", seconds=0.05)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        importer.call("GET", "/databases")


@pytest.mark.parametrize(("kind", "applied"), [("import_error", []), ("import_half", ["1"])])
def test_an_import_can_fail_after_it_was_taken(car: CAR, importer: Importer, kind: str, applied: list[str]) -> None:
    car.fault(kind, "Import", resource="asset")
    send(importer)
    with pytest.raises(ValueError, match="imports failed"):
        send(importer, **VERTICES)
    assert ids(car, "asset") == applied
    send(importer, **VERTICES)
    assert ids(car, "asset") == ["1", "2"]


@pytest.mark.parametrize(("kind", "started"), [("job_error", False), ("job_error_after", True)])
def test_a_job_can_fail_with_and_without_its_work(car: CAR, importer: Importer, kind: str, started: bool) -> None:
    car.fault(kind, "StartFullImport")
    with pytest.raises(ValueError, match="failed"):
        importer.job("POST", START)
    assert car.state()["full_import_in_progress"] == started


def test_an_import_can_take_longer(car: CAR, importer: Importer) -> None:
    car.fault("slow", "Import", polls=5)
    send(importer, **VERTICES)
    assert car.actions().count("GetImportStatus") == 7


def test_a_database_can_be_unready_in_between(car: CAR, importer: Importer) -> None:
    car.fault("not_ready", "GetDatabases", times=2)
    importer.wait_until_ready()
    assert car.actions() == ["GetDatabases"] * 3


def test_an_import_can_be_accepted_without_an_id(car: CAR, importer: Importer) -> None:
    car.fault("status", "Import", status=200, body="{}")
    assert json.loads(importer.call("POST", "/imports", ENVELOPE)) == {}


def test_a_rule_lasts_until_it_is_taken_away(car: CAR, importer: Importer) -> None:
    car.fault("status", "Get*", times=-1, status=503)
    assert [status(importer, "GET", "/databases") for _ in range(3)] == [503] * 3
    assert car.faults()[0]["played"] == 3
    car.clear_faults()
    assert status(importer, "GET", "/databases") == 200


def test_an_unknown_kind_is_refused(car: CAR) -> None:
    with pytest.raises(ValueError, match="there are status"):
        car.fault("explode")


def test_a_test_can_wait_for_the_moment_of_a_fault(car: CAR, importer: Importer) -> None:
    number = car.fault("hang", "GetDatabases", skip=1)
    assert not car.wait_for_fault(number, 0)

    def ask_twice() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            for _ in range(2):
                status(importer, "GET", "/databases")

    threading.Thread(target=ask_twice, daemon=True).start()
    assert car.wait_for_fault(number)
    assert car.calls()[-1]["status"] is None


def test_a_connection_can_go_stale_after_an_answer(car: CAR) -> None:
    car.fault("close_after", "GetDatabases")
    host, _, path = car.url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    headers = {"Authorization": f"car-token {car.token}"}
    connection.request("GET", f"/{path}/databases", headers=headers)
    answer = connection.getresponse()
    assert answer.read() and not answer.will_close
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.request("GET", f"/{path}/databases", headers=headers)
        connection.getresponse()
