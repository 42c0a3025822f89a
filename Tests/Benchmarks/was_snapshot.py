"""`make bench`: was-snapshot against the ideal, that of its calls' latency divided by the calls allowed, and against a Python
program that does the same in the way of the script that it replaces."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "LocalCloud"))

from qualys.client import QualysServer  # noqa: E402

WEBAPPS, LATENCY_MS, CALLS, RUNS = 500, 20.0, 8, 3


def main(qualysctl: Path) -> None:
    measure_run(qualysctl)
    measure_size(qualysctl)
    measure_memory(qualysctl)
    measure_load(qualysctl)


def measure_run(qualysctl: Path) -> None:
    print(f"\nwas-snapshot: {WEBAPPS} web applications, {LATENCY_MS:.0f} ms latency, {CALLS} calls allowed")
    with QualysServer.start(
        webapps=WEBAPPS, findings=10, catalog=500, latency_ms=LATENCY_MS, qps_concurrency=CALLS, qps_scope="all"
    ) as qualys:
        times, peaks, calls = [], [], 0
        for _ in range(RUNS):
            qualys.clear_calls()
            with tempfile.TemporaryDirectory() as folder:
                spent, peak = snapshot(qualysctl, qualys, Path(folder))
            times.append(spent)
            peaks.append(peak)
            calls = len(qualys.calls())
        refused = qualys.limits()["qps"]["blocked_by_concurrency"]
        bare = statistics.median(bare_calls(qualys, calls) for _ in range(RUNS))
        with tempfile.TemporaryDirectory() as folder:
            python = python_program(Path(folder), qualys.api_url, qualys.username, qualys.password)
    took, ideal = statistics.median(times), calls * LATENCY_MS / 1000 / CALLS
    show("Calls made, and refused", f"{calls}, {refused}")
    show("Time", f"{took:.2f} s (least {min(times):.2f} s)")
    show("  ideal", f"{ideal:.2f} s")
    show("  share of the ideal", f"{ideal / took:.2f} (best {ideal / min(times):.2f})", "at least 0.8")
    show("  as many calls by curl", f"{bare:.2f} s ({ideal / bare:.2f})", "that does nothing with the answers")
    show("  the Python program", f"{python['seconds']:.1f} s")
    show("  times as fast", f"{python['seconds'] / took:.1f}", "over 5")
    show("Peak memory", f"{max(peaks) / 1024:.0f} MB", f"the Python program {python['peak_kb'] / 1024:.0f} MB")


def measure_size(qualysctl: Path) -> None:
    """A large subscription, without latency."""
    print("\nwas-snapshot: 2,000 web applications with 100 findings, 300,000 catalog rows")
    with QualysServer.start(webapps=2000, findings=100, catalog=300_000, cache_mb=0) as qualys:
        with tempfile.TemporaryDirectory() as folder:
            spent, peak = snapshot(qualysctl, qualys, Path(folder))
    show("Time", f"{spent:.1f} s", "most of it the stand-in's")
    show("Peak memory", f"{peak / 1024:.0f} MB", "under 128 MB")


def measure_memory(qualysctl: Path) -> None:
    """Findings with whole responses, as scans of real applications bring them."""
    print("\nwas-snapshot: 16 web applications with 200 findings of 200 KB")
    with QualysServer.start(webapps=16, findings=200, finding_bytes=150_000, cache_mb=0) as qualys:
        with tempfile.TemporaryDirectory() as folder:
            spent, peak = snapshot(qualysctl, qualys, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            python = python_program(Path(folder), qualys.api_url, qualys.username, qualys.password)
    show("Peak memory", f"{peak / 1024:.0f} MB", "under 128 MB")
    show("  the Python program", f"{python['peak_kb'] / 1024:.0f} MB")
    show("  share of it", f"{peak / python['peak_kb']:.2f}", "at most 0.25")


def measure_load(qualysctl: Path) -> None:
    print("\nLoading alone, from pages on disk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with QualysServer.start(webapps=300, findings=60, catalog=20_000, finding_bytes=1000) as qualys:
            snapshot(qualysctl, qualys, folder)
        (pages,) = folder.glob("was/snapshots/*/json")
        ours, theirs, rows = [], [], 0
        for number in range(RUNS):
            database = folder / f"{number}.db"
            began = time.monotonic()
            subprocess.run([qualysctl, "load-pages", pages, database], check=True, stdout=subprocess.DEVNULL)
            ours.append(time.monotonic() - began)
            copy = folder / f"python-{number}"
            copy.mkdir()
            (copy / "json").symlink_to(pages)
            result = python_program(copy, "load")
            theirs.append(result["load_seconds"])
            rows = result["rows"]
    speeds = [rows / statistics.median(times) for times in (ours, theirs)]
    show("Rows a second", f"{speeds[0]:,.0f}", "with the start of the process, indexes and views")
    show("  the Python program", f"{speeds[1]:,.0f}", "without any of them")
    show("  times as fast", f"{speeds[0] / speeds[1]:.1f}", "at least 1.5")


def snapshot(qualysctl: Path, qualys: QualysServer, folder: Path) -> tuple[float, int]:
    """Seconds and peak memory in KB of one run."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "QUALYS_USERNAME": qualys.username,
        "QUALYS_PASSWORD": qualys.password,
        "QUALYS_API_URL": qualys.api_url,
        "QUALYS_GATEWAY_URL": qualys.gateway_url,
        "MAX_WORKERS": str(CALLS),
    }
    command = [str(qualysctl), "was-snapshot", "--output", str(folder)]
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.monotonic() - began
    assert status == 0 and answer["counts"]["findings"] == answer["counts"]["counted_findings"], answer
    return spent, usage.ru_maxrss


def bare_calls(qualys: QualysServer, calls: int) -> float:
    """Seconds for as many calls, as many at a time, by a client that throws the answers away."""
    head = f'user = "{qualys.username}:{qualys.password}"\nheader = "Accept: application/json"\n'
    ids = [2001 + 2 * (number % WEBAPPS) for number in range(calls)]
    urls = "".join(f'url = "{qualys.api_url}/qps/rest/3.0/get/was/webapp/{id}"\noutput = /dev/null\n' for id in ids)
    command = ["curl", "-s", "-Z", "--parallel-max", str(CALLS), "-K", "-"]
    began = time.monotonic()
    subprocess.run(command, input=head + urls, text=True, check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def python_program(folder: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "python_was_etl.py"), str(folder), *arguments]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def show(name: str, figure: str, bound: str = "") -> None:
    print(f"{name:<32}{figure:<34}{bound}".rstrip(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
