"""One cloud and one Qualys for all tests of a run; every test finds them as after the start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.client import LocalCloud
from qualys.client import QualysServer


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start() as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    running_cloud.reset()
    return running_cloud


@pytest.fixture(scope="session")
def running_qualys() -> Iterator[QualysServer]:
    with QualysServer.start(now="2024-05-06T12:00:00Z", hosts=400) as server:
        yield server


@pytest.fixture
def qualys(running_qualys: QualysServer) -> QualysServer:
    running_qualys.reset()
    return running_qualys
