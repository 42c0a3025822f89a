"""Each job may do what it does and nothing else, with a table for its state and without.

A stack with this one job turned on gives settings and role; what the job calls must be allowed, and whatever is allowed for
jobs must have been called for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from car.client import CAR
from lab import SECRET
from localcloud.client import LocalCloud
from policies import Call, allows
from qualys.client import QualysServer
from stacks import deployed

# What scans need; test_least_privilege.py is about those.
OF_SCANS = {
    "WriteLog", "DecryptSecret", "ReadFunctions", "TagFunctions", "DecryptFunctions", "SignInToRegistry", "ReadImages",
    "SendDeadLetters", "TellOfScans",
}  # fmt: skip
JOBS = {"WasExport": "was-export", "WasSnapshot": "was-snapshot", "HostDetections": "host-detections", "CarImport": "car-import"}  # fmt: skip


@pytest.fixture(scope="module")
def qualys() -> Iterator[QualysServer]:
    server = QualysServer.start(scans=3, scan_days=1)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def car() -> Iterator[CAR]:
    with CAR.start() as server:
        yield server


@pytest.mark.parametrize("cache", [True, False], ids=["table", "bucket"])
@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_allowed_what_it_does_and_nothing_else(
    cloud: LocalCloud, job: str, cache: bool, qualys: QualysServer, car: CAR, bootstrap: Path, tmp_path: Path
) -> None:
    stack = deployed(cloud, "single-account-native", **{f"Enable{job}": "true", "EnableScanCache": str(cache).lower()})
    account = {"qualys_username": qualys.username, "qualys_password": qualys.password}
    database = {"car_url": car.url, "car_api_key": car.key, "car_api_password": car.password}
    cloud.boto("secretsmanager").put_secret_value(
        SecretId=stack.parameters["QualysSecretArn"], SecretString=json.dumps({**SECRET, **account, **database})
    )
    servers = {"QUALYS_API_URL": qualys.api_url, "QUALYS_GATEWAY_URL": qualys.gateway_url}
    cloud.clear_calls()
    with stack.scanner(bootstrap, tmp_path, **servers) as scanner:
        first = answer(scanner.deliver({"job": JOBS[job]}))
        answer(scanner.deliver({"job": JOBS[job], **again(job, first)}))
    calls = [Call.of(call) for call in cloud.calls() if call["access_key_id"] == scanner.keys.access_key_id]

    statements = stack.policies(stack.outputs["RoleArn"])
    assert [call for call in calls if not allows(statements, call)] == []
    unused = {item["Sid"] for item in statements if not any(allows([item], call) for call in calls)}
    assert unused - OF_SCANS == ({"StoreResults"} if (job, cache) == ("CarImport", True) else set())


def again(job: str, first: dict[str, Any]) -> dict[str, Any]:
    """What lets the second run read what the first has written."""
    return {"WasSnapshot": {"since": "last"}, "HostDetections": {"retry_run": first["run"]}}.get(job, {})


def answer(outcome: Any) -> dict[str, Any]:
    assert outcome.kind == "response", outcome.body
    return dict(outcome.json)
