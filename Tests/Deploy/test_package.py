"""The package that `make package` built, and a layer of `make layer`: from the build folder through the cloud to a scan."""

from __future__ import annotations

import os
import shutil
import urllib.request
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from lab import PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from localcloud.scanner import StandInScanner
from shell import NAME, ROOT, Shell
from stacks import Stack, assert_complete
from templates import Template


@pytest.fixture
def package() -> Path:
    path = Path(os.environ.get("PACKAGE") or ROOT / "build" / "bootstrap.zip")
    if not path.is_file():
        pytest.exit(f"{path} is not there: make package, or set PACKAGE to another.", 2)
    return path


def test_what_was_built_is_what_runs(package: Path, tmp_path: Path) -> None:
    with LocalCloud.start() as cloud:
        shell = Shell(cloud, tmp_path / "checkout")
        stand_in = StandInScanner(tmp_path / "opt" / "bin", cloud.endpoint)
        shutil.copy(package, shell.folder / "build" / "bootstrap.zip")
        shutil.copytree(ROOT / ".package", shell.folder / ".package")
        (shell.folder / "layer").mkdir()
        shutil.copy(stand_in.path, shell.folder / "layer" / "qscanner")
        (shell.folder / "build" / "qscanner-layer.zip").unlink()
        for done in (shell.run_words("make", "layer"), shell.run("account")):
            assert done.returncode == 0, done.stderr

        stack = Stack(cloud, NAME, Template.read("single-account-native"), {})
        lambda_ = cloud.boto("lambda")
        function = lambda_.get_function(FunctionName=stack.outputs["FunctionName"])
        (layer,) = function["Configuration"]["Layers"]
        name, version = layer["Arn"].split(":")[-2:]
        layer = lambda_.get_layer_version(LayerName=name, VersionNumber=int(version))
        kind = os.uname().machine.replace("aarch64", "arm64")
        assert function["Configuration"]["Architectures"] == layer["CompatibleArchitectures"] == [kind]

        unpack(function["Code"]["Location"], tmp_path / "task")
        stand_in.path.unlink()
        unpack(layer["Content"]["Location"], tmp_path / "opt")
        arn = cloud.create_function("orders", PYTHON)
        with stack.scanner(tmp_path / "task" / "bootstrap", tmp_path, QSCANNER_PATH=str(stand_in.path)) as scanner:
            assert scanner.deliver(events.function_created("orders")).json["status"] == "scanned"
        assert_complete(stack, arn)


def unpack(address: str, folder: Path) -> None:
    """As Lambda does it, with the modes that the archive names."""
    with urllib.request.urlopen(address) as answer, zipfile.ZipFile(BytesIO(answer.read())) as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, folder)).chmod(entry.external_attr >> 16 & 0o7777)
