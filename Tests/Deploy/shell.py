"""A checkout with a package and a layer in it, and a shell in which AWS is the local cloud."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud.client import LocalCloud
from localcloud.resources import zip_bytes

ROOT = Path(__file__).resolve().parents[2]
NAME = "qualys-lambda-scanner"
TOKEN = "planted-token-4711"


class Shell:
    """`aws` is the real CLI, but for a note of its arguments that it leaves; `temporary` is its TMPDIR."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "cloudformation", folder / "cloudformation", ignore=ignored)
        shutil.copy(ROOT / "Makefile", folder)
        self.temporary = folder / "temporary"
        for name in ("build", "bin", "temporary"):
            (folder / name).mkdir()
        self.pack("bootstrap", "bootstrap")
        self.pack("qscanner-layer", "bin/qscanner")
        aws = Path(sys.executable).parent / "aws"
        self._noted = folder / "bin" / "arguments"
        wrapper = folder / "bin" / "aws"
        wrapper.write_text(f"#!/bin/sh\necho \"$@\" >> {self._noted}\nexec {shlex.quote(str(aws))} \"$@\"\n")
        wrapper.chmod(0o755)

    def pack(self, name: str, member: str, content: bytes = b"#!/bin/sh\n") -> None:
        (self.folder / "build" / f"{name}.zip").write_bytes(zip_bytes({member: content}))

    def new_package(self) -> None:
        self.pack("bootstrap", "bootstrap", b"#!/bin/sh\necho new\n")

    @property
    def arguments(self) -> str:
        """What the CLI was started with so far."""
        return self._noted.read_text()

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self._run(["bash", "cloudformation/deploy.sh", *words], settings)

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A target of the Makefile without what it builds before: package and layer are there."""
        given = [f"{name}={value}" for name, value in variables.items()]
        return self._run(["make", "--no-print-directory", "-o", "package", "-o", "layer", target, *given], {})

    def run_words(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run([*words], {})

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = ["bash", "cloudformation/deploy.sh", *words]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, text=True)

    def outputs(self, stack: str) -> dict[str, str]:
        (found,) = self.cloud.boto("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in found["Outputs"]}

    def changes(self) -> list[str]:
        """The calls since the last reset that do more than look."""
        looks = ("Get", "Describe", "List", "Head")
        return [call for call in self.cloud.actions() if not call.split(":")[1].startswith(looks)]

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            **self.cloud.env(),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "QUALYS_POD": "US2",
            "QUALYS_ACCESS_TOKEN": TOKEN,
            **settings,
        }

    def _run(self, command: list[str], settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        environment = self.environment(**settings)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert TOKEN not in done.stdout + done.stderr
        return done
