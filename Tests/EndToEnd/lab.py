"""An account with everything that a scan meets, and Lambda environments to scan in."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud import events
from localcloud.client import LocalCloud
from localcloud.invocation import Invocation, Outcome
from localcloud.process import BootstrapProcess
from localcloud.resources import Keys
from localcloud.runtime_api import RuntimeAPI
from localcloud.scanner import StandInScanner

ACCOUNT = "012345678912"
REGION = "us-east-1"
TOKEN = "qualys-token-3f9c27d18ab64e05"
SECRET = {"qualys_pod": "US2", "qualys_access_token": TOKEN}

# One critical and one medium vulnerability, as the stand-in sees it.
PYTHON = {"app.py": "def handler(event, context): ...\n", "requirements.txt": "requests==2.19.0\npyyaml==5.3\n"}  # fmt: skip
# One critical, one high.
NODE = {"index.js": "exports.handler = 1\n", "package.json": '{"dependencies": {"lodash": "4.17.20", "minimist": "1.2.5"}}'}  # fmt: skip
OTHER = {"app.py": "def handler(event, context): return 1\n", "requirements.txt": "pyyaml==5.3\n"}


def eventually(fits: Callable[[], Any], timeout: float = 20.0) -> Any:
    """Asks until the answer is true, and gives it back."""
    end = time.monotonic() + timeout
    while not (answer := fits()):
        if time.monotonic() > end:
            raise TimeoutError("it did not come about")
        time.sleep(0.01)
    return answer


class Sandbox:
    """One execution environment of Lambda: a Runtime API, a /tmp of its own, and the bootstrap."""

    def __init__(self, bootstrap: Path, environment: Mapping[str, str], temporary: Path) -> None:
        temporary.mkdir(exist_ok=True)
        self.temporary = temporary
        self.api = RuntimeAPI().start()
        self.process = BootstrapProcess(
            bootstrap, {**environment, "TMPDIR": str(temporary)}, self.api
        )
        self._has_died = False

    def send(self, event: Any, **options: Any) -> Invocation:
        return self.api.invoke(event, **options)

    def deliver(self, event: Any, wait: float = 40.0, **options: Any) -> Outcome:
        """Sends an event and waits for how it ends."""
        return self.send(event, **options).result(wait)

    @property
    def scratch(self) -> list[Path]:
        """What scans have left on the disk."""
        return [path for path in self.temporary.rglob("*") if path.name != "qualys-lambda-scanner"]

    @property
    def logs(self) -> list[dict[str, Any]]:
        return self.process.logs

    def logged(self, message: str) -> dict[str, Any]:
        """The first log entry that begins so."""
        return self.process.wait_for_log(lambda entry: entry.get("message", "").startswith(message))

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [entry for entry in self.logs if "_aws" in entry]

    def die(self) -> None:
        """As Lambda ends an environment: at once, in the middle of anything."""
        self._has_died = True
        self.process.kill()

    def close(self) -> None:
        self.process.kill()
        self.api.stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = self.scratch
        self.close()
        if kind is not None:
            return
        # What holds in every test.
        assert self.api.violations == []
        assert self._has_died or left == []
        assert self.process.stderr == []
        assert all(line.startswith("{") for line in self.process.stdout)
        assert len(self.logs) == len(self.process.stdout)
        assert not any(TOKEN in line for line in self.process.lines)


class Lab:
    """An emptied cloud with secret, bucket, table, topic and scanner; functions come as needed."""

    def __init__(self, cloud: LocalCloud, bootstrap: Path, folder: Path) -> None:
        cloud.reset()
        cloud.record_bodies(False)
        self.cloud = cloud
        self.bootstrap = bootstrap
        self.folder = folder
        self.secret_arn = cloud.create_secret("qualys", SECRET)
        self.bucket = cloud.create_bucket("scan-results")
        self.table = cloud.create_table("scan-cache")
        self.topic = cloud.create_topic_with_queue("scans")
        self.scanner = StandInScanner(folder / "bin", cloud.endpoint)
        self._messages: list[dict[str, Any]] = []
        self._sandboxes = 0
        cloud.clear_calls()

    def close(self) -> None:
        """Ends scanners whose bootstrap was killed: Lambda would end them with the environment."""
        for start in self.scanner.events():
            pid = start.get("child") or start["pid"]
            with contextlib.suppress(OSError):
                # Its number may be another's by now; only ours have this folder for a home.
                if os.fsencode(self.folder) in Path(f"/proc/{pid}/environ").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    # --- Setting the stage ---

    def environment(
        self,
        settings: Mapping[str, str | None] | None = None,
        *,
        keys: Keys | None = None,
        region: str = REGION,
        **changes: str | None,
    ) -> dict[str, str]:
        """The settings of a scanner with all features on; a change to None takes one out."""
        given = {
            **self.cloud.env(keys, region),
            "PATH": "/usr/bin:/bin",
            "AWS_LAMBDA_FUNCTION_NAME": "scanner",
            "QUALYS_SECRET_ARN": self.secret_arn,
            "QSCANNER_PATH": str(self.scanner.path),
            "RESULTS_S3_BUCKET": self.bucket,
            "SNS_TOPIC_ARN": self.topic.arn,
            "SCAN_CACHE_TABLE": self.table,
            **(settings or {}),
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def sandbox(
        self,
        settings: Mapping[str, str | None] | None = None,
        *,
        temporary: Path | None = None,
        keys: Keys | None = None,
        region: str = REGION,
        **changes: str | None,
    ) -> Sandbox:
        """A running bootstrap with the usual settings but for those given."""
        self._sandboxes += 1
        folder = temporary or self.folder / f"tmp{self._sandboxes}"
        environment = self.environment(settings, keys=keys, region=region, **changes)
        return Sandbox(self.bootstrap, environment, folder)

    def function(
        self, name: str = "orders", files: Mapping[str, str | bytes] = PYTHON, **options: Any
    ) -> str:
        arn = self.cloud.create_function(name, files, **options)
        self.cloud.clear_calls()
        return arn

    def change_secret(self, value: Mapping[str, Any] | str) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.cloud.boto("secretsmanager").put_secret_value(
            SecretId=self.secret_arn, SecretString=text
        )

    def change_row(self, arn: str, **numbers: int) -> None:
        """Sets numbers in a row of the cache."""
        for name, number in numbers.items():
            self.cloud.boto("dynamodb").update_item(
                TableName=self.table,
                Key={"function_arn": {"S": arn}},
                UpdateExpression="SET #n = :v",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues={":v": {"N": str(number)}},
            )

    # --- What is there afterwards ---

    def actions(self) -> list[str]:
        """The calls so far but the test's own; QScanner's one GetFunction is among them."""
        return [call["action"] for call in self.cloud.calls() if "Boto" not in call["user_agent"]]

    def row(self, arn: str) -> dict[str, Any] | None:
        """A function's row in the cache, as plain values."""
        for row in self.cloud.rows(self.table):
            if row["function_arn"] == {"S": arn}:
                return {name: _plain(value) for name, value in row.items()}
        return None

    def tags(self, arn: str, keys: Keys | None = None) -> dict[str, str]:
        region = arn.split(":")[3]
        answer = self.cloud.boto("lambda", region, keys).list_tags(Resource=arn)
        return dict(answer["Tags"])

    def objects(self) -> dict[str, bytes]:
        return self.cloud.objects(self.bucket)

    def documents(self) -> dict[str, Any]:
        """The documents that sum scans up, by key."""
        return {
            key: json.loads(body) for key, body in self.objects().items() if key.count("/") == 4
        }

    def messages(self) -> list[dict[str, Any]]:
        """All that subscribers have got so far."""
        self._messages += self.topic.drain()
        return self._messages

    def assert_complete(self, arn: str, status: str = "success", keys: Keys | None = None) -> None:
        """Result, message, tags and row are all there and speak of the same scan."""
        row = self.row(arn)
        assert row is not None and row.get("scan_status") == status
        assert not {"claim_owner", "claim_expires"} & set(row)
        key = row["results"].removeprefix(f"s3://{self.bucket}/")
        objects = self.objects()
        document = json.loads(objects[key])
        assert (document["scan_status"], document["function_arn"]) == (status, arn)
        if status == "success":
            folder = key.removesuffix(".json")
            assert {f"{folder}/Report.sarif.json", f"{folder}/ScanResult.spdx.json"} <= set(objects)
        told = [
            message for message in self.messages() if message["json"]["results"] == row["results"]
        ]
        assert told and told[0]["json"]["scan_status"] == status
        tags = self.tags(arn, keys)
        assert tags["QualysScanStatus"] == status
        assert tags["QualysScanTimestamp"] == row["scan_timestamp"]

    def assert_failed(self, arn: str, outcome: Outcome, error_type: str) -> None:
        """Lambda sees the failure, the function is tagged, and nothing is remembered."""
        assert (outcome.kind, outcome.error_type) == ("error", error_type), outcome.body
        assert outcome.json["errorType"] == error_type and outcome.json["errorMessage"]
        assert self.tags(arn)["QualysScanStatus"] == "failed"
        row = self.row(arn) or {}
        assert not {"code_sha256", "scan_status", "claim_owner", "claim_expires"} & set(row)

    def assert_scans_again(self, sandbox: Sandbox, name: str, arn: str) -> None:
        outcome = sandbox.deliver(events.code_updated(name))
        assert outcome.kind == "response" and outcome.json["status"] == "scanned", outcome.body
        self.assert_complete(arn)


def _plain(value: dict[str, Any]) -> Any:
    """A DynamoDB value as Python's, numbers as such; other types stay as they are."""
    if "N" in value:
        return int(value["N"])
    return value.get("S", value)
