"""One CAR server for all tests of a run; every test finds it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from car.client import CAR
from car.importer import Importer


@pytest.fixture(scope="session")
def running_car() -> Iterator[CAR]:
    with CAR.start() as car:
        yield car


@pytest.fixture
def car(running_car: CAR) -> CAR:
    running_car.reset()
    return running_car


@pytest.fixture
def importer(car: CAR) -> Importer:
    return Importer(car.url, car.key, car.password)
