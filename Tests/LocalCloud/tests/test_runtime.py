"""The scripted Runtime API, the process harness, and AWS's own emulator."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.process import BootstrapProcess
from localcloud.rie import RuntimeInterfaceEmulator
from localcloud.runtime_api import RuntimeAPI

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def api() -> Iterator[RuntimeAPI]:
    with RuntimeAPI() as running:
        yield running


def test_events_are_answered_one_after_the_other(api: RuntimeAPI) -> None:
    with BootstrapProcess(BOOTSTRAP, ENVIRONMENT, api) as process:
        first, second = api.invoke({"n": 1}, request_id="one"), api.invoke({"n": 2})
        assert first.result().json == {"got": {"n": 1}}
        assert second.result().json == {"got": {"n": 2}}
        assert process.wait_for_log(lambda entry: entry["requestId"] == "one")["level"] == "INFO"
    assert api.violations == [] and api.next_calls >= 2


def test_an_error_keeps_its_type_and_bad_ones_are_noticed(api: RuntimeAPI) -> None:
    with BootstrapProcess(BOOTSTRAP, ENVIRONMENT, api):
        outcome = api.invoke({"do": "fail"}).result()
        assert (outcome.kind, outcome.error_type) == ("error", "Test.Failed")
        assert outcome.json["errorMessage"] == "no" and api.violations == []
        api.invoke({"do": "fail badly"}).result()
    assert len(api.violations) == 2


def test_a_process_that_dies_ends_its_invocation(api: RuntimeAPI) -> None:
    process = BootstrapProcess(BOOTSTRAP, ENVIRONMENT, api)
    outcome = api.invoke({"do": "die"}).result()
    assert (outcome.kind, outcome.exit_status, process.wait()) == ("died", 3, 3)


def test_an_init_error_is_caught(api: RuntimeAPI) -> None:
    process = BootstrapProcess(BOOTSTRAP, {**ENVIRONMENT, "INIT": "fail"}, api)
    assert process.wait() == 1
    assert api.init_error and api.init_error.error_type == "Test.Failed"


def test_cost_is_measured(api: RuntimeAPI) -> None:
    with BootstrapProcess(BOOTSTRAP, ENVIRONMENT, api) as process:
        api.invoke({"do": "work"}).result()
        assert process.cpu_seconds >= 0.2 and process.peak_memory_kb > 30_000
    assert process.cpu_seconds >= 0.2 and process.returncode == -9


def test_a_frozen_process_waits(api: RuntimeAPI) -> None:
    with BootstrapProcess(BOOTSTRAP, ENVIRONMENT, api) as process:
        api.invoke({}).result()
        process.freeze()
        invocation = api.invoke({"n": 1})
        with pytest.raises(TimeoutError):
            invocation.result(0.2)
        process.thaw()
        assert invocation.result().kind == "response"


def test_the_api_misbehaves_on_demand(api: RuntimeAPI) -> None:
    def connection() -> http.client.HTTPConnection:
        return http.client.HTTPConnection(api.address)

    next_path = "/2018-06-01/runtime/invocation/next"
    api.drop_next, api.next_statuses = 1, [503]
    first = connection()
    first.request("GET", next_path)
    with pytest.raises(http.client.RemoteDisconnected):
        first.getresponse()
    second = connection()
    second.request("GET", next_path)
    refused = second.getresponse()
    assert refused.status == 503 and refused.read()
    api.omit_headers, api.result_statuses = {"lambda-runtime-trace-id"}, [500, 413]
    invocation = api.invoke(b"{}", request_id="id-1", timeout_s=9)
    second.request("GET", next_path)
    event = second.getresponse()
    event.read()
    assert event.headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
    assert event.headers["Lambda-Runtime-Trace-Id"] is None
    statuses = []
    for _ in range(3):
        second.request(
            "POST",
            "/2018-06-01/runtime/invocation/id-1/response",
            b"{}",
            {"Content-Type": "application/json"},
        )
        answer = second.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert statuses == [500, 413, 202] and invocation.result().kind == "response"
    second.request("POST", "/2018-06-01/runtime/invocation/wrong/response", b"{}")
    assert second.getresponse().status == 400
    assert any("'wrong'" in violation for violation in api.violations)


def test_the_emulator_of_aws_runs_a_bootstrap() -> None:
    environment = {**ENVIRONMENT, "AWS_LAMBDA_FUNCTION_NAME": "scanner"}
    with RuntimeInterfaceEmulator(BOOTSTRAP, environment) as emulator:
        assert emulator.invoke({"n": 1}) == (200, b'{"got": {"n": 1}}')
        status, body = emulator.invoke({"do": "fail"})
        assert status == 200 and b"Test.Failed" in body
