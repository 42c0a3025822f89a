#!/usr/bin/env python3
"""Packs the built `bootstrap` with its libraries for Lambda: bootstrap.py PROGRAM LIBCURL ARCHIVE

LIBCURL is packed in the place of the system's (libcurl.py). What would not start there is not packed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import amazon_linux
import archive
import faults

_FOUND = re.compile(r"^\s+(\S+) => (.+) \(0x", re.MULTILINE)
_REFUSED = (
    "Not packed, because it would not start on provided.al2023. What asks for a newer glibc or libstdc++ must be built\n"
    "on an older system, such as Debian 12 or Amazon Linux 2023:"
)
_MISSING = re.compile(r"^\s+(\S+) => not found", re.MULTILINE)


def main(program: Path, libcurl: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder, "bootstrap")
        strip(program, stripped)
        files = {"bootstrap": stripped, **libraries(program, libcurl)}
        if found := faults.of(files):
            sys.exit("\n  ".join([_REFUSED, *found]))
        archive.write(target, {name: (mode(name), path) for name, path in files.items()})
    print(archive.describe(target))


def strip(program: Path, target: Path) -> None:
    """Takes away what running does not need, and with it all that differs between clones in two folders: paths in
    debug information, and two hashes of them (Swift's for skipping code generation, and the linker's).

    By the toolchain's own: GNU strip would take PT_GNU_RELRO away too.
    """
    asked = [os.environ.get("SWIFT") or "swift", "-print-target-info"]
    resources = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)["paths"]["runtimeResourcePath"]
    objcopy = Path(resources).parents[1] / "bin/llvm-objcopy"
    hashes = [f"--remove-section={name}" for name in (".swift_modhash", ".note.gnu.build-id")]
    subprocess.run([objcopy, "--strip-all", *hashes, program, target], check=True)


def libraries(program: Path, libcurl: Path) -> dict[str, Path]:
    """All that the loader would map here, with this libcurl, and Amazon Linux does not have, by the name in the archive."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}
    environment |= {"LC_ALL": "C", "LD_LIBRARY_PATH": str(libcurl.parent.absolute())}
    said = subprocess.run(["ldd", program], env=environment, check=True, capture_output=True, text=True).stdout
    if missing := _MISSING.findall(said):
        sys.exit(f"{program} needs libraries that are not on this machine: {', '.join(missing)}")
    return {f"lib/{name}": Path(path) for name, path in _FOUND.findall(said) if not amazon_linux.gives(name)}


def mode(name: str) -> int:
    return 0o755 if name == "bootstrap" else 0o644


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
