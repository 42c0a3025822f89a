"""`make bench`: car-import from the bytes of pages to import files, at 1x, 2x and 4x of the detections, next to Python,
which only parses the same pages of detections."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xmltodict

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "LocalCloud"))

from car.generator import Generator  # noqa: E402

HOSTS, DETECTIONS = (12_500, 25_000, 50_000), 100


def main(qualysctl: Path) -> None:
    print(f"\ncar-import: {DETECTIONS} detections a host, from the bytes of pages to import files")
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for hosts in HOSTS:
            folder = Path(scratch) / "pages"
            Generator(hosts=hosts, detections=DETECTIONS, odd=0.02).write(folder)
            seconds, peak, counts = run(qualysctl, folder, Path(scratch) / "imports")
            times.append(seconds)
            show(
                f"{hosts} hosts, {counts['detections']:,} detections",
                f"{seconds:.1f} s ({counts['detections'] / seconds:,.0f}/s)",
                f"{counts['objects']:,} objects, {peak / 1024:.0f} MB (at least 60,000/s, at most 256 MB)",
            )
            if hosts == HOSTS[0]:
                show("  Python parses", f"{parse_speed(folder):,.0f}/s", "xmltodict, the detections alone")
            shutil.rmtree(folder)
    show("Time of 2x and 4x by that of 1x", ", ".join(f"{one / times[0]:.2f}" for one in times[1:]), "linear: 2, 4")


def run(qualysctl: Path, pages: Path, output: Path) -> tuple[float, int, dict[str, int]]:
    """Seconds, the most memory in KB, and what the program counted."""
    output.mkdir(exist_ok=True)
    for page in pages.iterdir():  # From memory, not from the disk.
        page.read_bytes()
    began = time.monotonic()
    process = subprocess.Popen([qualysctl, "import-pages", pages, output], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    counts = {name: int(value) for name, value in (line.split() for line in process.stdout)}
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError("import-pages failed")
    shutil.rmtree(output)
    return spent, usage.ru_maxrss, counts


def parse_speed(pages: Path) -> float:
    """Detections a second that Python parses, of the first few pages."""
    texts = [page.read_bytes() for page in sorted(pages.glob("hld*.xml"))[:10]]
    count = sum(text.count(b"<DETECTION>") for text in texts)
    began = time.monotonic()
    for text in texts:
        xmltodict.parse(text)
    return count / (time.monotonic() - began)


def show(what: str, value: str, note: str = "") -> None:
    print(f"  {what:<38}{value:<26}{note}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
