"""`make bench`: host-detections against the ideal, that of its calls' latency and transfer divided by the calls allowed."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "LocalCloud"))

from qualys.client import QualysServer  # noqa: E402

HOSTS, LATENCY_MS, BATCH, RUNS = 100_000, 50.0, 1000, 5
# In memory: the ideal throws its bytes away, and a disk is no part of what is measured.
OUTPUT = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(qualysctl: Path) -> None:
    print(f"\nhost-detections: {HOSTS} hosts in batches of {BATCH}, {LATENCY_MS:.0f} ms latency")
    # All runs before any ideal: what this process holds would count as the peak of one that it starts.
    runs = {allowed: measure(qualysctl, allowed) for allowed in (2, 5, 10)}
    for allowed, (times, peak, megabytes, calls, ideal) in runs.items():
        took = statistics.median(times)
        show(f"{allowed} calls allowed", f"{calls} made, {megabytes} MB")
        show("  time", f"{took:.2f} s (least {min(times):.2f} s)")
        show("  ideal", f"{ideal:.2f} s", "by curl, which throws the bytes away")
        show("  share of the ideal", f"{ideal / took:.2f} (best {ideal / min(times):.2f})", "at least 0.9")
        show("  peak memory", f"{peak / 1024:.0f} MB", "at most 64 MB")
    measure_memory(qualysctl)


def measure_memory(qualysctl: Path) -> None:
    """One answer of many megabytes, with results of 10 KB."""
    with QualysServer.start(
        now="2026-03-10T12:00:00Z", hosts=2000, detections=200, results_bytes=10_000, rate=0, cache_mb=0
    ) as qualys:
        _, peak, megabytes = pull(qualysctl, qualys, 1, batch=2000)
    show(f"One answer of {megabytes} MB", f"peak memory {peak / 1024:.0f} MB", "at most 64 MB")


def measure(qualysctl: Path, allowed: int) -> tuple[list[float], int, int, int, float]:
    with QualysServer.start(
        now="2026-03-10T12:00:00Z", hosts=HOSTS, detections=1, results_bytes=10, latency_ms=LATENCY_MS,
        concurrency=allowed, rate=0, cache_mb=1000,
    ) as qualys:  # fmt: skip
        # The first makes the answers up, which is the stand-in's time and not ours.
        pull(qualysctl, qualys, allowed)
        calls = len(qualys.calls("vm/detection"))
        times, peaks, megabytes = zip(*(pull(qualysctl, qualys, allowed) for _ in range(RUNS)), strict=True)
        ideal = statistics.median(ideal_seconds(qualys, allowed) for _ in range(RUNS))
    return list(times), max(peaks), megabytes[0], calls, ideal


def ideal_seconds(qualys: QualysServer, allowed: int) -> float:
    """The same calls by so many clients as are allowed, each over one connection, as fast as the stand-in answers."""
    signed = ["-H", f"Authorization: {qualys.basic}", "-H", "X-Requested-With: bench"]
    began = time.monotonic()
    subprocess.run(["curl", "-s", "-o", "/dev/null", *signed, f"{qualys.api_url}/msp/about.php"], check=True)
    listed = subprocess.run(
        ["curl", "-s", *signed, f"{qualys.api_url}/api/2.0/fo/asset/host/", "-d",
         "action=list&details=None&truncation_limit=0&vm_processed_after=2000-01-01T00:00:00Z"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    first = time.monotonic() - began
    hosts: list[int] = []
    for one, range_ in re.findall(rb"<ID>(\d+)</ID>|<ID_RANGE>([\d-]+)</ID_RANGE>", listed):
        start, _, end = (one or range_).partition(b"-")
        hosts += range(int(start), int(end or start) + 1)
    forms = []
    for place in range(0, len(hosts), BATCH):
        ids = ",".join(map(str, hosts[place : place + BATCH]))
        forms.append(
            "action=list&show_igs=0&show_reopened_info=1&show_qds=1&output_format=XML"
            f"&status=New,Active,Re-Opened&truncation_limit=0&ids={ids}"
        )
    with tempfile.TemporaryDirectory() as folder:
        for number, form in enumerate(forms):
            Path(folder, str(number)).write_text(form)

        def client(share: int) -> None:
            url = f"{qualys.api_url}/api/2.0/fo/asset/host/vm/detection/"
            parts = [
                f'url = "{url}"\noutput = "/dev/null"\ndata = "@{folder}/{number}"\n'
                f'header = "Authorization: {qualys.basic}"\nheader = "X-Requested-With: bench"\ncompressed\n'
                for number in range(share, len(forms), allowed)
            ]
            subprocess.run(["curl", "-s", "-K", "-"], input="next\n".join(parts), text=True, check=True)

        began = time.monotonic()
        with ThreadPoolExecutor(allowed) as pool:
            list(pool.map(client, range(allowed)))
        return first + time.monotonic() - began


def pull(qualysctl: Path, qualys: QualysServer, allowed: int, batch: int = BATCH) -> tuple[float, int, int]:
    """Seconds, peak memory in KB and megabytes of one run into an empty folder."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "QUALYS_USERNAME": qualys.username,
        "QUALYS_PASSWORD": qualys.password,
        "QUALYS_API_URL": qualys.api_url,
        "QUALYS_GATEWAY_URL": qualys.gateway_url,
        "MAX_WORKERS": str(allowed),
    }
    with tempfile.TemporaryDirectory(dir=OUTPUT) as folder:
        command = [
            str(qualysctl), "host-detections", "--output", folder, "--processed-after", "2000-01-01", "-c", str(batch),
            "--rows", "ndjson",
        ]  # fmt: skip
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        answer = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - began
        assert process.returncode == 0 and answer["status"] == "done"
    return took, usage.ru_maxrss, answer["counts"]["megabytes"]


def show(name: str, figure: str, bound: str = "") -> None:
    print(f"{name:<32}{figure:<34}{bound}".rstrip(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
