"""The scheduled jobs' part of `make demo`: the schedule's events, against a stand-in for Qualys."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.client import LocalCloud
from localcloud.rie import RuntimeInterfaceEmulator
from qualys.client import QualysServer

Say = Callable[..., None]
BUCKET = "qualys-data"
SUBSCRIPTION = {"webapps": 25, "findings": 12, "catalog": 200, "scans": 30, "scan_days": 0.5, "hosts": 200, "rate": 0}


def show_jobs(bootstrap: str, cloud: LocalCloud, settings: Mapping[str, str], folder: Path, say: Say) -> None:
    """Runs each job as its schedule would, and says what is in the bucket afterwards."""
    with QualysServer.start(**SUBSCRIPTION) as qualys:
        secret = {"qualys_username": qualys.username, "qualys_password": qualys.password}
        cloud.boto("secretsmanager").put_secret_value(
            SecretId=settings["QUALYS_SECRET_ARN"], SecretString=json.dumps(secret)
        )
        cloud.boto("s3").create_bucket(Bucket=BUCKET)
        environment = {
            **cloud.env(),
            **settings,
            "AWS_LAMBDA_FUNCTION_NAME": "qualys-scanner",
            "QUALYS_API_URL": qualys.api_url,
            "QUALYS_GATEWAY_URL": qualys.gateway_url,
            "S3_BUCKET_NAME": BUCKET,
            "PATH": "/usr/bin:/bin",
        }
        with RuntimeInterfaceEmulator(bootstrap, environment) as emulator:
            export = _run(emulator, say, "was-export", {"detail-type": "Scheduled Event", "source": "aws.events"})
            say("s3", f"{export['counts']['exported']} scans as <id>.json, and {_key(export['manifest'])}")
            again = _run(emulator, say, "once more", {"job": "was-export"})
            say("answer", f"{again['counts']['exported']} new scans")
            snapshot = _run(emulator, say, "was-snapshot", {"job": "was-snapshot"})
            _show_snapshot(cloud, snapshot, folder, say)
            detections = _run(emulator, say, "host-detections", {"job": "host-detections", "rows": ["ndjson"]})
            _show_detections(cloud, detections, say)


def _run(emulator: RuntimeInterfaceEmulator, say: Say, name: str, event: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    _, body = emulator.invoke(event)
    answer: dict[str, Any] = json.loads(body)
    if "errorType" in answer:
        print("\n".join(emulator.process.lines), file=sys.stderr)
        sys.exit(f"{name}: {answer['errorType']}: {answer['errorMessage']}")
    say(name, f"{answer['status']} in {time.monotonic() - began:.2f} s", headline=True)
    return answer


def _key(address: str) -> str:
    return address.removeprefix(f"s3://{BUCKET}/")


def _show_snapshot(cloud: LocalCloud, answer: dict[str, Any], folder: Path, say: Say) -> None:
    prefix = _key(answer["manifest"]).rsplit("/", 1)[0]
    objects = cloud.objects(BUCKET)
    pages = [key for key in objects if key.startswith(f"{prefix}/json/")]
    say("s3", f"{prefix}/was_sqlite.db.gz and {len(pages)} JSON pages")
    database = folder / "was_sqlite.db"
    database.write_bytes(gzip.decompress(objects[f"{prefix}/was_sqlite.db.gz"]))
    connection = sqlite3.connect(database)
    count = connection.execute(
        "select count(*) from Q_WAS_Finding f join Q_KnowledgeBase_In_Q_WAS_FINDING k on k.QID = f.qid"
        " where f.severity = 4 and f.findingType = 'QUALYS'"
    ).fetchone()[0]
    connection.close()
    say("sqlite3", f"{count} findings of severity 4, joined with the KnowledgeBase")


def _show_detections(cloud: LocalCloud, answer: dict[str, Any], say: Say) -> None:
    prefix = _key(answer["manifest"]).rsplit("/", 1)[0]
    rows = [key for key in cloud.objects(BUCKET) if key.startswith(f"{prefix}/rows/")]
    say("s3", f"{prefix}/xml/ and {', '.join(key.rsplit('/', 1)[1] for key in rows)}")
    say("answer", ", ".join(f"{value} {name}" for name, value in answer["counts"].items()))
