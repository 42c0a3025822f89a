"""Measures how fast XML and JSON are read in chunks, against expat with empty handlers and Python's json."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import hld_file
import xmltodict

HERE = Path(__file__).resolve().parent
MEGABYTES = 210


def measure(streambench: Path, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Lines to show: name, figure, bound."""
    document = folder / "hld.xml"
    hld_file.write(document, MEGABYTES * 1_000_000)
    floor = folder / "expat_floor"
    subprocess.run(["cc", "-O2", "-o", floor, HERE / "expat_floor.c", "-l:libexpat.a"], check=True)
    # In turns, so that drift hits all alike; each is the best of its rounds.
    rates = [(rate([floor, document]), rate([streambench, "xml-rows", document])) for _ in range(3)]
    bare, rows = (max(column) for column in zip(*rates, strict=True))
    yield "Detections, XML to rows", f"{rows:.0f} MB/s", ""
    yield "  expat with empty handlers", f"{bare:.0f} MB/s", ""
    yield "  ratio", f"{rows / bare:.2f}", "at least 0.5"
    tree = xmltodict_rate(document)
    yield "  Python's xmltodict", f"{tree:.0f} MB/s", "on a tenth of it, all in memory"
    yield "  ratio", f"{rows / tree:.1f}", "over 5"
    document.unlink()

    page = folder / "page.json"
    page.write_text(json.dumps(findings(60_000), indent=1))
    items = rate([streambench, "json-items", page])
    checked = rate([streambench, "json-check", page])
    python = python_rate(page)
    yield "Findings, JSON to items", f"{items:.0f} MB/s", ""
    yield "  checked only", f"{checked:.0f} MB/s", ""
    yield "  Python's json", f"{python:.0f} MB/s", ""
    yield "  ratio", f"{items / python:.1f}", "at least 1.5"


def rate(command: list[Path | str]) -> float:
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def xmltodict_rate(document: Path) -> float:
    with document.open("rb") as file:
        head = file.read(MEGABYTES * 100_000)
    whole = head[: head.rindex(b"</HOST>")] + b"</HOST></HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>"
    began = time.perf_counter()
    xmltodict.parse(whole)
    return len(whole) / 1e6 / (time.perf_counter() - began)


def python_rate(page: Path) -> float:
    text = page.read_bytes()
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        json.loads(text)
        best = max(best, len(text) / 1e6 / (time.perf_counter() - began))
    return best


def findings(count: int) -> list[dict[str, object]]:
    rng = random.Random(2026)
    return [
        {
            "Finding": {
                "id": rng.randrange(10**9),
                "uniqueId": f"{rng.getrandbits(128):032x}",
                "qid": 150_000 + rng.randrange(900),
                "name": "Reflected Cross-Site Scripting (XSS) Vulnerabilities",
                "severity": rng.randint(1, 5),
                "url": f"https://shop{rng.randrange(50)}.example.test/{rng.getrandbits(40):x}",
                "status": rng.choice(["NEW", "ACTIVE", "FIXED"]),
                "firstDetectedDate": "2024-05-06T03:10:30Z",
                "webApp": {"id": rng.randrange(2000), "name": "Shop – Käse & Wein"},
            }
        }
        for _ in range(count)
    ]
