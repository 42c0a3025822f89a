"""AWS's own Runtime Interface Emulator, taken from the aws-sam-cli wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .process import BootstrapProcess

_NAMES = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}


def emulator_path() -> Path:
    """Where the emulator for this processor lies; raises `FileNotFoundError`."""
    package = importlib.util.find_spec("samcli")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("aws-sam-cli is not installed; see requirements-no-deps.txt")
    folder = Path(package.submodule_search_locations[0], "local", "rapid")
    return folder / _NAMES[platform.machine()]


class RuntimeInterfaceEmulator:
    """The emulator with a bootstrap inside; both end with the `with` block."""

    def __init__(self, bootstrap: str | os.PathLike[str], env: Mapping[str, str]) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="rie-")
        emulator = Path(self._scratch.name, "aws-lambda-rie")
        shutil.copyfile(emulator_path(), emulator)
        emulator.chmod(0o755)
        self._port, runtime_port = _free_ports(2)
        command = [
            str(emulator),
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{self._port}",
            "--runtime-api-address",
            f"127.0.0.1:{runtime_port}",
            os.fspath(Path(bootstrap).resolve()),
        ]
        self.process = BootstrapProcess(command, env)
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> RuntimeInterfaceEmulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def invoke(self, event: dict[str, Any] | bytes, timeout: float = 60.0) -> tuple[int, bytes]:
        """Status and body; a function error comes as a body with `errorType`."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        self._wait_until_it_listens()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations", data=body
        )
        try:
            with self._direct.open(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    @property
    def bootstrap_peak_memory_kb(self) -> int:
        """VmHWM of the bootstrap, the emulator's one child."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        for pid in " ".join((task / "children").read_text() for task in tasks).split():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
        raise ProcessLookupError("the emulator has no bootstrap running")

    def stop(self) -> None:
        self.process.kill()
        self._scratch.cleanup()

    def _wait_until_it_listens(self, timeout: float = 10.0) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("the emulator does not listen:\n" + "\n".join(self.process.lines))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
