"""Starts a stand-in CAR server as a process of its own and talks to its control interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from .compare import Graph

_ROOT = Path(__file__).resolve().parent.parent


class CAR:
    """A running server; also a context manager."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, str]) -> None:
        self._process = process
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.url = ready["url"]
        self.key = ready["key"]
        self.password = ready["password"]
        self.token = ready["token"]
        self._control_url = self.url.removesuffix("/api/car/v2") + "/_car/"

    @classmethod
    def start(cls, port: int = 0) -> CAR:
        """Returns when the server listens; a port of 0 takes a free one."""
        command = [sys.executable, "-m", "car", "--until-stdin-ends", "--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the CAR server did not start; it ended with {process.wait()}")
        return cls(process, json.loads(line))

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

    def __enter__(self) -> CAR:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def graph(self, source: str = "qualys") -> Graph:
        """What the source has in CAR once all that is under way has ended: vertices, active edges."""
        return Graph.read(self._control("GET", f"graph?source={quote(source, safe='')}"))

    def state(self, source: str = "qualys") -> dict[str, Any]:
        """`model_state_id`, `full_import_in_progress`, `vertices`, `edges`, `inactive_edges`."""
        none: dict[str, Any] = {"model_state_id": None, "full_import_in_progress": False}
        return dict(self.whole_state()["sources"].get(source, none))

    def whole_state(self) -> dict[str, Any]:
        return dict(json.loads(self._control("GET", "state")))

    def violations(self) -> list[str]:
        """What a correct client never does, in order."""
        every = json.loads(self._control("GET", "violations"))
        return [f"{one['kind']}: {one['message']}" for one in every]

    def mark(self) -> int:
        """The number of the last event, for `events(since=)`."""
        return len(self.events())

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """What was switched off, deleted or dropped, and what came back."""
        return [json.loads(line) for line in self._control("GET", f"events?since={since}").splitlines()]

    def calls(self, action: str | None = None) -> list[dict[str, Any]]:
        every: list[dict[str, Any]] = json.loads(self._control("GET", "calls"))
        return [call for call in every if action in (None, call["action"])]

    def actions(self) -> list[str]:
        return [call["action"] for call in self.calls()]

    def clear_calls(self) -> None:
        self._control("DELETE", "calls")

    def settings(self, **values: Any) -> dict[str, Any]:
        """Changes settings and gives all of them; see `service.Settings`."""
        return dict(json.loads(self._control("POST", "settings", values)))

    def fault(self, kind: str, action: str = "*", **rule: Any) -> int:
        """Adds a rule; see `faults.Fault` for its members."""
        answer = json.loads(self._control("POST", "faults", {"kind": kind, "action": action, **rule}))
        return int(answer["id"])

    def faults(self) -> list[dict[str, Any]]:
        return list(json.loads(self._control("GET", "faults"))["faults"])

    def wait_for_fault(self, number: int, seconds: float = 30) -> bool:
        """Whether the rule of this number has been played, within the time: the moment to kill a client."""
        answer = json.loads(self._control("GET", f"played?id={number}&seconds={seconds}"))
        return bool(answer["played"])

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def settle(self) -> None:
        """Ends every import and job that is under way."""
        self._control("POST", "settle")

    def reset(self) -> None:
        """Empties the server: graphs, calls, violations, events, faults, settings."""
        self._control("POST", "reset")

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        request = urllib.request.Request(
            self._control_url + path,
            data=json.dumps(body or {}).encode() if method == "POST" else None,
            method=method,
        )
        try:
            with self._direct.open(request, timeout=60) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            raise ValueError(json.load(refused)["error"]) from None
