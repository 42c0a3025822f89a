"""Runs a Lambda bootstrap as Lambda would: exactly the given environment, and an eye on its cost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .line_reader import LineReader
from .runtime_api import RuntimeAPI

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.05


class BootstrapProcess:
    """A running bootstrap; with a `RuntimeAPI` it is told where that is, and when it died."""

    def __init__(
        self,
        command: str | os.PathLike[str] | Sequence[str],
        env: Mapping[str, str],
        api: RuntimeAPI | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        words = [os.fspath(command)] if isinstance(command, (str, os.PathLike)) else list(command)
        environment = dict(env)
        if api is not None:
            environment.setdefault("AWS_LAMBDA_RUNTIME_API", api.address)
        self.returncode: int | None = None
        self.started = time.monotonic()
        self._api = api
        self._peak_kb = 0
        self._final_cpu: float | None = None
        self._ended = threading.Event()
        self._process = subprocess.Popen(
            words,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None and self._process.stderr is not None
        self._stdout = LineReader(self._process.stdout)
        self._stderr = LineReader(self._process.stderr)
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> BootstrapProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def is_alive(self) -> bool:
        return not self._ended.is_set()

    @property
    def stdout(self) -> list[str]:
        """What it has printed until now."""
        return self._stdout.lines

    @property
    def stderr(self) -> list[str]:
        return self._stderr.lines

    @property
    def lines(self) -> list[str]:
        """stdout, then stderr."""
        return [*self.stdout, *self.stderr]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The lines of both streams that are JSON objects."""
        parsed = (_object_or_none(line) for line in self.lines)
        return [entry for entry in parsed if entry is not None]

    def wait_for_log(
        self, fits: Callable[[dict[str, Any]], bool], timeout: float = 10.0
    ) -> dict[str, Any]:
        """The first log entry that fits; looks again until the time is over."""
        end = time.monotonic() + timeout
        while True:
            found = next((entry for entry in self.logs if fits(entry)), None)
            if found is not None:
                return found
            if time.monotonic() > end:
                raise TimeoutError("no such log entry in:\n" + "\n".join(self.lines))
            time.sleep(0.02)

    @property
    def peak_memory_kb(self) -> int:
        """VmHWM, as last seen: the kernel forgets it when the process ends."""
        self._sample()
        return self._peak_kb

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the process itself."""
        return _cpu_seconds(self.pid) if self._final_cpu is None else self._final_cpu

    def wait(self, timeout: float = 30.0) -> int:
        """The exit status, negative for a signal."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        for reader in (self._stdout, self._stderr):
            reader.join(0.5)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        """Ends the process and its group at once, as Lambda does at the time limit."""
        self._signal_group(signal.SIGKILL)
        self.wait(10)

    def terminate(self) -> None:
        self._signal_group(signal.SIGTERM)

    def freeze(self) -> None:
        """Stops the clock, as between two invocations."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def _signal_group(self, number: int) -> None:
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _sample(self) -> None:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self._peak_kb = max(self._peak_kb, int(line.split()[1]))

    def _watch(self) -> None:
        """Leaves the dead process unreaped until its times have been read."""
        options = os.WEXITED | os.WNOWAIT | os.WNOHANG
        while os.waitid(os.P_PID, self.pid, options) is None:
            self._sample()
            time.sleep(_SAMPLE_SECONDS)
        self._final_cpu = _cpu_seconds(self.pid)
        self.returncode = self._process.wait()
        self._ended.set()
        if self._api is not None:
            self._api.mark_died(self.returncode)


def _object_or_none(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _cpu_seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS
