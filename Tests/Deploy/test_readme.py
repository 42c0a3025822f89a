"""README's section Deploy, followed word for word: every block of commands, in its order, in one account.

What differs from a reader's machine: AWS is the local cloud, package and layer are there already, and what EventBridge would
deliver is delivered here.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab import PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from localcloud.resources import Keys, zip_bytes
from stacks import Deployment, unit_with_account
from terraform import NO_TERRAFORM, plugin_folder

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]
NAME = "qualys-lambda-scanner"
REGION = "us-east-2"
PLANTED = {"QUALYS_ACCESS_TOKEN": "planted-token-4711", "QUALYS_PASSWORD": "planted-password-4711"}


def section() -> str:
    found = re.search(r"(?ms)^## Deploy\n(.*?)^## ", (ROOT / "README.md").read_text())
    assert found
    return found[1]


def sessions() -> list[str]:
    """The blocks that are commands and no pictures; one that begins with terraform goes on in the shell before it."""
    found: list[str] = []
    for block in re.findall(r"(?ms)^```\n(.*?)^```", section()):
        if block.startswith("terraform state list"):
            # Between applying and destroying, for those who turn something off.
            continue
        if block.startswith("terraform "):
            found[-1] += block
        elif re.match(r"(make|aws|export) ", block):
            found.append(block)
    return found


def inline() -> list[str]:
    """The AWS commands within sentences."""
    found = (" ".join(words.split()) for words in re.findall(r"`(aws [^`]+)`", section()))
    return [words for words in found if words.count(" ") >= 2]


@dataclass
class Reader(Deployment):
    """Who follows README in a checkout, and what comes of it."""

    cloud: LocalCloud
    folder: Path
    known: dict[str, str]
    keys: Keys | None = None

    def type(self, commands: str) -> str:
        """Every command has to succeed; the answer is what they print."""
        shell = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.filled(commands)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        said = shell.stdout + shell.stderr
        assert shell.returncode == 0, f"{commands}\n{said}"
        assert not [secret for secret in PLANTED.values() if secret in said]
        return shell.stdout

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", self.filled(command)],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def filled(self, commands: str) -> str:
        """With what the reader knows in the place of README's examples."""
        for example, value in self.known.items():
            commands = commands.replace(example, value)
        assert "..." not in commands and "<" not in commands, commands
        return commands

    @property
    def environment(self) -> dict[str, str]:
        plugins = plugin_folder()
        return {
            **self.cloud.env(region=REGION),
            **PLANTED,
            "QUALYS_USERNAME": "quays_st1",
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "CHECKPOINT_DISABLE": "1",
            # The reader answers yes.
            "TF_CLI_ARGS_apply": "-auto-approve",
            "TF_CLI_ARGS_destroy": "-auto-approve",
            **({"TF_CLI_ARGS_init": f"-plugin-dir={plugins}"} if plugins else {}),
        }

    def boto(self, service: str) -> Any:
        return self.cloud.boto(service, REGION)

    @property
    def outputs(self) -> dict[str, str]:
        (stack,) = self.boto("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    if shutil.which("terraform") is None:
        pytest.skip(NO_TERRAFORM)
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("cloudformation", "terraform"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    shutil.copy(ROOT / "Makefile", folder)
    for name, member in (("build/bootstrap.zip", "bootstrap"), ("build/qscanner-layer.zip", "bin/qscanner")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(zip_bytes({member: "#!"}))
    # `make package` and `make layer` have tests of their own.
    make = folder / "bin" / "make"
    make.parent.mkdir()
    make.write_text(f'#!/bin/sh\nexec {shutil.which("make")} -o package -o layer "$@"\n')
    make.chmod(0o755)
    with LocalCloud.start() as cloud:
        unit, _ = unit_with_account(cloud)
        organization = cloud.boto("organizations").describe_organization()["Organization"]
        yield Reader(cloud, folder, {
            "ou-ab12-34567890": unit,
            "o-a1b2c3d4e5": organization["Id"],
            "EXTERNAL_ID=...": "EXTERNAL_ID=0123456789abcdef",
            "<ARN of my-function>": cloud.create_function("my-function", PYTHON, region=REGION),
        })  # fmt: skip


@pytest.mark.parametrize("commands", sessions(), ids=lambda commands: commands.splitlines()[0].partition("#")[0])
def test_what_the_section_shows_can_be_typed(
    reader: Reader, commands: str, bootstrap: Path, tmp_path: Path
) -> None:
    if "make logs" not in commands:
        reader.type(commands)
        if "make deploy-multi-region" in commands:
            for region in ("us-east-1", "us-west-2"):
                (function,) = reader.cloud.boto("lambda", region).list_functions()["Functions"]
                assert function["Layers"][0]["Arn"].split(":")[3] == region
        return
    exported, *lines = commands.splitlines()
    for command in lines:
        if command.startswith("make logs"):
            follow_the_log(reader, f"{exported}; exec {command}")
            continue
        said = reader.type(f"{exported}\n{command}")
        if "update-function-configuration" in command:
            with reader.scanner(bootstrap, tmp_path, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION) as scanner:
                event = events.configuration_updated("my-function", region=REGION)
                assert scanner.deliver(event).json["status"] == "scanned"
        elif remark := re.search(r"# (\w+): (\w+)$", command):
            assert f'"{remark[1]}": "{remark[2]}"' in said


def follow_the_log(reader: Reader, command: str) -> None:
    group = reader.outputs["LogGroup"]
    reader.boto("logs").create_log_stream(logGroupName=group, logStreamName="one")
    event = {"timestamp": int(time.time() * 1000), "message": "Scanning"}
    reader.boto("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])
    following = reader.start(command)
    try:
        assert following.stdout is not None and following.stdout.readline().endswith("Scanning\n")
    finally:
        os.killpg(following.pid, signal.SIGTERM)
        following.communicate()


@pytest.mark.parametrize("command", inline())
def test_a_command_within_a_sentence_is_one_of_the_cli(reader: Reader, command: str) -> None:
    """Checked by the CLI, which knows its commands and their arguments, and not sent."""
    # Three dots stand for an account that the reader knows.
    words = command.replace("...", "111122223333")
    checked = subprocess.run(
        ["bash", "-c", f"{words} --generate-cli-skeleton output"],
        env=reader.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_the_section_has_commands_for_every_target_of_deployment() -> None:
    targets = re.findall(r"(?m)^([a-z-]+):.*?## ", (ROOT / "Makefile").read_text().partition("##@ Deploy")[2])
    assert [target for target in targets if f"make {target}" not in re.sub(r"--\S+ ", "", section())] == ["clean"]
