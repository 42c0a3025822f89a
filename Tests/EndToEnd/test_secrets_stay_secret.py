"""Secrets are in no log line, result, message, tag, row, error or command line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud import events

from lab import ACCOUNT, Lab, Sandbox, eventually

EVENT = events.code_updated("orders")
ROLE = "spoke"
SPOKE = "111122223333"
FOREIGN = events.code_updated("theirs", account=SPOKE)

PLANTED = {
    "token": "eyJhbGciOiJSUzI1NiJ9.planted-qualys-token.c2lnbmF0dXJl",
    "registry password": "planted-registry-pass-4471",
    "registry token": "planted-registry-token-4472",
    "qualys password": "planted-qualys-pass-4473",
    "AWS secret key": "planted/aws+secret/key/0123456789abcdefghij",
    "session token": "planted-session-token//IQoJb3JpZ2luX2VjEJr==",
    "printed password": "planted-printed-pass-4474",
    "printed header": "planted-bearer-4475",
    "proxy password": "planted-proxy-pass-4476",
    "key in the code": "AKIAPLANTEDPLANTED77",
    "GitHub token in the code": "ghp_planted" + "0123456789abcdefghijklmnopqrs",
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
}
FILES = {
    "app.py": f'KEY = "{PLANTED["key in the code"]}"\nT = "{PLANTED["GitHub token in the code"]}"\n',
    "key.pem": PLANTED["private key"] + "\nMIIplantedbody\n",
    "requirements.txt": "pyyaml==5.3\n",
}


@pytest.fixture
def environment(lab: Lab) -> Iterator[dict[str, Any]]:
    """Every secret that there is, where it belongs."""
    secret = {
        "qualys_pod": "US2",
        "qualys_access_token": PLANTED["token"],
        "qualys_username": "user",
        "qualys_password": PLANTED["qualys password"],
        "registry_username": "puller",
        "registry_password": PLANTED["registry password"],
        "registry_token": PLANTED["registry token"],
    }
    lab.change_secret(secret)
    keys = lab.cloud.add_credentials(
        ACCOUNT,
        secret_access_key=PLANTED["AWS secret key"],
        session_token=PLANTED["session token"],
    )
    lab.function(files=FILES)
    _, spoke = lab.cloud.create_spoke_role(SPOKE, ROLE)
    lab.function("theirs", files=FILES, keys=spoke)
    lab.scanner.turn(
        echo_token=True,
        echo_text=[
            f"password={PLANTED['printed password']}",
            json.dumps({"secret_key": PLANTED["AWS secret key"], "t": PLANTED["session token"]}),
            f"AWS_SESSION_TOKEN={PLANTED['session token']}",
        ],
        echo_error=[
            f"Authorization: Bearer {PLANTED['printed header']}",
            f"pull with {PLANTED['registry password']} and {PLANTED['registry token']} failed",
        ],
    )
    yield {
        "keys": keys,
        "LOG_LEVEL": "trace",
        "CROSS_ACCOUNT_ROLE_NAME": ROLE,
        "https_proxy": f"http://user:{PLANTED['proxy password']}@proxy.internal:3128",
    }


def everything_said(lab: Lab, sandbox: Sandbox, *bodies: bytes) -> dict[str, str]:
    """All that leaves the process, by place."""
    spoke = lab.cloud.add_credentials(SPOKE)
    own = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders"
    theirs = f"arn:aws:lambda:us-east-1:{SPOKE}:function:theirs"
    places = {
        "log": "\n".join(sandbox.process.lines),
        "answers": "\n".join(body.decode() for body in bodies),
        "messages": json.dumps(lab.messages()),
        "tags": json.dumps([lab.tags(own), lab.tags(theirs, spoke)]),
        "rows": json.dumps(lab.cloud.rows(lab.table)),
        "command lines": "\n".join(" ".join(run["argv"]) for run in lab.scanner.runs),
    }
    for key, body in lab.objects().items():
        places[key] = body.decode()
    return places


def assert_nothing_told(lab: Lab, places: dict[str, str], *more: str) -> None:
    # Of the role's credentials only the test's records know.
    given = [value for run in lab.scanner.runs for name, value in run["env"].items()
             if name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]  # fmt: skip
    for place, text in places.items():
        for name, secret in PLANTED.items():
            assert secret not in text, f"{name} in {place}"
            assert json.dumps(secret)[1:-1] not in text, f"{name} in {place}"
            assert secret.replace("/", "\\/") not in text, f"{name} in {place}"
        for secret in (*given, *more):
            assert secret not in text, place
        assert not re.search(r"X-Amz-(Signature|Security-Token)=(?!\[)", text), place


def test_a_scan_that_succeeds_tells_no_secret(lab: Lab, environment: dict[str, Any]) -> None:
    with lab.sandbox(**environment) as sandbox:
        outcomes = [sandbox.deliver(event) for event in (EVENT, FOREIGN)]
        assert [outcome.json["status"] for outcome in outcomes] == 2 * ["scanned"]
        assert len(lab.documents()) == 2
        places = everything_said(lab, sandbox, *[outcome.body for outcome in outcomes])
    assert_nothing_told(lab, places)
    document = json.loads(next(body for key, body in places.items() if key.count("/") == 4))
    # The findings are there, without what was found.
    assert document["secrets_found"] == 3
    found = [
        entry for target in document["scan_result"]["SecretResults"] for entry in target["Secrets"]
    ]
    assert {entry["Match"] for entry in found} == {"[redacted]"}
    assert {entry["RuleID"] for entry in found} >= {"aws-access-key-id", "private-key"}


FAILURES: dict[str, dict[str, Any]] = {
    "QScanner fails": {"knobs": {"exit_code": 13}},
    "QScanner crashes": {"knobs": {"crash": "SIGSEGV"}},
    "broken result": {"knobs": {"result": "broken"}},
    "package refused": {"fault": {"kind": "status", "action": "package:Download", "status": 403}},
    "package dropped": {"fault": {"kind": "drop_before", "action": "package:Download"}},
    "package cut": {"fault": {"kind": "cut", "action": "package:Download"}},
    "package corrupt": {"fault": {"kind": "corrupt", "action": "package:Download"}},
    "S3 refuses": {"fault": {"kind": "status", "action": "s3:*Object", "status": 403, "code": "AccessDenied"}},
    "SNS is gone": {"fault": {"kind": "drop_before", "action": "sns:Publish"}},
    "DynamoDB fails": {"fault": {"kind": "status", "action": "dynamodb:UpdateItem"}},
    "secret refused": {"fault": {"kind": "status", "action": "secretsmanager:*", "status": 400, "code": "DecryptionFailure"}},
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_scan_that_fails_tells_no_secret(
    lab: Lab, environment: dict[str, Any], failure: dict[str, Any]
) -> None:
    lab.scanner.turn(**failure.get("knobs", {}))
    if "fault" in failure:
        lab.cloud.fault(**failure["fault"], times=-1)
    with lab.sandbox(**environment) as sandbox:
        outcomes = [sandbox.deliver(event, timeout_s=20) for event in (EVENT,)]
        lab.cloud.clear_faults()
        places = everything_said(lab, sandbox, *[outcome.body for outcome in outcomes])
    assert_nothing_told(lab, places)


def test_a_cut_line_of_much_output_tells_no_half_secret(
    lab: Lab, environment: dict[str, Any]
) -> None:
    # The token stands early, then so much is printed that its line is cut out of the middle.
    lab.scanner.turn(exit_code=1, output_bytes=300_000, output_in_one_line=True)
    with lab.sandbox(**environment) as sandbox:
        outcome = sandbox.deliver(EVENT)
        places = everything_said(lab, sandbox, outcome.body)
    assert_nothing_told(lab, places, PLANTED["token"][:20], PLANTED["token"][-20:])


def test_no_command_line_holds_a_secret(lab: Lab, environment: dict[str, Any]) -> None:
    lab.scanner.turn(sleep_before=60)
    with lab.sandbox(**environment) as sandbox:
        sandbox.send(EVENT)
        (run,) = eventually(lambda: lab.scanner.runs)
        for pid in (run["pid"], sandbox.process.pid):
            line = Path(f"/proc/{pid}/cmdline").read_text()
            assert line and not any(secret in line for secret in PLANTED.values())
        # Nor can others read QScanner's files.
        scratch = Path(run["env"]["HOME"]).parent
        assert all(path.stat().st_mode & 0o077 == 0 for path in (scratch, *scratch.iterdir()))
        assert scratch.stat().st_uid == os.getuid()
        sandbox.die()


def test_only_what_is_allowed_reaches_qscanner(lab: Lab, environment: dict[str, Any]) -> None:
    ours: dict[str, str | None] = {
        "LD_PRELOAD": "",
        "PYTHONSTARTUP": "/x",
        "AWS_LAMBDA_RUNTIME_API_TOKEN": "planted-4477",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "planted-4478",
        "DB_PASSWORD": "planted-4479",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
    }
    with lab.sandbox(ours, **environment) as sandbox:
        assert sandbox.deliver(FOREIGN).json["status"] == "scanned"
    env = lab.scanner.runs[0]["env"]
    env.pop("LC_CTYPE", None)
    assert set(env) == {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "HOME",
        "NO_PROXY", "PATH", "QUALYS_ACCESS_TOKEN", "QSCANNER_REGISTRY_USERNAME",
        "QSCANNER_REGISTRY_PASSWORD", "QSCANNER_REGISTRY_TOKEN", "TMPDIR", "SSL_CERT_FILE",
        "https_proxy",
    }  # fmt: skip
    assert PLANTED["session token"] not in env.values()
    assert PLANTED["AWS secret key"] not in env.values()
