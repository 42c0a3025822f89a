"""The local cloud, and a laboratory in it for every test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud.client import LocalCloud
from qualys.client import QualysServer

from jobs import Terminal
from lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]
CALLS = REPOSITORY / "build" / "calls"


def program(name: str) -> Path:
    """A built program: where the variable of its name points to, else the release build."""
    path = Path(os.environ.get(name.upper()) or REPOSITORY / ".build" / "release" / name)
    if not os.access(path, os.X_OK):
        pytest.exit(f"{path} is not there: build it, or set {name.upper()} to another.", 2)
    return path.resolve()


@pytest.fixture(scope="session")
def bootstrap() -> Path:
    return program("bootstrap")


@pytest.fixture(scope="session")
def qualysctl() -> Path:
    return program("qualysctl")


@pytest.fixture(scope="session")
def calls_of_the_program() -> Iterator[set[tuple[str, ...]]]:
    """What the program has called in all tests; Tests/Deploy holds it against the roles that the templates make.

    `build/calls/` has one file for each process that ran tests.
    """
    calls: set[tuple[str, ...]] = set()
    yield calls
    CALLS.mkdir(parents=True, exist_ok=True)
    file = CALLS / f"end-to-end-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}.json"
    file.write_text(json.dumps(sorted(calls), indent=1))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forgets the calls of the last run, once."""
    if not hasattr(session.config, "workerinput"):
        for file in CALLS.glob("end-to-end-*.json"):
            file.unlink()


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One for all tests of a run; `lab` empties it for each."""
    with LocalCloud.start() as running:
        yield running


@pytest.fixture
def lab(
    cloud: LocalCloud,
    bootstrap: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    calls_of_the_program: set[tuple[str, ...]],
) -> Iterator[Lab]:
    laboratory = Lab(cloud, bootstrap, tmp_path)
    yield laboratory
    laboratory.close()
    kinds = cloud.take_kinds_of_calls()
    # What a person does with qualysctl is done with the person's permissions.
    if "terminal" not in request.fixturenames and not request.path.stem.startswith("test_qualysctl"):
        calls_of_the_program |= {tuple(kind) for kind in kinds if kind[4] == "qualys-lambda-scanner"}


@pytest.fixture
def qualys_server() -> Iterator[Callable[..., QualysServer]]:
    """Starts stand-ins for Qualys; options as in `qualys.options`."""
    running: list[QualysServer] = []

    def start(**options: Any) -> QualysServer:
        running.append(QualysServer.start(**options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def terminal(qualysctl: Path, tmp_path: Path) -> Callable[[QualysServer], Terminal]:
    """A shell with the account of a stand-in."""
    return lambda qualys: Terminal(qualysctl, qualys, tmp_path)
