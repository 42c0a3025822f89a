"""ZIP files whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The first that the format can say.
_DATE = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100000
_UNIX = 3


def write(archive: Path, files: Mapping[str, tuple[int, Path]]) -> None:
    """Writes `files`, each name with its mode and content, sorted by name.

    The archive is either there as a whole or not.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    try:
        with open(handle, "wb") as stream, zipfile.ZipFile(stream, "w") as output:
            for name, (mode, content) in sorted(files.items()):
                entry = zipfile.ZipInfo(name, _DATE)
                entry.create_system = _UNIX
                entry.external_attr = (_REGULAR_FILE | mode) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                output.writestr(entry, content.read_bytes(), compresslevel=9)
        os.chmod(scratch, 0o644)
        os.replace(scratch, archive)
    except BaseException:
        os.unlink(scratch)
        raise


def describe(archive: Path) -> str:
    return f"{os.path.relpath(archive)}: {archive.stat().st_size / 1e6:.1f} MB"
