"""The zip, and what is in it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

pytest_plugins = ("no_skips",)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def package() -> Path:
    path = Path(os.environ.get("PACKAGE") or REPOSITORY / "build" / "bootstrap.zip")
    if not path.is_file():
        pytest.exit(f"{path} is not there: run make package, or set PACKAGE to another.", 2)
    return path.resolve()


@pytest.fixture(scope="session")
def task(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip unpacked as Lambda does it, with the modes that it names."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            path.chmod(entry.external_attr >> 16 & 0o7777)
    return folder


@pytest.fixture(scope="session")
def files(task: Path) -> dict[str, Path]:
    """The files by their names in the zip."""
    return {str(path.relative_to(task)): path for path in task.rglob("*") if path.is_file()}
