"""What goes wrong in a deployment ends it with a sentence, and the same command goes on when that is mended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from lab import eventually
from localcloud.client import LocalCloud
from shell import NAME, TOKEN, Shell
from templates import FOLDER

# Some day, in milliseconds.
BASE = 1_800_000_000_000


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One cloud for all: each test has secrets of its own, and the stack is that of one test."""
    with LocalCloud.start() as cloud:
        yield Shell(cloud, tmp_path_factory.mktemp("failures") / "checkout")


def refused(shell: Shell, action: str) -> None:
    shell.cloud.fault("status", action, status=403, code="AccessDenied", message="Not for you.")


@pytest.mark.parametrize(
    ("text", "trouble", "sentence"),
    [
        ("a token alone", "", "is no JSON object"),
        ("[1]", "", "is no JSON object"),
        ('{"registry_token": "r"}', "", "QUALYS_ACCESS_TOKEN is not in the environment"),
        ("{}", "deleted", "is being deleted: aws secretsmanager restore-secret"),
        ("{}", "secretsmanager:GetSecretValue", "when calling the GetSecretValue operation: Not for you."),
        ("{}", "secretsmanager:DescribeSecret", "when calling the DescribeSecret operation: Not for you."),
    ],
)
def test_a_secret_that_cannot_be_used_is_left_as_it_is(shell: Shell, text: str, trouble: str, sentence: str) -> None:
    """Never taken for one in which nothing changes, or for one that is not there."""
    secrets = shell.cloud.boto("secretsmanager")
    name = f"secret-{uuid4()}"
    secrets.create_secret(Name=name, SecretString=text)
    if trouble == "deleted":
        secrets.delete_secret(SecretId=name)
    elif trouble:
        refused(shell, trouble)
    shell.cloud.clear_calls()
    done = shell.run("account", SECRET_NAME=name, QUALYS_ACCESS_TOKEN="")
    assert (done.returncode, shell.changes()) == (1, [])
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_a_refused_call_ends_the_deployment_and_the_next_one_goes_on(shell: Shell) -> None:
    shell.cloud.create_secret(NAME, {"qualys_pod": "US2"})
    for action in ("secretsmanager:PutSecretValue", "s3:PutObject", "lambda:PublishLayerVersion"):
        refused(shell, action)
        done = shell.run("account")
        assert done.returncode == 1, action
        assert "Not for you." in done.stderr and "stopped there" in done.stderr
        assert "cloudformation:CreateChangeSet" not in shell.cloud.actions()
    assert shell.cloud.faults() and all(fault["times"] == 0 for fault in shell.cloud.faults())

    # A stack that never came up is in nobody's way either.
    never_came_up(shell)
    assert shell.make("delete", CONFIRM=NAME).returncode == 0
    never_came_up(shell)
    done = shell.run("account")
    assert done.returncode == 0 and "never came up" in done.stderr, done.stderr
    assert shell.outputs(NAME)["FunctionName"]


def never_came_up(shell: Shell) -> None:
    """Leaves the stack as CloudFormation leaves one whose first creation failed."""
    stacks = shell.cloud.boto("cloudformation")
    with suppress(ClientError):
        shell.cloud.boto("logs").create_log_group(logGroupName="taken")
    resources = {
        "Data": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}},
    }
    given = {"StackName": NAME, "ChangeSetName": "first"}
    stacks.create_change_set(ChangeSetType="CREATE", TemplateBody=json.dumps({"Resources": resources}), **given)
    stacks.execute_change_set(**given)
    (stack,) = stacks.describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_killed_deployment_leaves_no_token_behind(shell: Shell) -> None:
    shell.cloud.clear_calls()
    shell.cloud.fault("hang", "secretsmanager:CreateSecret", seconds=30)
    process = subprocess.Popen(
        ["bash", "cloudformation/deploy.sh", "secret"],
        cwd=shell.folder, env=shell.environment(SECRET_NAME="killed/secret"), start_new_session=True,
    )  # fmt: skip
    eventually(lambda: shell.cloud.calls("secretsmanager:CreateSecret"), 60)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(20) != 0
    assert list(shell.temporary.iterdir()) == [] and TOKEN not in shell.arguments
    # Its name is not one for a bucket.
    done = shell.run("secret", SECRET_NAME="killed/secret")
    assert done.returncode == 0, done.stderr
    told = shell.cloud.boto("secretsmanager").get_secret_value(SecretId="killed/secret")
    assert json.loads(told["SecretString"])["qualys_access_token"] == TOKEN


def test_the_log_is_followed_without_losing_or_doubling_a_line(tmp_path: Path) -> None:
    """Events come late, together, and in any order."""
    moments = {"one": 5_000, "two": 5_000, "late": 4_000, "three": 9_000}
    looks = [["one"], ["one", "two"], ["one", "two", "late"], ["three", "late", "two"]]
    for number, names in enumerate(looks):
        events = [{"eventId": name, "timestamp": moments[name] + BASE, "message": f"{name}\n"} for name in names]
        (tmp_path / f"{number}.json").write_text(json.dumps({"events": events}))
    aws = tmp_path / "aws"
    aws.write_text(
        f"#!/bin/sh\ncd {tmp_path}\nfor file in *.json; do\n"
        "  [ -e $file ] || exit 1\n  cat $file; rm $file; exit\ndone\n"
    )
    aws.chmod(0o755)
    script = FOLDER / "deploy" / "follow_log.py"
    command = f"import runpy, sys, time; time.sleep = lambda _: None; sys.argv = ['', 'group']; runpy.run_path('{script}', run_name='__main__')"
    done = subprocess.run(
        ["python3", "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["one", "two", "late", "three"]
