"""The same work from a person's shell."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from localcloud import events
from localcloud.resources import Keys
from qualys.client import QualysServer

from jobs import prepare
from lab import ACCOUNT, OTHER, SECRET, TOKEN, Lab, eventually

DONE, FAILED, BAD_USAGE, PARTIAL = 0, 1, 2, 3


class Shell:
    """Runs qualysctl with a scanner's settings and a TMPDIR of its own."""

    def __init__(self, lab: Lab, program: Path) -> None:
        self.lab = lab
        self.program = program
        self.temporary = lab.folder / "shell"
        self.temporary.mkdir()

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        return self.lab.environment(
            changes, TMPDIR=str(self.temporary), AWS_LAMBDA_FUNCTION_NAME=None
        )

    def run(
        self, *words: str, input: bytes = b"", **changes: str | None
    ) -> subprocess.CompletedProcess[bytes]:
        ended = subprocess.run(
            [str(self.program), *words],
            env=self.environment(changes),
            input=input,
            capture_output=True,
            timeout=40,
        )
        assert TOKEN.encode() not in ended.stdout + ended.stderr
        assert list(self.temporary.iterdir()) == []
        return ended

    def start(self, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.program), *words],
            env=self.environment({}),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )


@pytest.fixture
def shell(lab: Lab, qualysctl: Path) -> Shell:
    return Shell(lab, qualysctl)


# --- scan ---


@pytest.mark.parametrize(
    "given",
    ["orders", f"{ACCOUNT}:function:orders", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders:7"],
)  # fmt: skip
def test_scan_scans_one_function(lab: Lab, shell: Shell, given: str) -> None:
    arn = lab.function()
    ended = shell.run("scan", given)
    assert ended.returncode == DONE, ended.stderr
    answer = json.loads(ended.stdout)
    assert (answer["status"], answer["function_arn"]) == ("scanned", arn)
    lab.assert_complete(arn)
    # Nobody watches: the log is JSON, one object a line.
    assert all(json.loads(line)["level"] for line in ended.stderr.splitlines())


def test_scan_answers_from_the_cache(lab: Lab, shell: Shell) -> None:
    lab.function()
    shell.run("scan", "orders")
    ended = shell.run("scan", "orders")
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (DONE, "cached")
    assert len(lab.scanner.runs) == 1


def test_a_partial_scan_has_its_own_exit_status(lab: Lab, shell: Shell) -> None:
    lab.function()
    lab.scanner.turn(exit_code=40)
    ended = shell.run("scan", "orders")
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (PARTIAL, "partial")


def test_a_failed_scan_says_why(lab: Lab, shell: Shell) -> None:
    arn = lab.function()
    lab.scanner.turn(exit_code=13)
    ended = shell.run("scan", "orders")
    assert ended.returncode == FAILED and ended.stdout == b""
    assert b"exit code 13" in ended.stderr.splitlines()[-1]
    assert lab.tags(arn)["QualysScanStatus"] == "failed"


def test_a_killed_shell_keeps_nobody_from_scanning(lab: Lab, shell: Shell) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60)
    for words in [("scan", "orders"), ("invoke", str(event_file(lab)))]:
        seen = len(lab.scanner.runs)
        process = shell.start(*words)
        eventually(lambda: len(lab.scanner.runs) > seen)
        process.kill()
        process.communicate()
    lab.close()
    for left in shell.temporary.iterdir():
        subprocess.run(["rm", "-rf", str(left)], check=True)
    lab.scanner.turn(sleep_before=0)
    with lab.sandbox() as sandbox:
        assert sandbox.deliver(events.code_updated("orders")).json["status"] == "scanned"
    lab.assert_complete(arn)


def event_file(lab: Lab) -> Path:
    path = lab.folder / "event.json"
    path.write_text(json.dumps(events.code_updated("orders")))
    return path


def test_scanning_what_is_not_there_has_failed(shell: Shell) -> None:
    ended = shell.run("scan", "nobody")
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (FAILED, "skipped")


