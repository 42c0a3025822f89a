"""Starts a stand-in as a process of its own and talks to it."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any

from stand_in import StandIn


class QualysServer(StandIn):
    """A running stand-in; also a context manager."""

    module = "qualys"

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        super().__init__(process, ready)
        self.api_url: str = ready["api_url"]
        self.gateway_url: str = ready["gateway_url"]
        self.username: str = ready["username"]
        self.password: str = ready["password"]
        self.now: str = ready["now"]

    @classmethod
    def start(cls, **options: Any) -> QualysServer:
        """Returns when it listens; options as in `options.Options`, and `port`."""
        return cls.started(*(f"--{name.replace('_', '-')}={value}" for name, value in options.items()))

    @property
    def basic(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()

    def calls(self, api: str | None = None) -> list[dict[str, Any]]:
        """The calls so far, in order; with `api` only those of that name."""
        every: list[dict[str, Any]] = self.control("GET", "calls")
        return [call for call in every if api is None or call["api"] == api]

    def clear_calls(self) -> None:
        self.control("DELETE", "calls")

    def limits(self) -> dict[str, dict[str, Any]]:
        """By API name: calls, most_running, blocked_by_..., too_early."""
        return dict(self.control("GET", "limits"))

    def clear_limits(self) -> None:
        self.control("DELETE", "limits")

    def set(self, **settings: Any) -> None:
        """`latency_ms`, `limits={"vm/detection": {"rate", "window", "concurrency"}}`, ..."""
        self.control("POST", "settings", settings)

    def fault(self, kind: str, path: str = "*", **rule: Any) -> int:
        """Adds a rule; see `faults.Fault` for its members."""
        return int(self.control("POST", "faults", {"kind": kind, "path": path, **rule})["id"])

    def faults(self) -> list[dict[str, Any]]:
        return list(self.control("GET", "faults")["faults"])

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def change(self, change: str, **arguments: Any) -> dict[str, Any]:
        """Changes the data; see `changes.CHANGES`."""
        return dict(self.control("POST", "changes", {"change": change, **arguments}))

    def expire_tokens(self) -> None:
        self.control("POST", "expire-tokens")

    def truth(self, name: str, **arguments: Any) -> list[dict[str, Any]]:
        """What there is; see `truth.TRUTHS`."""
        given = json.dumps({key: str(value) for key, value in arguments.items()}).encode()
        request = urllib.request.Request(f"{self.api_url}/_qualys/truth/{name}", data=given)
        try:
            with self._direct.open(request, timeout=120) as answer:
                return [json.loads(line) for line in answer]
        except urllib.error.HTTPError as refused:
            raise ValueError(json.load(refused)["error"]) from None

    def reset(self) -> None:
        """Data, calls, limits and faults as after the start."""
        self.control("POST", "reset")

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return json.loads(self._ask(method, f"{self.api_url}/_qualys/{path}", body))
