"""`make bench`: what the package costs, side by side with a Python program that does the same.

All figures come from one run on one machine; read the ratios, not the milliseconds.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "LocalCloud"))

from localcloud import events  # noqa: E402
from localcloud.client import LocalCloud  # noqa: E402
from localcloud.process import BootstrapProcess  # noqa: E402
from localcloud.runtime_api import RuntimeAPI  # noqa: E402
from localcloud.scanner import StandInScanner  # noqa: E402
import streams  # noqa: E402
from startup import Starter, compile_probe  # noqa: E402

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
STARTS = 40
CACHED_EVENTS = 300


def main(package: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        shutil.unpack_archive(package, folder)
        bootstrap = folder / "bootstrap"
        bootstrap.chmod(0o755)
        show("Package", f"{package.stat().st_size / 1e6:.1f} MB", "at most 13 MB")
        show("Stripped binary", f"{bootstrap.stat().st_size / 1e6:.1f} MB", "at most 16 MB")
        measure_starts(bootstrap, folder)
        for line in streams.measure(REPOSITORY / ".build" / "release" / "streambench", folder):
            show(*line)
        with LocalCloud.start() as cloud:
            measure_work(bootstrap, cloud, folder)


def measure_starts(bootstrap: Path, folder: Path) -> None:
    """From the start of the process to its first `GET /next`, in turns, so that drift hits all alike."""
    settings = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "QUALYS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:012345678912:secret:qualys",
        "AWS_LAMBDA_FUNCTION_NAME": "scanner",
        "PATH": os.environ["PATH"],
    }
    commands = {
        "ours": [str(bootstrap)],
        "python": [sys.executable, str(HERE / "python_runtime.py")],
        "linked": [str(compile_probe(folder, "linked", sorted((folder / "lib").iterdir())))],
        "bare": [str(compile_probe(folder, "bare"))],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with Starter(settings) as starter:
        for round_number in range(STARTS + 2):
            for name, command in commands.items():
                # Python is slow and steady: a few rounds are enough.
                if name == "python" and round_number > 8:
                    continue
                seconds = starter.time_to_next(command)
                if round_number >= 2:
                    times[name].append(seconds * 1000)
    median = {name: statistics.median(values) for name, values in times.items()}
    linking = median["linked"] - median["bare"]
    show("Start to first GET /next", f"{median['ours']:.1f} ms, least {min(times['ours']):.1f} ms", "at most 5 ms")
    show("  of it dynamic linking", f"{linking:.1f} ms ({linking / median['ours']:.0%})", "the same libraries in a C program")
    show("  empty C program", f"{median['bare']:.1f} ms")
    show("  Python with six boto3 clients", f"{median['python']:.0f} ms")
    show("  ratio", f"1/{median['python'] / median['ours']:.0f}", "at most 1/40")


def measure_work(bootstrap: Path, cloud: LocalCloud, folder: Path) -> None:
    topic = cloud.create_topic_with_queue("bench")
    cloud.create_bucket("bench-results")
    cloud.create_table("bench-cache")
    secret = cloud.create_secret("bench", {"qualys_pod": "US2", "qualys_access_token": "a-token-for-the-bench"})
    cloud.create_function("large", {"requirements.txt": "requests==2.19.0\n"}, size_bytes=50_000_000)
    scanner = StandInScanner(folder / "qscanner", cloud.endpoint)
    environment = {
        **cloud.env(),
        "QUALYS_SECRET_ARN": secret,
        "RESULTS_S3_BUCKET": "bench-results",
        "SNS_TOPIC_ARN": topic.arn,
        "SCAN_CACHE_TABLE": "bench-cache",
        "QSCANNER_PATH": str(scanner.path),
        "AWS_LAMBDA_FUNCTION_NAME": "scanner",
        "LOG_LEVEL": "error",
        "PATH": os.environ["PATH"],
    }
    with RuntimeAPI() as api, BootstrapProcess(bootstrap, environment, api) as process:
        cloud.clear_calls()
        answer = api.invoke(events.code_updated("large")).result(120).json
        assert answer["status"] == "scanned", answer
        ours = [call for call in cloud.calls() if call["user_agent"] != "qscanner-stand-in"]
        show("Peak memory, 50 MB package", f"{process.peak_memory_kb / 1024:.0f} MB", "at most 30 MB")
        show("AWS calls of a scan", ", ".join(call["action"] for call in ours))

        cloud.clear_calls()
        before = processor_nanoseconds(process.pid)
        for _ in range(CACHED_EVENTS):
            answer = api.invoke(events.code_updated("large")).result(30).json
            assert answer["status"] == "cached", answer
        spent = (processor_nanoseconds(process.pid) - before) / CACHED_EVENTS / 1e6
        calls = len(cloud.calls()) / CACHED_EVENTS
        show("A cached answer", f"{spent:.2f} ms processor, {calls:.0f} AWS calls", "under 1 ms, 2 calls")
    python = [sys.executable, str(HERE / "python_cached.py"), "large", "bench-cache", str(CACHED_EVENTS)]
    done = subprocess.run(python, env=environment, capture_output=True, text=True, check=True)
    show("  Python, the same two calls", f"{float(done.stdout):.2f} ms")
    show("  ratio", f"1/{float(done.stdout) / spent:.1f}")


def processor_nanoseconds(pid: int) -> int:
    """Of all its threads; /proc/<pid>/stat counts in steps of 10 ms."""
    return sum(
        int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()
    )


def show(name: str, figure: str, bound: str = "") -> None:
    print(f"{name:<32}{figure:<34}{bound}".rstrip(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
