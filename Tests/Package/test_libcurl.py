"""The libcurl that is packed in the place of Debian's, and how it is built."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import libcurl
import pytest
from conftest import REPOSITORY

DEBIANS = "libcurl.so.4"


@pytest.fixture(scope="module")
def packed(task: Path) -> Path:
    return task / "lib/libcurl.so.4"


def test_it_has_every_symbol_of_debians_in_the_same_version(packed: Path) -> None:
    """What was linked with the one starts with the other."""
    (there,) = Path("/usr/lib").glob(f"*-linux-gnu/{DEBIANS}")
    assert symbols(there) <= symbols(packed)


def symbols(library: Path) -> set[str]:
    said = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in said.splitlines() if "curl_" in line}


def test_it_is_the_installed_version_and_speaks_http_and_https_alone(packed: Path) -> None:
    said = version_info(packed)
    assert said[0] == version_info(Path(DEBIANS))[0]
    assert said[1] == {"http", "https"}


def version_info(library: Path) -> tuple[str, set[str]]:
    """Version and protocols, of curl_version_info."""

    class Info(ctypes.Structure):
        _fields_ = [
            ("age", ctypes.c_int),
            ("version", ctypes.c_char_p),
            ("version_num", ctypes.c_uint),
            ("host", ctypes.c_char_p),
            ("features", ctypes.c_int),
            ("ssl_version", ctypes.c_char_p),
            ("ssl_version_num", ctypes.c_long),
            ("libz_version", ctypes.c_char_p),
            ("protocols", ctypes.POINTER(ctypes.c_char_p)),
        ]

    ask = ctypes.CDLL(str(library)).curl_version_info
    ask.restype = ctypes.POINTER(Info)
    info = ask(0).contents
    protocols = set()
    while name := info.protocols[len(protocols)]:
        protocols.add(name.decode())
    return info.version.decode(), protocols


def test_what_is_built_already_is_not_built_again(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / ".build/libcurl", tmp_path / "libcurl")
    before = (tmp_path / "libcurl/libcurl.so.4").stat()
    libcurl.main(tmp_path / "libcurl/libcurl.so.4", tmp_path / "nothing was fetched")
    assert (tmp_path / "libcurl/libcurl.so.4").stat() == before


def test_a_source_that_debian_no_longer_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer security update is out: the way on is to install it."""
    without_network(monkeypatch, failing="source")
    with pytest.raises(SystemExit, match=r"libcurl 1\.2-3.*apt-get install libcurl4-openssl-dev"):
        libcurl.main(tmp_path / "libcurl.so.4", tmp_path / "sources")
    assert not any(tmp_path.glob("sources/*")) and not (tmp_path / "libcurl.so.4").exists()


def test_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_network(monkeypatch, failing="update")
    with pytest.raises(SystemExit, match="the first make package needs the network"):
        libcurl.main(tmp_path / "libcurl.so.4", tmp_path / "sources")
    assert not any(tmp_path.glob("sources/*")) and not (tmp_path / "libcurl.so.4").exists()


def without_network(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Has every command done, but for the one with this word, in the place of which one fails."""
    run = libcurl.run

    def instead(command: list[str], failure: str, folder: Path | None = None) -> str:
        fails = failing in command
        return run([sys.executable, "-c", f"raise SystemExit({int(fails)})"], failure.replace("\n", " "), folder)

    monkeypatch.setattr(libcurl, "run", instead)
    monkeypatch.setattr(libcurl, "installed", lambda: "1.2-3")
