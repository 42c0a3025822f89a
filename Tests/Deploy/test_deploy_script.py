"""`cloudformation/deploy.sh`, which the Makefile's deploy targets call, with the real AWS CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.client import LocalCloud

ROOT = Path(__file__).resolve().parents[2]
NAME = "qualys-lambda-scanner"
TOKEN = "planted-token-4711"


class Shell:
    """A checkout with a package and a layer in it, and a shell in which AWS is the local cloud."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        shutil.copytree(ROOT / "cloudformation", folder / "cloudformation")
        (folder / "build").mkdir()
        for name, member in (("bootstrap", "bootstrap"), ("qscanner-layer", "bin/qscanner")):
            with zipfile.ZipFile(folder / "build" / f"{name}.zip", "w") as package:
                package.writestr(member, "#!/bin/sh\n")

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **self.cloud.env(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "QUALYS_POD": "US2",
            "QUALYS_ACCESS_TOKEN": TOKEN,
            **settings,
        }
        command = ["bash", "cloudformation/deploy.sh", *words]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert TOKEN not in done.stdout + done.stderr
        return done

    def changes(self) -> list[str]:
        """The calls since the last reset that do more than look."""
        looks = ("Get", "Describe", "List", "Head")
        return [call for call in self.cloud.actions() if not call.split(":")[1].startswith(looks)]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with LocalCloud.start() as cloud:
        yield Shell(cloud, tmp_path / "checkout")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"QUALYS_POD": ""}, "QUALYS_POD is not set"),
        ({"QUALYS_POD": "XX1"}, "QUALYS_POD is none of"),
        ({"QUALYS_ACCESS_TOKEN": ""}, "QUALYS_ACCESS_TOKEN is not in the environment"),
        ({"QUALYS_ACCESS_TOKEN": "a\nb"}, "has a line break"),
        ({"AWS_REGION": ""}, "AWS_REGION is not set"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "AWS does not accept the credentials"),
    ],
)
def test_what_is_missing_or_wrong_is_said_before_anything_is_made(
    shell: Shell, settings: dict[str, str], sentence: str
) -> None:
    done = shell.run("account", **settings)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert shell.changes() == []


def test_a_hub_needs_an_external_id_and_accounts(shell: Shell) -> None:
    assert "EXTERNAL_ID is not set" in shell.run("hub").stderr
    assert "say whose changes" in shell.run("hub", EXTERNAL_ID="0123456789abcdef").stderr
    assert shell.changes() == []


def test_a_deployment_can_be_repeated_and_a_change_changes_just_that(shell: Shell) -> None:
    first = shell.run("account")
    assert first.returncode == 0, first.stderr
    outputs = dict(line.split("\t") for line in first.stdout.strip().splitlines())
    secret = shell.cloud.boto("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]
    assert json.loads(secret) == {"qualys_pod": "US2", "qualys_access_token": TOKEN}

    shell.cloud.clear_calls()
    second = shell.run("account")
    assert second.stdout == first.stdout
    assert "No changes to deploy" in second.stderr
    assert set(shell.changes()) == {"s3:PutPublicAccessBlock", "cloudformation:CreateChangeSet"}

    function = outputs["FunctionName"]
    read = shell.cloud.boto("lambda").get_function_configuration
    before = read(FunctionName=function)
    assert shell.run("account", PARAMETERS="ScannerMemorySize=3008").returncode == 0
    after = read(FunctionName=function)
    assert (before["MemorySize"], after["MemorySize"]) == (2048, 3008)
    assert before["Environment"] == after["Environment"]


def test_nothing_is_removed_without_its_name(shell: Shell) -> None:
    assert f"CONFIRM={NAME}" in shell.run("delete").stderr
    assert shell.changes() == []
