"""A changed function is scanned, and everything that users rely on is left behind."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from localcloud import events
from localcloud.resources import zip_bytes

from lab import ACCOUNT, NODE, PYTHON, REGION, SECRET, TOKEN, Lab

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def sha256_of(files: dict[str, str]) -> str:
    return base64.b64encode(hashlib.sha256(zip_bytes(files)).digest()).decode()


def test_a_scan_leaves_result_message_tags_and_row(lab: Lab) -> None:
    arn = lab.function(tags={"team": "payments"})
    before = time.time()
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("orders"))
    lab.assert_complete(arn)
    row, tags = lab.row(arn), lab.tags(arn)
    assert row is not None
    stamp = row["scan_timestamp"]
    assert ISO.fullmatch(stamp)
    scanned_at = datetime.fromisoformat(stamp).timestamp()
    assert int(before) <= scanned_at <= time.time()
    counts = {"critical": 1, "high": 0, "medium": 1, "low": 0, "info": 0}

    assert outcome.kind == "response"
    assert outcome.json == {
        "status": "scanned",
        "function_arn": arn,
        "code_sha256": sha256_of(PYTHON),
        "results": row["results"],
        "vulnerabilities": counts,
    }

    assert tags.pop("QualysScanTag").isdigit()
    assert tags == {
        "team": "payments",
        "QualysScanStatus": "success",
        "QualysScanTimestamp": stamp,
    }

    assert set(row) == {
        "function_arn", "code_sha256", "layers_sha256", "scan_timestamp", "scan_status",
        "function_name", "package_type", "runtime", "last_modified", "results", "ttl",
    }  # fmt: skip
    assert row["code_sha256"] == sha256_of(PYTHON)
    assert row["layers_sha256"] == hashlib.sha256(b"").hexdigest()
    assert (row["function_name"], row["package_type"]) == ("orders", "Zip")
    assert row["runtime"] == "python3.12" and row["last_modified"].startswith("20")
    assert row["ttl"] == int(scanned_at) + 30 * 86400

    basic = stamp.replace("-", "").replace(":", "")
    base = f"scans/{ACCOUNT}/{REGION}/orders/{basic}"
    objects = lab.objects()
    assert set(objects) == {
        f"{base}.json", f"{base}/Report.sarif.json", f"{base}/ScanResult.spdx.json",
    }  # fmt: skip
    assert json.loads(objects[f"{base}/Report.sarif.json"])["version"] == "2.1.0"
    assert json.loads(objects[f"{base}/ScanResult.spdx.json"])["spdxVersion"] == "SPDX-2.3"
    document = json.loads(objects[f"{base}.json"])
    packages = document.pop("scan_result")["SCAResults"][0]["Packages"]
    assert {package["Name"] for package in packages} == {"requests", "pyyaml"}
    assert document.pop("duration_seconds") > 0
    assert document.pop("qualys_scan_tag").isdigit()
    assert document == {
        "function_arn": arn,
        "function_name": "orders",
        "account_id": ACCOUNT,
        "region": REGION,
        "package_type": "Zip",
        "runtime": "python3.12",
        "code_sha256": sha256_of(PYTHON),
        "layers_sha256": row["layers_sha256"],
        "scan_timestamp": stamp,
        "scan_status": "success",
        "exit_code": 0,
        "vulnerabilities": counts,
        "secrets_found": 0,
        "notes": [],
    }

    (message,) = lab.messages()
    assert message["json"] == {
        "function_name": "orders",
        "function_arn": arn,
        "account_id": ACCOUNT,
        "region": REGION,
        "code_sha256": sha256_of(PYTHON),
        "scan_timestamp": stamp,
        "scan_status": "success",
        "results": f"s3://{lab.bucket}/{base}.json",
        "vulnerability_summary": counts,
        "secrets_found": 0,
    }
    assert message["attributes"] == {
        "scan_status": "success",
        "max_severity": "critical",
        "account_id": ACCOUNT,
        "region": REGION,
    }


def test_log_lines_are_objects_that_name_the_request(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(LOG_LEVEL="trace") as sandbox:
        sandbox.deliver(events.code_updated("orders"), request_id="the-request")
        entries = [json.loads(line) for line in sandbox.process.stdout]
        metrics = sandbox.metrics
    assert [entry["message"] for entry in entries if "_aws" not in entry] == ["Scanning", "Scanned"]
    for entry in entries:
        assert entry["requestId"] == "the-request"
        assert {"timestamp", "level", "message"} <= set(entry)
    assert entries[0]["function"] == arn

    plain, *by_severity = metrics
    (directive,) = plain["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "QualysLambdaScanner" and directive["Dimensions"] == [[]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {"ScanSuccess": "Count", "ScanDuration": "Seconds"}
    assert plain["ScanSuccess"] == 1 and plain["ScanDuration"] > 0
    assert abs(plain["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    counts = {entry["Severity"]: entry["Vulnerabilities"] for entry in by_severity}
    assert counts == {"critical": 1, "high": 0, "medium": 1, "low": 0, "info": 0}
    for entry in by_severity:
        assert entry["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Severity"]]


def test_a_scan_costs_no_more_calls_than_it_needs(lab: Lab) -> None:
    lab.function()
    with lab.sandbox() as sandbox:
        sandbox.deliver(events.code_updated("orders"))
    ours = ["lambda:GetFunction", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"]
    ours += ["package:Download", *3 * ["s3:PutObject"]]
    # Whether the code is still the same.
    ours += ["lambda:GetFunction", "sns:Publish", "lambda:TagResource", "dynamodb:UpdateItem"]
    qscanners = ["lambda:GetFunction", "package:Download"]
    actions = lab.actions()
    assert sorted(actions) == sorted(ours + qscanners)
    # The row says that all before it was done.
    assert actions[:2] == ours[:2] and actions[-3:] == [
        "sns:Publish",
        "lambda:TagResource",
        "dynamodb:UpdateItem",
    ]


def test_qscanner_is_run_as_agreed(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(SCAN_TYPES="pkg", MY_OWN="thing", AWS_LAMBDA_LOG_GROUP_NAME="g") as sandbox:
        sandbox.deliver(events.code_updated("orders"))
    (run,) = lab.scanner.runs
    argv = run["argv"]
    assert argv[0] == str(lab.scanner.path)
    assert argv[1:4:2] == ["--pod", "--output-dir"] and argv[5] == "--cache-dir"
    assert argv[2] == "US2" and argv[7:] == ["--scan-types", "pkg", "lambda", arn]
    scratch = argv[4].rpartition("/")[0]
    assert scratch.startswith(str(sandbox.temporary)) and argv[6].startswith(scratch + "/")
    env = run["env"]
    # Python's own start adds LC_CTYPE.
    env.pop("LC_CTYPE", None)
    assert set(env) == {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "HOME", "NO_PROXY", "PATH",
        "QUALYS_ACCESS_TOKEN", "TMPDIR",
    }  # fmt: skip
    assert env["QUALYS_ACCESS_TOKEN"] == TOKEN and env["AWS_REGION"] == REGION
    assert env["AWS_ACCESS_KEY_ID"] == lab.cloud.root.access_key_id
    assert env["HOME"].startswith(scratch + "/")
    assert run["pgid"] == run["pid"] and set(run["fds"]) <= {"0", "1", "2", "3"}


def test_registry_credentials_proxy_and_authorities_reach_qscanner(lab: Lab) -> None:
    lab.change_secret(
        {
            **SECRET,
            "registry_username": "puller",
            "registry_password": "registry-pass-61",
            "registry_token": "registry-token-61",
        }
    )
    lab.function()
    proxy = "http://proxy.internal:3128"
    with lab.sandbox(
        https_proxy=proxy, AWS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"
    ) as sandbox:
        sandbox.deliver(events.code_updated("orders"))
    env = lab.scanner.runs[0]["env"]
    assert env["QSCANNER_REGISTRY_USERNAME"] == "puller"
    assert env["QSCANNER_REGISTRY_PASSWORD"] == "registry-pass-61"
    assert env["QSCANNER_REGISTRY_TOKEN"] == "registry-token-61"
    assert env["https_proxy"] == proxy and env["AWS_CA_BUNDLE"].startswith("/etc/")


@pytest.mark.parametrize(
    ("pod", "setting", "expected"),
    [
        ("eu1", None, ["--pod", "EU1"]),
        ("GOV1", None, ["--gateway-url", "https://gateway.gov1.qualys.us"]),
        ("US1", "https://gateway.example.com", ["--gateway-url", "https://gateway.example.com"]),
    ],
)
def test_the_platform_comes_from_secret_or_setting(
    lab: Lab, pod: str, setting: str | None, expected: list[str]
) -> None:
    lab.change_secret({**SECRET, "qualys_pod": pod})
    lab.function()
    with lab.sandbox(QUALYS_GATEWAY_URL=setting) as sandbox:
        assert sandbox.deliver(events.code_updated("orders")).json["status"] == "scanned"
    assert lab.scanner.runs[0]["argv"][1:3] == expected


def test_a_node_function_is_scanned(lab: Lab) -> None:
    arn = lab.function(files=NODE, runtime="nodejs22.x", handler="index.handler")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.function_created("orders"))
    assert outcome.json["vulnerabilities"] == {
        "critical": 1, "high": 1, "medium": 0, "low": 0, "info": 0,
    }  # fmt: skip
    lab.assert_complete(arn)
    row = lab.row(arn)
    assert row is not None and row["runtime"] == "nodejs22.x"


def test_an_image_function_is_scanned(lab: Lab) -> None:
    arn = lab.cloud.create_image_function("pictures")
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("pictures"))
        assert outcome.json["status"] == "scanned", outcome.body
        assert sandbox.deliver(events.code_updated("pictures")).json["status"] == "cached"
    lab.assert_complete(arn)
    row = lab.row(arn)
    assert row is not None and row["package_type"] == "Image" and "runtime" not in row
    (document,) = lab.documents().values()
    assert document["image_uri"] == f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/app:1"
    assert lab.cloud.calls("package:") == []


def test_a_function_with_layers_is_scanned(lab: Lab) -> None:
    layers = [lab.cloud.create_layer(name, {f"{name}.txt": name}) for name in ("one", "two")]
    arn = lab.function(layers=layers)
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.configuration_updated("orders"))
        assert outcome.json["status"] == "scanned"
    row = lab.row(arn)
    assert row is not None
    assert row["layers_sha256"] == hashlib.sha256("\n".join(layers).encode()).hexdigest()


@pytest.mark.parametrize(
    "options",
    [
        {"version": "7"},
        {"null_response": True},
        {"null_response": True, "requested_as": f"{ACCOUNT}:function:orders"},
        {"null_response": True, "requested_as": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders:live"},
    ],
    ids=["version in the ARN", "name only", "partial ARN", "ARN with an alias"],
)  # fmt: skip
def test_an_event_may_name_the_function_in_every_way(lab: Lab, options: dict[str, Any]) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("orders", **options))
    assert (outcome.json["status"], outcome.json["function_arn"]) == ("scanned", arn)
    lab.assert_complete(arn)


def test_features_that_are_off_cost_nothing(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(
        RESULTS_S3_BUCKET="", SNS_TOPIC_ARN=None, SCAN_CACHE_TABLE="", ENABLE_TAGGING="false"
    ) as sandbox:
        for _ in range(2):
            outcome = sandbox.deliver(events.code_updated("orders"))
            assert outcome.json["status"] == "scanned" and "results" not in outcome.json
    assert len(lab.scanner.runs) == 2 and lab.tags(arn) == {}
    assert set(lab.actions()) == {
        "lambda:GetFunction", "secretsmanager:GetSecretValue", "package:Download",
    }  # fmt: skip


def test_counts_that_are_not_known_are_null_not_zero(lab: Lab) -> None:
    lab.function()
    lab.scanner.turn(sarif="missing", repo_tags=False)
    with lab.sandbox(SCAN_TYPES="pkg") as sandbox:
        outcome = sandbox.deliver(events.code_updated("orders"))
        assert "SARIF" in sandbox.logged("A note on the scan")["note"]
        assert not any("Vulnerabilities" in entry for entry in sandbox.metrics)
    # Of what was looked for nothing came.
    assert outcome.json["status"] == "partial" and "vulnerabilities" not in outcome.json
    (document,) = lab.documents().values()
    assert document["vulnerabilities"] is None and "qualys_scan_tag" not in document
    (message,) = lab.messages()
    assert message["json"]["vulnerability_summary"] is None
    assert message["attributes"]["max_severity"] == "unknown"
    assert "QualysScanTag" not in lab.tags(outcome.json["function_arn"])


def test_findings_of_nothing_are_zero(lab: Lab) -> None:
    lab.function(files={"app.py": "pass\n"})
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(events.code_updated("orders"))
    assert set(outcome.json["vulnerabilities"].values()) == {0}
    (message,) = lab.messages()
    assert message["attributes"]["max_severity"] == "none"


def test_times_are_utc_whatever_the_machine_says(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox(TZ="Pacific/Kiritimati") as sandbox:
        sandbox.deliver(events.code_updated("orders"))
    stamp = datetime.fromisoformat(lab.tags(arn)["QualysScanTimestamp"])
    assert abs((datetime.now(UTC) - stamp).total_seconds()) < 60
