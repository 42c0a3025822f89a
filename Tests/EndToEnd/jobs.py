"""What the tests of the scheduled jobs share: an account at the stand-in for Qualys, and the programs that call it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qualys.client import QualysServer

from lab import SECRET, Lab

DONE, FAILED, BAD_USAGE, PARTIAL = 0, 1, 2, 3


def account(qualys: QualysServer) -> dict[str, str]:
    """The account in a shell's environment."""
    return {
        "QUALYS_USERNAME": qualys.username,
        "QUALYS_PASSWORD": qualys.password,
        "QUALYS_API_URL": qualys.api_url,
        "QUALYS_GATEWAY_URL": qualys.gateway_url,
    }


def prepare(lab: Lab, qualys: QualysServer) -> dict[str, str | None]:
    """Puts the account into the secret; the settings of a scanner whose jobs call the stand-in."""
    lab.change_secret(
        {**SECRET, "qualys_username": qualys.username, "qualys_password": qualys.password}
    )
    return {
        "QUALYS_API_URL": qualys.api_url,
        "QUALYS_GATEWAY_URL": qualys.gateway_url,
        "S3_BUCKET_NAME": lab.bucket,
    }


class Terminal:
    """Runs qualysctl with an account in the environment and no AWS at all."""

    def __init__(self, program: Path, qualys: QualysServer, folder: Path) -> None:
        self.program = program
        self.qualys = qualys
        self.folder = folder
        self.output = folder / "output"
        self.temporary = folder / "shell"
        self.temporary.mkdir()

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        given = {
            "PATH": "/usr/bin:/bin",
            "TMPDIR": str(self.temporary),
            **account(self.qualys),
            **(changes or {}),
        }
        return {name: value for name, value in given.items() if value is not None}

    def start(self, job: str, *words: str, **changes: str | None) -> subprocess.Popen[bytes]:
        output = () if "--output" in words else ("--output", str(self.output))
        return subprocess.Popen(
            [str(self.program), job, *output, *words],
            env=self.environment(changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )

    def run(
        self, job: str, *words: str, wait: float = 80, **changes: str | None
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(job, *words, **changes)
        try:
            out, err = process.communicate(timeout=wait)
        finally:
            process.kill()
        ended = subprocess.CompletedProcess(words, process.returncode, out.decode(), err.decode())
        assert self.qualys.password not in ended.stdout + ended.stderr
        assert list(self.temporary.iterdir()) == [], "scratch was left behind"
        return ended

    def answer(self, ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
        return dict(json.loads(ended.stdout))

    def files(self) -> dict[str, bytes]:
        """All that was written, by key, but for the state."""
        return {
            str(path.relative_to(self.output)): path.read_bytes()
            for path in sorted(self.output.rglob("*"))
            if path.is_file() and path.relative_to(self.output).parts[0] != "state"
        }

    def manifest(self, answer: dict[str, Any]) -> dict[str, Any]:
        return dict(json.loads(Path(answer["manifest"]).read_bytes()))


def peak_memory(command: list[str], environment: Mapping[str, str], cwd: Path) -> tuple[int, int]:
    """Runs a program to its end; its exit status and the most memory that it had, in KB.

    Not wait4's figure: that begins with the memory of the test's own process, which the program takes the place of.
    """
    with subprocess.Popen(
        command,
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        peak = 0
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]))
            time.sleep(0.02)
    return process.returncode, peak
