"""Terraform as a program of its own, in a copy of the modules and examples."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from localcloud.client import LocalCloud
from localcloud.resources import Keys, zip_bytes
from stacks import Deployment
from templates import Template

SOURCES = Path(__file__).resolve().parents[2] / "terraform"
PLUGINS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*")
NO_TERRAFORM = "terraform is not installed: https://developer.hashicorp.com/terraform/install"
OUTPUTS = {
    name
    for template in ("single-account-native", "centralized-hub", "centralized-spoke")
    for name in Template.read(template).body["Outputs"]
}


def snake(name: str) -> str:
    """The name of a template's parameter or output, as Terraform has it: QualysPod is qualys_pod."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plugin_folder() -> Path | None:
    """Where the provider lies on this machine; without one Terraform fetches it."""
    named = os.environ.get("TF_PLUGIN_DIR")
    found = [Path(named)] if named else [
        folder
        for pattern in PLUGINS
        for folder in Path("/").glob(str(Path(pattern).expanduser()).lstrip("/"))
    ]  # fmt: skip
    providers = "registry.terraform.io/hashicorp/aws/**/terraform-provider-aws*"
    return next((folder for folder in found if any(folder.glob(providers))), None)


@dataclass
class Terraform:
    """A working folder; what stands in it is the repository's, and each of its folders is initialised once."""

    root: Path
    _ready: set[Path] = field(default_factory=set)

    @classmethod
    def copy(cls, root: Path) -> Terraform:
        if shutil.which("terraform") is None:
            pytest.skip(NO_TERRAFORM)
        shutil.copytree(SOURCES, root / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        build = root / "build"
        build.mkdir()
        (build / "bootstrap.zip").write_bytes(zip_bytes({"bootstrap": "#!"}))
        (build / "qscanner-layer.zip").write_bytes(zip_bytes({"bin/qscanner": "#!"}))
        return cls(root)

    def folder(self, name: str) -> Path:
        """A folder that is initialised."""
        folder = self.root / "terraform" / name
        if folder not in self._ready:
            plugins = plugin_folder()
            done = self.run(folder, "init", *([f"-plugin-dir={plugins}"] if plugins else []))
            if done.returncode != 0 and plugins is None:
                pytest.skip(f"the provider hashicorp/aws cannot be had; name its folder in TF_PLUGIN_DIR: {done.stderr}")  # fmt: skip
            assert done.returncode == 0, done.stderr
            self._ready.add(folder)
        return folder

    def run(self, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), cwd=folder, env=settings(environment), capture_output=True, text=True, timeout=240
        )


def command(*words: str) -> list[str]:
    return ["terraform", *words, "-no-color"]


def settings(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without an AWS account in it, but the one that is given."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**rest, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **more}


@dataclass
class Applied(Deployment):
    """What `terraform apply` has made in a cloud of its own."""

    cloud: LocalCloud
    folder: Path
    variables: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    keys: Keys | None = None
    _first: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begins the first apply: most of it is waiting, so that several can do that together."""
        self._first = subprocess.Popen(
            command("apply", "-auto-approve"), cwd=self.folder, env=self._settings(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def finish(self) -> None:
        if self._first:
            text = self._first.communicate(timeout=280)[0]
            assert self._first.returncode == 0, text
            self._first = None

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), cwd=self.folder, env=self._settings(), capture_output=True, text=True, timeout=240
        )  # fmt: skip

    def _settings(self) -> dict[str, str]:
        given = {f"TF_VAR_{name}": _text(value) for name, value in self.variables.items()}
        return settings({**self.cloud.env(self.keys), **given, **self.environment})

    @property
    def values(self) -> dict[str, Any]:
        return {name: item["value"] for name, item in json.loads(self("output", "-json").stdout).items()}

    @property
    def outputs(self) -> dict[str, str]:
        values = self.values
        return {name: values[snake(name)] for name in OUTPUTS if values.get(snake(name)) is not None}

    @property
    def state(self) -> str:
        return (self.folder / "terraform.tfstate").read_text()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def blocks(text: str, kind: str) -> Iterator[tuple[str, str]]:
    """Names and bodies of the blocks of a kind in a formatted file."""
    for found in re.finditer(rf'(?ms)^{kind} "(\w+)" {{\n(.*?)^}}$', text):
        yield found[1], found[2]
