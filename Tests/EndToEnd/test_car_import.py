"""Imports into CAR: the graph is the one that the reference works out of the same data, whatever happens on the way."""

from __future__ import annotations

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
