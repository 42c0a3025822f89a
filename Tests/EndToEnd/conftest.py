"""The local cloud, and a laboratory in it for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.client import LocalCloud

from lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]


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
def cloud() -> Iterator[LocalCloud]:
    """One for all tests of a run; `lab` empties it for each."""
    with LocalCloud.start() as running:
        yield running


@pytest.fixture
def lab(cloud: LocalCloud, bootstrap: Path, tmp_path: Path) -> Iterator[Lab]:
    laboratory = Lab(cloud, bootstrap, tmp_path)
    yield laboratory
    laboratory.close()
