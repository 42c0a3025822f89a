#!/usr/bin/env python3
"""Packs QScanner as a Lambda layer: layer.py FOLDER ARCHIVE

In the folder is `qscanner.gz` or `qscanner`, and perhaps `qscanner.sha256`: the hash of the file that is there.
"""

from __future__ import annotations

import gzip
import hashlib
import platform
import re
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import archive

_HASH = re.compile(r"([0-9a-fA-F]{64})(?: [ *](.+))?")
# How a binary and a script begin.
_ELF = b"\x7fELF"
_PROGRAMS = (_ELF, b"#!")
# What a binary says of its processor: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_MACHINES = {62: "x86_64", 183: "aarch64"}
# What Lambda unpacks at most, function and layers together.
_LARGEST = 250 * 1024 * 1024


def main(folder: Path, target: Path) -> None:
    source = find(folder)
    check(source, folder / "qscanner.sha256")
    with tempfile.TemporaryDirectory() as scratch:
        program = unpacked(source, Path(scratch, "qscanner"))
        with open(program, "rb") as stream:
            head = stream.read(20)
        if not head.startswith(_PROGRAMS):
            sys.exit(f"{source} is not a program: perhaps an archive, or the page that says where to get it.")
        machine = _MACHINES.get(int.from_bytes(head[18:20], "little"), "another processor")
        if head.startswith(_ELF) and machine != platform.machine():
            sys.exit(f"{source} is for {machine}; make package builds for {platform.machine()} here, and both go together.")
        if program.stat().st_size > _LARGEST:
            sys.exit(f"{source} is larger than the 250 MB that Lambda unpacks.")
        archive.write(target, {"bin/qscanner": (0o755, program)})
    print(archive.describe(target))


def find(folder: Path) -> Path:
    there = [path for path in (folder / "qscanner.gz", folder / "qscanner") if path.is_file()]
    if len(there) == 2:
        sys.exit(f"Both {there[0]} and {there[1]} are there: remove one, so that it is clear which is meant.")
    if not there:
        sys.exit(
            f"QScanner is not in {folder}/. It is Qualys's own program and not part of this repository: download it for\n"
            "Linux, for the machine that the function has (amd64 or arm64), with your Qualys subscription, as\n"
            "https://docs.qualys.com/en/qscanner/latest/ says.\n"
            f"Put it there as {folder}/qscanner.gz or {folder}/qscanner. With a {folder}/qscanner.sha256 it is checked."
        )
    return there[0]


def check(source: Path, expected: Path) -> None:
    """Takes a bare hash, and the lines of `sha256sum`, of which the one with the file's name counts."""
    if not expected.exists():
        print(f"{source} was not checked: {expected} is not there.", file=sys.stderr)
        return
    lines = [_HASH.fullmatch(line) for line in expected.read_text().splitlines() if line.strip()]
    hashes = [line[1].lower() for line in lines if line and (line[2] is None or Path(line[2]).name == source.name)]
    if None in lines or len(hashes) != 1:
        sys.exit(f"{expected} must have one SHA-256 for {source.name}: a bare hash, or a line of sha256sum.")
    with open(source, "rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != hashes[0]:
        sys.exit(f"{source} is not what {expected} says: its SHA-256 is {actual}, not {hashes[0]}.")


def unpacked(source: Path, target: Path) -> Path:
    if source.suffix != ".gz":
        return source
    try:
        with gzip.open(source) as packed, open(target, "wb") as stream:
            shutil.copyfileobj(packed, stream)
    except (OSError, EOFError, zlib.error) as error:
        sys.exit(f"{source} cannot be unpacked: {error}")
    return target


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
