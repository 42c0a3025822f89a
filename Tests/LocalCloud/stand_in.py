"""A stand-in server as a process of its own: what the clients of all of them share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).resolve().parent


class StandIn:
    """A running server; also a context manager."""

    # The package that `python -m` starts.
    module: str

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self._process = process
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._ready = ready

    @classmethod
    def started(cls, *arguments: str) -> Self:
        """Returns when it listens."""
        process = subprocess.Popen(
            [sys.executable, "-m", cls.module, "--until-stdin-ends", *arguments],
            env={**os.environ, "PYTHONPATH": str(_ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{cls.module} did not start; it ended with {process.wait()}")
        return cls(process, json.loads(line))

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ask(self, method: str, url: str, body: dict[str, Any] | None = None) -> bytes:
        """The answer of the server's own interface."""
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with self._direct.open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refused:
            raise ValueError(json.load(refused)["error"]) from None
