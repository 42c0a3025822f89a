"""The stand-in scanner keeps to what is known of the real one, and misbehaves as told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.client import LocalCloud
from localcloud.scanner import StandInScanner

FILES = {
    "package.json": '{"dependencies": {"lodash": "^4.17.20", "left-pad": "1.3.0"}}',
    "requirements.txt": "requests==2.19.0\npyyaml==5.3\n",
    "app.cfg": "[aws]\nkey = AKIAABCDEFGHIJKLMNOP\n",
}


class Bench:
    """A scanner, a function to scan and a fresh folder for every run."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.scanner = StandInScanner(folder / "bin", cloud.endpoint)
        self.arn = cloud.create_function("app", FILES)
        self._runs = 0

    @property
    def output(self) -> Path:
        return self.folder / f"out{self._runs}"

    def environment(self, **changes: str | None) -> dict[str, str]:
        keys = self.cloud.root
        given: dict[str, str | None] = {
            "QUALYS_ACCESS_TOKEN": "token-123",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def command(self, *words: str) -> list[str]:
        self._runs += 1
        rest = words or ("lambda", self.arn)
        return [
            str(self.scanner.path), "--pod", "US2", "--output-dir", str(self.output),
            "--cache-dir", str(self.folder / "cache"), "--scan-types=pkg,secret", *rest,
        ]  # fmt: skip

    def run(self, *words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        environment = self.environment(**changes)
        return subprocess.run(
            self.command(*words), env=environment, capture_output=True, text=True, timeout=20
        )

    def file(self, suffix: str) -> Any:
        (path,) = self.output.glob("*" + suffix)
        return json.loads(path.read_bytes())

    def has(self, suffix: str) -> bool:
        return any(self.output.glob("*" + suffix))


@pytest.fixture
def bench(cloud: LocalCloud, tmp_path: Path) -> Iterator[Bench]:
    yield Bench(cloud, tmp_path)


def test_it_scans_a_function_and_writes_every_file(bench: Bench) -> None:
    run = bench.run()
    assert run.returncode == 0 and "stand-in" in run.stdout and "lodash" in run.stdout
    inventory = bench.file("-ScanResult.json")
    assert inventory["QScannerVersion"] == "0.0.0-stand-in"
    names = {pack["Name"] for entry in inventory["SCAResults"] for pack in entry["Packages"]}
    assert names == {"lodash", "left-pad", "requests", "pyyaml"}
    (secrets,) = inventory["SecretResults"]
    assert secrets["Secrets"][0]["Match"] == "AKIAABCDEFGHIJKLMNOP"
    assert secrets["Secrets"][0]["StartLine"] == 2
    tags = inventory["Metadata"]["TargetMetadata"]["ImageMetadata"]["RepoTags"]
    assert tags[0].startswith("lambdascan:")
    (sarif,) = bench.file("-Report.sarif.json")["runs"]
    severities = {
        rule["id"]: rule["properties"]["severity"] for rule in sarif["tool"]["driver"]["rules"]
    }
    assert severities == {"376123": 4, "374910": 5, "375467": 3, "Secret": 5}
    assert {result["ruleId"] for result in sarif["results"]} == set(severities)
    assert bench.has("-ScanResult.spdx.json") and bench.has("-ChangeList.db.xz")


def test_it_scans_an_image_without_downloading(bench: Bench) -> None:
    arn = bench.cloud.create_image_function("image")
    assert bench.run("lambda", arn).returncode == 0
    assert bench.file("-ScanResult.json")["OSResults"]
    (path,) = bench.output.glob("*-Report.sarif.json")
    assert len(path.name.partition("-")[0]) == 64
    assert bench.cloud.calls("package:") == []


def test_it_signs_with_the_credentials_of_a_spoke(bench: Bench) -> None:
    role, spoke = bench.cloud.create_spoke_role("111122223333", "scanner")
    arn = bench.cloud.create_function("theirs", keys=spoke)
    assert bench.run("lambda", arn).returncode == 10
    keys = bench.cloud.assume_role(role)
    run = bench.run(
        "lambda",
        arn,
        AWS_ACCESS_KEY_ID=keys.access_key_id,
        AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
        AWS_SESSION_TOKEN=keys.session_token,
    )
    assert run.returncode == 0


def test_a_function_that_cannot_be_fetched_is_exit_10(bench: Bench) -> None:
    assert bench.run("lambda", "nobody").returncode == 10
    assert bench.run(AWS_REGION="eu-west-1").returncode == 10
    bench.cloud.fault("corrupt", "package:Download")
    assert bench.run().returncode == 10


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (("lambda", "app"), {"QUALYS_ACCESS_TOKEN": None}),
        (("lambda", "app"), {"HOME": None}),
        (("lambda", "app"), {"AWS_REGION": None}),
        (("lambda", "app"), {"AWS_SECRET_ACCESS_KEY": None}),
        (("--save", "lambda", "app"), {}),
        (("--pod", "MARS1", "lambda", "app"), {}),
        (("--format", "sarif", "lambda", "app"), {}),
        (("--scan-timeout", "300", "lambda", "app"), {}),
        (("lambda",), {}),
    ],
)
def test_what_is_missing_or_wrong_is_exit_2(
    bench: Bench, words: tuple[str, ...], changes: dict[str, None]
) -> None:
    assert bench.run(*words, **changes).returncode == 2


