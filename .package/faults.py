"""Why a program and its libraries would not start on `provided.al2023`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import amazon_linux
from elf import Elf

PROGRAM = "bootstrap"
RUN_PATH = ("RPATH", "$ORIGIN/lib")


def of(files: Mapping[str, Path]) -> list[str]:
    """One sentence a fault; `files` has the archive's names."""
    parts = {name: Elf.read(path) for name, path in sorted(files.items())}
    return [*_unresolved(parts), *_unused(parts), *_too_new(parts), *_run_paths(parts), *_machines(parts)]


def _unresolved(parts: Mapping[str, Elf]) -> Iterator[str]:
    for name, part in parts.items():
        for library in part.needed:
            if not amazon_linux.gives(library) and f"lib/{library}" not in parts:
                yield f"{name} needs {library}, which is neither packed nor on Amazon Linux"


def _unused(parts: Mapping[str, Elf]) -> Iterator[str]:
    reached = {PROGRAM}
    waiting = [PROGRAM]
    while waiting:
        for library in parts[waiting.pop()].needed:
            if (name := f"lib/{library}") in parts and name not in reached:
                reached.add(name)
                waiting.append(name)
    for name in parts.keys() - reached:
        yield f"{name} is needed by nothing"


def _too_new(parts: Mapping[str, Elf]) -> Iterator[str]:
    for name, part in parts.items():
        for library, versions in part.asked.items():
            for version in versions:
                if amazon_linux.gives(library) and not amazon_linux.has_version(version):
                    yield f"{name} asks {library} for {version}, which Amazon Linux does not have"


def _run_paths(parts: Mapping[str, Elf]) -> Iterator[str]:
    """A library with a RUNPATH of its own would not look where the program says."""
    for name, part in parts.items():
        expected = (RUN_PATH,) if name == PROGRAM else ()
        if part.run_paths != expected:
            yield f"{name} has the run path {part.run_paths}, not {expected}"


def _machines(parts: Mapping[str, Elf]) -> Iterator[str]:
    for name, part in parts.items():
        if part.machine != parts[PROGRAM].machine:
            yield f"{name} is for {part.machine}, the program for {parts[PROGRAM].machine}"
