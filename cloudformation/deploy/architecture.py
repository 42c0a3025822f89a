"""The processor that a program in a ZIP file is for, as Lambda calls it; nothing for a script: architecture.py ZIP MEMBER"""

from __future__ import annotations

import sys
import zipfile

# e_machine of ELF: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
MACHINES = {62: "x86_64", 183: "arm64"}


def main(archive: str, member: str) -> None:
    try:
        with zipfile.ZipFile(archive) as file, file.open(member) as stream:
            head = stream.read(20)
    except (KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"deploy: {archive} is not what it should be: {error}")
    if head.startswith(b"\x7fELF"):
        machine = int.from_bytes(head[18:20], "little")
        print(MACHINES.get(machine) or sys.exit(f"deploy: {archive} is for a processor that Lambda does not have"))


if __name__ == "__main__":
    main(*sys.argv[1:])
