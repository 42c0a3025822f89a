"""Starts a stand-in CAR server as a process of its own and talks to its control interface."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from urllib.parse import quote

from stand_in import StandIn

from .compare import Graph


class CAR(StandIn):
    """A running server; also a context manager."""

    module = "car"

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        super().__init__(process, ready)
        self.url: str = ready["url"]
        self.key: str = ready["key"]
        self.password: str = ready["password"]
        self.token: str = ready["token"]
        self._control_url = self.url.removesuffix("/api/car/v2") + "/_car/"

    @classmethod
    def start(cls, port: int = 0) -> CAR:
        """Returns when the server listens; a port of 0 takes a free one."""
        return cls.started("--port", str(port))

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
        return self._ask(method, self._control_url + path, body).decode()