def test_scan_works_without_any_feature(lab: Lab, shell: Shell) -> None:
    arn = lab.function()
    ended = shell.run(
        "scan",
        "orders",
        RESULTS_S3_BUCKET=None,
        SNS_TOPIC_ARN=None,
        SCAN_CACHE_TABLE=None,
        ENABLE_TAGGING="no",
    )
    assert ended.returncode == DONE and lab.tags(arn) == {}


def test_credentials_and_region_may_come_from_a_profile(lab: Lab, shell: Shell) -> None:
    lab.function()
    keys: Keys = lab.cloud.root
    files = {
        "config": "[profile work]\nregion = us-east-1\n",
        "credentials": f"[work]\naws_access_key_id = {keys.access_key_id}\n"
        f"aws_secret_access_key = {keys.secret_access_key}\n",
    }
    for name, text in files.items():
        (lab.folder / name).write_text(text)
    ended = shell.run(
        "scan", "orders", AWS_PROFILE="work", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None,
        AWS_REGION=None, AWS_DEFAULT_REGION=None, AWS_CONFIG_FILE=str(lab.folder / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(lab.folder / "credentials"),
    )  # fmt: skip
    assert ended.returncode == DONE, ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_scanner_and_clears_up(lab: Lab, shell: Shell, number: int) -> None:
    arn = lab.function()
    lab.scanner.turn(sleep_before=60, child_outlives=True)
    process = shell.start("scan", "orders")
    eventually(lambda: lab.scanner.events("child"))
    eventually(lambda: lab.cloud.calls("package:Download")[1:])
    process.send_signal(number)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == FAILED, errors
    for event in lab.scanner.events("child"):
        for pid in (event["pid"], event["child"]):
            assert not Path(f"/proc/{pid}/environ").exists() or not _is_alive(pid)
    assert list(shell.temporary.iterdir()) == []
    # The claim is given back, so that nobody waits for it.
    assert "claim_owner" not in (lab.row(arn) or {})


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_terminal_shows_progress_and_words(lab: Lab, shell: Shell) -> None:
    lab.function()
    master, slave = pty.openpty()
    process = shell.start("scan", "orders", stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    process.stdout.close()
    assert process.wait(10) == DONE and answer["status"] == "scanned"
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", shown.decode())
    assert "Scanning orders" in text and "{" not in text


# --- invoke ---


def test_invoke_works_off_an_event_from_a_file_or_a_pipe(lab: Lab, shell: Shell) -> None:
    arn = lab.function()
    path = event_file(lab)
    ended = shell.run("invoke", str(path))
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (DONE, "scanned")
    ended = shell.run("invoke", "-", input=path.read_bytes())
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (DONE, "cached")
    lab.assert_complete(arn)


def test_invoke_with_the_same_request_id_takes_its_claim_over(lab: Lab, shell: Shell) -> None:
    lab.function()
    path = event_file(lab)
    lab.scanner.turn(sleep_before=60)
    process = shell.start("invoke", str(path), "--request-id", "mine")
    eventually(lambda: lab.scanner.runs)
    process.kill()
    process.communicate()
    lab.close()
    for left in shell.temporary.iterdir():
        subprocess.run(["rm", "-rf", str(left)], check=True)
    lab.scanner.turn(sleep_before=0)
    assert json.loads(shell.run("invoke", str(path)).stdout)["status"] == "in-progress"
    ended = shell.run("invoke", str(path), "--request-id", "mine")
    assert json.loads(ended.stdout)["status"] == "scanned"


@pytest.mark.parametrize("text", [b"", b"not JSON", b"[]", b'{"detail-type": "other"}'])
def test_invoke_refuses_what_is_no_event(shell: Shell, text: bytes) -> None:
    ended = shell.run("invoke", "-", input=text)
    assert ended.returncode == FAILED and ended.stdout == b""
    assert b"event" in ended.stderr.lower()


def test_invoke_shows_the_failures_of_a_batch(lab: Lab, shell: Shell) -> None:
    lab.function()
    batch = events.sqs_batch([events.code_updated("orders"), "rubbish"], message_ids=["a", "b"])
    ended = shell.run("invoke", "-", input=json.dumps(batch).encode())
    assert json.loads(ended.stdout) == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert ended.returncode in (DONE, PARTIAL)


# --- doctor ---


def findings(ended: subprocess.CompletedProcess[bytes]) -> dict[str, tuple[str, str]]:
    """Mark and words of each check."""
    lines = [line.split(None, 2) for line in ended.stdout.decode().splitlines()]
    return {name: (mark, text) for mark, name, text in lines}


def test_doctor_finds_all_well(lab: Lab, shell: Shell) -> None:
    ended = shell.run("doctor")
    found = findings(ended)
    assert ended.returncode == DONE, ended.stdout
    assert list(found) == [
        "settings", "credentials", "secret", "role", "bucket", "table", "topic", "qscanner", "qualys",
    ]  # fmt: skip
    marks = {name: mark for name, (mark, _) in found.items()}
    assert (marks.pop("role"), marks.pop("qualys")) == ("-", "-") and set(marks.values()) == {"ok"}
    assert "US2" in found["secret"][1]


def test_doctor_only_reads(lab: Lab, shell: Shell) -> None:
    shell.run("doctor")
    assert {action.partition(":")[2] for action in lab.actions()} == {
        "GetCallerIdentity", "GetSecretValue", "HeadBucket", "DescribeTable", "GetTopicAttributes",
    }  # fmt: skip


def test_doctor_tries_the_role_in_an_account(lab: Lab, shell: Shell) -> None:
    lab.cloud.create_spoke_role("111122223333", "spoke", "the-id")
    words = ("doctor", "--account", "111122223333")
    ended = shell.run(*words, CROSS_ACCOUNT_ROLE_NAME="spoke", SCANNER_EXTERNAL_ID="the-id")
    assert ended.returncode == DONE and findings(ended)["role"][0] == "ok"
    ended = shell.run(*words, CROSS_ACCOUNT_ROLE_NAME="spoke", SCANNER_EXTERNAL_ID="wrong")
    mark, text = findings(ended)["role"]
    assert (ended.returncode, mark) == (FAILED, "FAIL") and "AssumeRole" in text


ILLS: dict[str, tuple[dict[str, str | None], str, str]] = {
    "secret": ({"QUALYS_SECRET_ARN": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:gone-aaaaaa"}, "secret", "ResourceNotFoundException"),
    "bucket": ({"RESULTS_S3_BUCKET": "no-such-bucket"}, "bucket", "no-such-bucket"),
    "jobs' bucket": ({"S3_BUCKET_NAME": "no-such-bucket"}, "bucket", "no-such-bucket"),
    "table": ({"SCAN_CACHE_TABLE": "no-such-table"}, "table", "ResourceNotFoundException"),
    "topic": ({"SNS_TOPIC_ARN": f"arn:aws:sns:us-east-1:{ACCOUNT}:no-such-topic"}, "topic", "NotFound"),
    "qscanner": ({"QSCANNER_PATH": "/no/such/file"}, "qscanner", "QSCANNER_PATH"),
    "not executable": ({"QSCANNER_PATH": "/etc/passwd"}, "qscanner", "chmod"),
    "keys": ({"AWS_ACCESS_KEY_ID": "AKIAWRONGWRONGWRONG0"}, "credentials", "InvalidClientTokenId"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "check", "words"), ILLS.values(), ids=ILLS)
def test_doctor_names_what_is_wrong(
    shell: Shell, changes: dict[str, Any], check: str, words: str
) -> None:
    ended = shell.run("doctor", **changes)
    mark, text = findings(ended)[check]
    assert (ended.returncode, mark) == (FAILED, "FAIL") and words in text
    if check != "credentials":
        others = {mark for name, (mark, _) in findings(ended).items() if name != check}
        assert others == {"ok", "-"}


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("no json", "JSON object"),
        ({"qualys_pod": "US9", "qualys_access_token": "t"}, "qualys_pod"),
        ({"qualys_pod": "US1"}, "qualys_access_token"),
    ],
)
def test_doctor_reads_the_secret(lab: Lab, shell: Shell, secret: Any, words: str) -> None:
    lab.change_secret(secret)
    ended = shell.run("doctor")
    mark, text = findings(ended)["secret"]
    assert (ended.returncode, mark) == (FAILED, "FAIL") and words in text


def test_doctor_is_content_with_a_secret_for_the_jobs_alone(lab: Lab, shell: Shell) -> None:
    account = {"qualys_username": "me", "qualys_password": "mine-2718"}
    lab.change_secret({"qualys_pod": "US1", **account})
    mark, text = findings(shell.run("doctor"))["secret"]
    assert mark == "ok" and "no qualys_access_token" in text


def test_ctrl_c_ends_the_doctor(lab: Lab, shell: Shell) -> None:
    lab.cloud.fault("hang", "s3:HeadBucket", seconds=60)
    process = shell.start("doctor")
    eventually(lambda: lab.cloud.calls("s3:HeadBucket"))
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=15)
    assert process.returncode == FAILED and b"interrupted" in errors
    assert b"bucket" not in shown and lab.cloud.calls("dynamodb:") == []


def test_doctor_signs_in_with_the_account_of_the_jobs(
    lab: Lab, shell: Shell, qualys_server: Callable[..., QualysServer]
) -> None:
    qualys = qualys_server()
    settings = prepare(lab, qualys)
    assert findings(shell.run("doctor", **settings))["qualys"][0] == "ok"
    lab.change_secret({**SECRET, "qualys_username": qualys.username, "qualys_password": "wrong-2718"})
    ended = shell.run("doctor", **settings)
    mark, text = findings(ended)["qualys"]
    assert (ended.returncode, mark) == (FAILED, "FAIL") and "qualys_password" in text
    assert b"wrong-2718" not in ended.stdout + ended.stderr


def test_doctor_looks_at_the_key_of_the_table(lab: Lab, shell: Shell) -> None:
    lab.cloud.create_table("odd", key="id")
    mark, text = findings(shell.run("doctor", SCAN_CACHE_TABLE="odd"))["table"]
    assert mark == "FAIL" and "function_arn" in text


def test_doctor_names_all_wrong_settings(shell: Shell) -> None:
    ended = shell.run("doctor", SCAN_TIMEOUT="soon", QUALYS_SECRET_ARN=None)
    text = ended.stdout.decode()
    assert ended.returncode == FAILED and text.count("FAIL") == 2
    assert "SCAN_TIMEOUT" in text and "QUALYS_SECRET_ARN" in text and "soon" not in text


# --- usage ---


@pytest.mark.parametrize(
    "words",
    [
        ("scan",), ("scan", "a", "b"), ("scan", "x; id"), ("scan", "../.."), ("scan", ""),
        ("scan", "orders", "--timeout", "1"), ("scan", "orders", "--no-such-flag"),
        ("invoke",), ("invoke", "/no/such/file"), ("doctor", "--account", "12"), ("nonsense",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_usage_has_its_own_exit_status(lab: Lab, shell: Shell, words: tuple[str, ...]) -> None:
    ended = shell.run(*words)
    assert ended.returncode == BAD_USAGE, ended.stderr
    assert ended.stderr and ended.stdout == b"" and lab.scanner.runs == []


def test_wrong_settings_are_bad_usage(shell: Shell) -> None:
    ended = shell.run("scan", "orders", SCAN_TIMEOUT="soon", LOG_LEVEL="loud")
    assert ended.returncode == BAD_USAGE
    assert b"SCAN_TIMEOUT" in ended.stderr and b"LOG_LEVEL" in ended.stderr


@pytest.mark.parametrize("words", [("--help",), ("help", "scan"), ("doctor", "--help"), ()])
def test_help_is_no_error(shell: Shell, words: tuple[str, ...]) -> None:
    ended = shell.run(*words)
    assert ended.returncode == DONE and b"USAGE" in ended.stdout


def test_other_code_is_scanned_anew(lab: Lab, shell: Shell) -> None:
    lab.function()
    shell.run("scan", "orders")
    lab.cloud.update_function("orders", OTHER)
    assert json.loads(shell.run("scan", "orders").stdout)["status"] == "scanned"
