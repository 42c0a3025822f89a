"""The local cloud and the program that is deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.client import LocalCloud

pytest_plugins = ("no_skips",)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def bootstrap() -> Path:
    path = Path(os.environ.get("BOOTSTRAP") or REPOSITORY / ".build" / "release" / "bootstrap")
    if not os.access(path, os.X_OK):
        pytest.exit(f"{path} is not there: build it, or set BOOTSTRAP to another.", 2)
    return path.resolve()


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One for all tests of a run; each stack begins with an empty one."""
    with LocalCloud.start() as running:
        yield running
