"""`make bench`: was-export against the ideal, that of its calls' latency and transfer divided by the workers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "LocalCloud"))

from qualys.client import QualysServer  # noqa: E402

SCANS, LATENCY_MS, WORKERS, RUNS = 500, 20.0, 5, 3


def main(qualysctl: Path) -> None:
    print(f"\nwas-export: {SCANS} scans, {LATENCY_MS:.0f} ms latency, {WORKERS} workers")
    with QualysServer.start(
        now="2026-03-10T12:00:00Z", scans=SCANS * 6 // 5, scan_days=2, latency_ms=LATENCY_MS, qps_concurrency=WORKERS
    ) as qualys:
        finished = [row["id"] for row in qualys.truth("scans", status="FINISHED")][:SCANS]
        transfer = transfer_seconds(qualys, finished)
        ideal = (len(finished) * LATENCY_MS / 1000 + transfer) / WORKERS
        times, peaks = zip(*(export(qualysctl, qualys, finished) for _ in range(RUNS)), strict=True)
        took = statistics.median(times)
    show("Scans exported", str(len(finished)))
    show("Time", f"{took:.2f} s (least {min(times):.2f} s)")
    show("  ideal", f"{ideal:.2f} s", f"{transfer:.2f} s of it transfer, of all workers together")
    show("  share of the ideal", f"{ideal / took:.2f} (best {ideal / min(times):.2f})", "at least 0.9")
    show("Peak memory", f"{max(peaks) / 1024:.0f} MB", "under 64 MB")


def transfer_seconds(qualys: QualysServer, ids: list[int]) -> float:
    """How long the bytes alone take, one after the other over one connection, by a client that throws them away."""
    qualys.set(latency_ms=0)
    command = ["curl", "-s", "-o", "/dev/null", "-H", f"Authorization: {qualys.basic}", "-H", "Accept: application/json"]
    urls = [f"{qualys.api_url}/qps/rest/3.0/download/was/wasscan/{id}" for id in ids]
    config = "\n".join(f'url = "{url}"\noutput = "/dev/null"' for url in urls)
    for _ in range(2):  # The first makes the answers up, the second is measured.
        began = time.monotonic()
        subprocess.run([*command, "-K", "-"], input=config, text=True, check=True)
        spent = time.monotonic() - began
    qualys.set(latency_ms=LATENCY_MS)
    return spent


def export(qualysctl: Path, qualys: QualysServer, ids: list[int]) -> tuple[float, int]:
    """Seconds and peak memory in KB of one run into an empty folder."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "QUALYS_USERNAME": qualys.username,
        "QUALYS_PASSWORD": qualys.password,
        "QUALYS_API_URL": qualys.api_url,
        "QUALYS_GATEWAY_URL": qualys.gateway_url,
        "MAX_WORKERS": str(WORKERS),
    }
    with tempfile.TemporaryDirectory() as folder:
        command = [str(qualysctl), "was-export", "--output", folder, "--ids", ",".join(map(str, ids))]
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        answer = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        spent = time.monotonic() - began
        assert status == 0 and answer["counts"]["exported"] == len(ids), answer
    return spent, usage.ru_maxrss


def show(name: str, figure: str, bound: str = "") -> None:
    print(f"{name:<32}{figure:<34}{bound}".rstrip(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