def test_modes_and_formats_choose_the_files(bench: Bench) -> None:
    bench.run("--mode", "scan-only", "--format", "json", "lambda", "app")
    assert bench.has("-ScanResult.json") and not bench.has("-Report.sarif.json")
    assert not bench.has("-ChangeList.db.xz")
    assert bench.run("lambda", "app", "--mode=evaluate-policy").returncode == 43


@pytest.mark.parametrize(
    ("code", "result", "sarif"),
    [(1, False, False), (13, False, False), (40, True, False), (41, True, True), (42, True, True)],
)
def test_exit_codes_come_with_their_files(
    bench: Bench, code: int, result: bool, sarif: bool
) -> None:
    bench.scanner.turn(exit_code=code)
    assert bench.run().returncode == code
    assert (bench.has("-ScanResult.json"), bench.has("-Report.sarif.json")) == (result, sarif)


def test_files_can_be_missing_broken_empty_or_huge(bench: Bench) -> None:
    bench.scanner.turn(result="missing", sarif="missing")
    bench.run()
    assert not bench.has("-ScanResult.json") and not bench.has("-Report.sarif.json")
    bench.scanner.turn(result="broken", sarif="zero")
    bench.run()
    with pytest.raises(ValueError):
        bench.file("-ScanResult.json")
    results = bench.file("-Report.sarif.json")["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {"Secret"}
    bench.scanner.turn(result="huge:1000000", sarif="count:500", repo_tags=False)
    bench.run()
    assert next(bench.output.glob("*-ScanResult.json")).stat().st_size > 900_000
    assert (
        "RepoTags"
        not in bench.file("-ScanResult.json")["Metadata"]["TargetMetadata"]["ImageMetadata"]
    )
    assert len(bench.file("-Report.sarif.json")["runs"][0]["tool"]["driver"]["rules"]) == 501


def test_knobs_can_belong_to_one_function(bench: Bench) -> None:
    bench.cloud.create_function("other")
    bench.scanner.turn("other", exit_code=30)
    assert bench.run().returncode == 0
    assert bench.run("lambda", "other").returncode == 30


def test_it_can_be_noisy_and_indiscreet(bench: Bench) -> None:
    bench.scanner.turn(echo_token=True, echo_text=["password=hunter2"], output_bytes=300_000)
    run = bench.run()
    assert "token-123" in run.stderr and "password=hunter2" in run.stdout
    assert len(run.stdout) > 300_000


def test_it_can_crash_and_sleep(bench: Bench) -> None:
    bench.scanner.turn(crash="SIGSEGV")
    assert bench.run().returncode == -signal.SIGSEGV
    bench.scanner.turn(crash=None, sleep_before=0.2, sleep_after=0.2)
    start = time.monotonic()
    bench.run()
    assert time.monotonic() - start > 0.4


@pytest.mark.parametrize("setsid", [False, True])
def test_a_child_can_outlive_it_and_hold_the_console(bench: Bench, setsid: bool) -> None:
    bench.scanner.turn(child_outlives=True, child_setsid=setsid, ignore_sigterm=True)
    process = subprocess.Popen(
        bench.command(), env=bench.environment(), stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None and process.wait(10) == 0
    child = bench.scanner.events("child")[0]["child"]
    os.kill(child, signal.SIGTERM)
    time.sleep(0.05)
    os.kill(child, 0)
    assert (os.getpgid(child) == process.pid) is not setsid
    os.kill(child, signal.SIGKILL)
    process.stdout.read()
    process.stdout.close()


def test_a_run_is_written_down(bench: Bench) -> None:
    bench.run()
    (start,) = bench.scanner.runs
    assert start["argv"][1:3] == ["--pod", "US2"] and start["env"]["AWS_REGION"] == "us-east-1"
    assert start["cwd"] == os.getcwd() and set(start["fds"]) >= {"0", "1", "2"}
    assert bench.scanner.events("end")[0]["exit_code"] == 0


def test_a_cache_in_use_locks_the_second_run_out(bench: Bench) -> None:
    bench.scanner.turn(sleep_before=60)
    first = subprocess.Popen(
        bench.command(),
        env=bench.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not bench.cloud.calls("package:Download"):
        time.sleep(0.05)
    assert bench.run().returncode == 1
    first.kill()
    first.wait(10)
    bench.scanner.turn(sleep_before=0)
    assert bench.run().returncode == 0
