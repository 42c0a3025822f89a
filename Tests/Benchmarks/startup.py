"""Measures how long a runtime takes from its start to its first `GET /next`."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


def compile_probe(folder: Path, name: str, libraries: Sequence[Path] = ()) -> Path:
    """A C program that only asks for the next event, in the folder of the packed program and linked like it."""
    program = folder / name
    run_path = "-Wl,--no-as-needed,--disable-new-dtags,-z,now,-rpath,$ORIGIN/lib"
    command = ["cc", "-O2", "-o", str(program), str(HERE / "probe.c"), run_path, *map(str, libraries)]
    subprocess.run(command, check=True)
    return program


class Starter:
    """A bare socket in the place of the Runtime API; it answers nothing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=8)
        self._server.settimeout(30)
        address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._environment = {**environment, "AWS_LAMBDA_RUNTIME_API": address}

    def __enter__(self) -> Starter:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def time_to_next(self, command: Sequence[str]) -> float:
        """Seconds until the request line is here."""
        began = time.perf_counter()
        process = subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL)
        try:
            connection, _ = self._server.accept()
            line = connection.recv(64)
            seconds = time.perf_counter() - began
        finally:
            # Before its connection ends: it would make another, which the next in turn would be taken to have made.
            process.kill()
            process.wait()
        connection.close()
        assert line.startswith(b"GET /2018-06-01/runtime/invocation/next"), line
        return seconds
