"""The same under AWS's own Runtime Interface Emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud import events
from localcloud.rie import RuntimeInterfaceEmulator

from lab import NODE, Lab


class Emulated:
    """A bootstrap in the emulator."""

    def __init__(self, emulator: RuntimeInterfaceEmulator) -> None:
        self._emulator = emulator

    def deliver(self, event: Any) -> Any:
        status, body = self._emulator.invoke(event)
        assert status == 200
        return json.loads(body)


@pytest.fixture
def emulated(lab: Lab, tmp_path: Path) -> Iterator[Emulated]:
    (tmp_path / "emulated").mkdir()
    environment = lab.environment(
        AWS_LAMBDA_FUNCTION_TIMEOUT="60", TMPDIR=str(tmp_path / "emulated")
    )
    with RuntimeInterfaceEmulator(lab.bootstrap, environment) as emulator:
        yield Emulated(emulator)


def test_zip_image_cached_and_failed(lab: Lab, emulated: Emulated) -> None:
    python = lab.function("python")
    node = lab.function("node", NODE, runtime="nodejs22.x")
    image = lab.cloud.create_image_function("image")
    for name, arn in (("python", python), ("node", node), ("image", image)):
        answer = emulated.deliver(events.code_updated(name))
        assert (answer["status"], answer["function_arn"]) == ("scanned", arn)
        lab.assert_complete(arn)
        assert emulated.deliver(events.code_updated(name))["status"] == "cached"

    lab.function("breaks")
    lab.scanner.turn("breaks", exit_code=13)
    answer = emulated.deliver(events.code_updated("breaks"))
    assert answer["errorType"] == "QScanner.SCAScanFailed" and answer["stackTrace"] == []
    lab.scanner.turn("breaks", exit_code=None)
    assert emulated.deliver(events.code_updated("breaks"))["status"] == "scanned"

    assert emulated.deliver(b"[]")["errorType"] == "Event.Malformed"
    assert emulated.deliver(events.code_updated("gone"))["status"] == "skipped"


def test_the_emulator_shows_a_failed_start(lab: Lab, tmp_path: Path) -> None:
    environment = lab.environment(QUALYS_SECRET_ARN="no ARN", TMPDIR=str(tmp_path))
    with RuntimeInterfaceEmulator(lab.bootstrap, environment) as emulator:
        _, body = emulator.invoke(events.code_updated("orders"))
        answer = json.loads(body)
    assert answer["errorType"] == "Settings.Invalid"
    assert "QUALYS_SECRET_ARN" in answer["errorMessage"]
