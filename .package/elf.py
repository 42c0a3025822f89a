"""What a program or library asks of the machine that it is to run on, as readelf tells it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_RUN_PATH = re.compile(r"\((RPATH|RUNPATH)\).*\[(.*)\]")
_FILE = re.compile(r"Version: \d+ +File: (\S+)")
_VERSION = re.compile(r"Name: (\S+) +Flags:")


@dataclass(frozen=True)
class Elf:
    """`asked` has the versions by the library that they are asked of; `run_paths` pairs of tag and path."""

    path: Path
    machine: str
    loader: str | None
    needed: tuple[str, ...]
    run_paths: tuple[tuple[str, str], ...]
    asked: dict[str, tuple[str, ...]]
    sections: frozenset[str]
    segments: frozenset[str]

    @staticmethod
    def read(path: Path) -> Elf:
        text = _readelf("-h", "-l", "-S", "-d", "-V", path)
        loader = re.search(r"Requesting program interpreter: (.+)\]", text)
        machine = re.search(r"Machine: +(.+)", text)
        if machine is None:
            raise ValueError(f"{path} is not an ELF file")
        return Elf(
            path,
            machine[1],
            loader[1] if loader else None,
            tuple(_NEEDED.findall(text)),
            tuple(_RUN_PATH.findall(text)),
            _versions(text),
            frozenset(re.findall(r"^ +\[ *\d+\] (\S+)", text, re.MULTILINE)),
            frozenset(re.findall(r"^  ([A-Z_]+) +0x", text, re.MULTILINE)),
        )


def _versions(text: str) -> dict[str, tuple[str, ...]]:
    asked: dict[str, list[str]] = {}
    of: list[str] = []
    for line in text.partition("Version needs section")[2].splitlines():
        if file := _FILE.search(line):
            of = asked.setdefault(file[1], [])
        elif version := _VERSION.search(line):
            of.append(version[1])
    return {library: tuple(versions) for library, versions in asked.items()}


def _readelf(*arguments: str | Path) -> str:
    """In English, with lines that are not cut."""
    return subprocess.run(
        ["readelf", "--wide", *arguments],
        env={**os.environ, "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
