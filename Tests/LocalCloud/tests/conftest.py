"""One cloud for all tests of a run; every test finds it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.client import LocalCloud


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start() as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    running_cloud.reset()
    return running_cloud
