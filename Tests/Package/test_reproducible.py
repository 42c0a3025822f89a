"""The same source gives the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY

SOURCE = ("Package.swift", "Package.resolved", "Makefile", "Sources", "Tests", ".package")
# What was fetched: the copy needs no network.
FETCHED = ("checkouts", "repositories", "artifacts", "workspace-state.json", "libcurl-source")


def test_packed_again(package: Path, tmp_path: Path) -> None:
    """At another time, in another place, under another mask for new files, from a program with another mode."""
    program = shutil.copy(REPOSITORY / ".build/release/bootstrap", tmp_path / "program")
    os.chmod(program, 0o700)
    os.utime(program, (time.time() + 86400,) * 2)
    script = REPOSITORY / ".package/bootstrap.py"
    folder = tmp_path / "a folder's"
    folder.mkdir()
    libcurl = shutil.copy(REPOSITORY / ".build/libcurl/libcurl.so.4", folder)
    again = tmp_path / "again.zip"
    subprocess.run([sys.executable, script, program, libcurl, again], cwd=tmp_path, umask=0o077, check=True)
    assert again.read_bytes() == package.read_bytes()


@pytest.mark.timeout(1500)
def test_built_again_in_another_folder(package: Path, tmp_path: Path) -> None:
    clone = tmp_path / "another folder's" / "clone"
    clone.mkdir(parents=True)
    copy(REPOSITORY, clone, SOURCE)
    (clone / ".build").mkdir()
    copy(REPOSITORY / ".build", clone / ".build", FETCHED)
    built = subprocess.run(["make", "package"], cwd=clone, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    assert (clone / "build/bootstrap.zip").read_bytes() == package.read_bytes()
    shutil.rmtree(clone)


def copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, symlinks=True)
        elif (source / name).exists():
            shutil.copy2(source / name, target / name)
