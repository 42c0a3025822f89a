"""make layer, with a small program in QScanner's place."""

from __future__ import annotations

import gzip
import hashlib
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY

MACHINES = {"x86_64": 62, "aarch64": 183}


def program_for(machine: int) -> bytes:
    """How an ELF file begins."""
    return b"\x7fELF and more".ljust(18, b".") + machine.to_bytes(2, "little") + b" and the rest of a small program"


PROGRAM = program_for(MACHINES[platform.machine()])
PACKED = gzip.compress(PROGRAM)
HASH = hashlib.sha256(PROGRAM).hexdigest()
PACKED_HASH = hashlib.sha256(PACKED).hexdigest()


def make(folder: Path, **files: bytes | str) -> subprocess.CompletedProcess[str]:
    """Runs what make layer runs, with these files in the layer folder; `_` stands for the dot."""
    layer = folder / "layer"
    layer.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (layer / name.replace("_", ".")).write_bytes(data)
    command = [sys.executable, REPOSITORY / ".package/layer.py", "layer", "build/qscanner-layer.zip"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def archive(folder: Path) -> Path:
    return folder / "build/qscanner-layer.zip"


@pytest.mark.parametrize("files", [{"qscanner": PROGRAM}, {"qscanner_gz": PACKED}, {"qscanner": b"#!/bin/sh\n"}])
def test_the_layer_has_the_program_and_nothing_else(tmp_path: Path, files: dict[str, bytes]) -> None:
    made = make(tmp_path, **files)
    assert made.returncode == 0, made.stderr
    assert "was not checked" in made.stderr
    with zipfile.ZipFile(archive(tmp_path)) as layer:
        (entry,) = layer.infolist()
        assert entry.filename == "bin/qscanner"
        assert entry.external_attr >> 16 == 0o100755
        expected = PROGRAM if "qscanner_gz" in files else files["qscanner"]
        assert layer.read(entry) == expected


def test_packed_or_not_it_is_the_same_layer(tmp_path: Path) -> None:
    for name, file in (("one", {"qscanner": PROGRAM}), ("two", {"qscanner_gz": PACKED})):
        (tmp_path / name).mkdir()
        assert make(tmp_path / name, **file).returncode == 0
    assert archive(tmp_path / "one").read_bytes() == archive(tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    "line", [PACKED_HASH, f"{PACKED_HASH.upper()}\n", f"{PACKED_HASH}  qscanner.gz\n", f"{PACKED_HASH} *./qscanner.gz\n", f"{HASH}  qscanner\n{PACKED_HASH}  qscanner.gz\n"]  # fmt: skip
)
def test_the_hash_that_it_should_have(tmp_path: Path, line: str) -> None:
    made = make(tmp_path, qscanner_gz=PACKED, qscanner_sha256=line)
    assert (made.returncode, made.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (HASH, "is not what"),
        (f"{HASH}  qscanner.gz", "is not what"),
        (f"{PACKED_HASH}  qscanner", "must have one SHA-256"),
        (f"{PACKED_HASH}\n{HASH}", "must have one SHA-256"),
        ("", "must have one SHA-256"),
        ("not a hash", "must have one SHA-256"),
        (PACKED_HASH[:-1], "must have one SHA-256"),
    ],
)
def test_another_hash_is_refused(tmp_path: Path, line: str, said: str) -> None:
    made = make(tmp_path, qscanner_gz=PACKED, qscanner_sha256=line)
    assert made.returncode != 0 and said in made.stderr
    assert not archive(tmp_path).exists()


def test_without_qscanner_it_says_where_to_get_it(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made.returncode != 0
    assert "https://docs.qualys.com/en/qscanner/latest/" in made.stderr
    assert "layer/qscanner.gz or layer/qscanner" in made.stderr
    assert not archive(tmp_path).exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"qscanner": PROGRAM, "qscanner_gz": PACKED}, "remove one"),
        ({"qscanner_gz": PACKED[:-9]}, "cannot be unpacked"),
        ({"qscanner_gz": b"not gzip"}, "cannot be unpacked"),
        ({"qscanner": b"<html>"}, "is not a program"),
        ({"qscanner": PACKED}, "is not a program"),
        ({"qscanner": b""}, "is not a program"),
        ({"qscanner": program_for(40)}, "is for another processor"),
        *(
            ({"qscanner": program_for(number)}, f"is for {machine}; make package builds for {platform.machine()}")
            for machine, number in MACHINES.items()
            if machine != platform.machine()
        ),
    ],
)
def test_what_is_no_program_is_refused(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    made = make(tmp_path, **files)
    assert made.returncode != 0 and said in made.stderr and "Traceback" not in made.stderr
    assert not archive(tmp_path).exists()
