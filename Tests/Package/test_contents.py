"""What is in the zip, read from its files."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import zipfile
from pathlib import Path

import amazon_linux
import faults
import pytest
from elf import Elf

BUDGET = 13_000_000
PROGRAM_BUDGET = 16_000_000
# A program that uses full Foundation has these, and ICU makes 44 MB of it.
# One call of FoundationEssentials brings 6 MB along, its regular expressions included.
FOUNDATION = (b"$s10Foundation", b"FoundationInternationalization", b"icudt", b"FoundationEssentials", b"_RegexParser")


def test_every_library_is_packed_or_on_amazon_linux_and_none_is_superfluous(files: dict[str, Path]) -> None:
    """Also: one run path, versions that Amazon Linux has, one machine."""
    assert faults.of(files) == []


def test_highest_versions(files: dict[str, Path]) -> None:
    highest: dict[str, tuple[int, ...]] = {}
    for path in files.values():
        for library, versions in Elf.read(path).asked.items():
            for version in versions if amazon_linux.gives(library) else ():
                family, _, number = version.rpartition("_")
                highest[family] = max(highest.get(family, ()), tuple(map(int, number.split("."))))
    assert highest["GLIBC"] <= (2, 34)
    assert highest["GLIBCXX"] <= (3, 4, 29)
    print(highest)


def test_libcurls_closure_and_nothing_else(files: dict[str, Path]) -> None:
    """Debian's own would bring two dozen more, and all of them cost time at the start."""
    libraries = {"libcurl.so.4", "libssl.so.3", "libcrypto.so.3", "libz.so.1"}
    assert files.keys() == {"bootstrap", *(f"lib/{name}" for name in libraries)}


def test_size(package: Path, files: dict[str, Path]) -> None:
    assert package.stat().st_size <= BUDGET
    assert files["bootstrap"].stat().st_size <= PROGRAM_BUDGET


def test_what_the_loader_has_written_is_read_only_afterwards(files: dict[str, Path]) -> None:
    for name, path in files.items():
        assert "GNU_RELRO" in Elf.read(path).segments, name


def test_stripped(files: dict[str, Path]) -> None:
    for name, path in files.items():
        sections = Elf.read(path).sections
        assert ".symtab" not in sections, name
        assert not any(section.startswith(".debug") for section in sections), name


def test_no_icu_and_no_foundation(files: dict[str, Path]) -> None:
    assert not [name for name in files if re.search(r"icu|xml2|Foundation|swift", name)]
    program = files["bootstrap"].read_bytes()
    assert [mark for mark in FOUNDATION if mark in program] == []


def test_no_folder_of_the_machine_that_built_it(files: dict[str, Path]) -> None:
    program = files["bootstrap"].read_bytes()
    assert os.fsencode(Path(__file__).resolve().parents[2]) not in program
    assert os.fsencode(Path.home()) + b"/" not in program


def test_entries(package: Path) -> None:
    """Files only, sorted, without a date, and of them the program alone can be executed."""
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    names = [entry.filename for entry in entries]
    assert names == sorted(set(names)) and "bootstrap" in names
    assert all(re.fullmatch(r"bootstrap|lib/lib[\w.+-]+\.so[\d.]*", name) for name in names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    for entry in entries:
        mode = entry.external_attr >> 16
        assert stat.S_ISREG(mode)
        assert stat.S_IMODE(mode) == (0o755 if entry.filename == "bootstrap" else 0o644), entry.filename


# --- That the checks find what they are there for ---


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A small C program that starts on Amazon Linux."""
    return compiled(tmp_path / "bootstrap", "int main(void) { return 0; }")


def compiled(target: Path, source: str, *options: str) -> Path:
    """The run path is the package's, unless the options name another."""
    run_path = () if options else ("-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib",)
    command = ["clang", "-x", "c", "-", "-o", target, *run_path, *options]
    subprocess.run(command, input=source, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    return target


def test_a_sound_program_has_no_faults(program: Path) -> None:
    assert faults.of({"bootstrap": program}) == []


@pytest.mark.parametrize("version", ["GLIBC_2.35", "GLIBCXX_3.4.30", "CXXABI_1.3.14", "GCC_12.0.0", "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"])  # fmt: skip
def test_versions_that_amazon_linux_does_not_have(version: str) -> None:
    assert not amazon_linux.has_version(version)


@pytest.mark.parametrize("version", ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBCXX_3.4.29", "CXXABI_1.3", "GCC_3.3"])
def test_versions_that_amazon_linux_has(version: str) -> None:
    assert amazon_linux.has_version(version)


def test_a_symbol_that_is_too_new_is_found(tmp_path: Path) -> None:
    source = "float hypotf(float, float); int main(int n, char **a) { return hypotf(n, n); }"
    newer = compiled(tmp_path / "bootstrap", source, "-lm", "-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib")
    if "GLIBC_2.35" not in Elf.read(newer).asked.get("libm.so.6", ()):
        pytest.skip("this machine's glibc is older than 2.35")
    assert faults.of({"bootstrap": newer}) == [
        "bootstrap asks libm.so.6 for GLIBC_2.35, which Amazon Linux does not have"
    ]


def test_a_missing_library_is_found(files: dict[str, Path]) -> None:
    left = {name: path for name, path in files.items() if not name.startswith("lib/libcrypto.")}
    found = faults.of(left)
    assert found and all("needs libcrypto" in fault for fault in found)


def test_a_superfluous_library_is_found(program: Path, files: dict[str, Path]) -> None:
    name = next(name for name in files if name.startswith("lib/libz."))
    assert faults.of({"bootstrap": program, name: files[name]}) == [f"{name} is needed by nothing"]


@pytest.mark.parametrize("options", ["-Wl,--enable-new-dtags,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags,-rpath,/usr/lib", "-Wl,--as-needed"])  # fmt: skip
def test_another_run_path_is_found(tmp_path: Path, options: str) -> None:
    other = compiled(tmp_path / "bootstrap", "int main(void) { return 0; }", options)
    (fault,) = faults.of({"bootstrap": other})
    assert fault.startswith("bootstrap has the run path")
