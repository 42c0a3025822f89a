"""The stand-in's own interface, under `/_qualys/`: JSON in, JSON or lines of JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from . import changes, truth
from .faults import KINDS, Fault
from .limits import Limit
from .templates import dumps
from .wire import Answer, Request

if TYPE_CHECKING:
    from .server import Qualys

PREFIX = "/_qualys/"
Handler = Callable[["Qualys", dict[str, Any]], Any]


def answer(qualys: Qualys, request: Request) -> Answer:
    """Answers a control request; what is wrong with one is said in `error`."""
    name = request.path.removeprefix(PREFIX)
    try:
        if name.startswith("truth/"):
            given = dict(parse_qsl(request.query)) | json.loads(request.body or b"{}")
            return _truth(qualys, name.removeprefix("truth/"), given)
        handler = _HANDLERS.get((request.method, name))
        if handler is None:
            return _json(404, {"error": f"no such control call; there are {sorted(_HANDLERS)}"})
        return _json(200, handler(qualys, json.loads(request.body or b"{}")))
    except (KeyError, TypeError, ValueError) as problem:
        return _json(400, {"error": f"{type(problem).__name__}: {problem}"})


def _truth(qualys: Qualys, name: str, parameters: dict[str, str]) -> Answer:
    function = truth.TRUTHS.get(name)
    if function is None:
        return _json(404, {"error": f"no such truth; there are {sorted(truth.TRUTHS)}"})
    rows = list(function(qualys, **parameters))
    lines = (dumps(row) + b"\n" for row in rows)
    return Answer(200, [("Content-Type", "application/x-ndjson")], lines)


def _settings(qualys: Qualys, body: dict[str, Any]) -> Any:
    """`latency_ms`; `limits` by API name; members of the options such as `qps_bad_credentials`."""
    for name, limit in body.pop("limits", {}).items():
        qualys.limits.change(name, Limit(**limit))
    if "latency_ms" in body:
        qualys.latency = body.pop("latency_ms") / 1000
    for name in ("qps_bad_credentials", "jwt_calls", "grace_ms"):
        if name in body:
            setattr(qualys.options, name, body.pop(name))
    if body:
        raise ValueError(f"unknown settings: {', '.join(body)}")
    return {}


def _add_fault(qualys: Qualys, body: dict[str, Any]) -> Any:
    fault = Fault(**body)
    qualys.faults.add(fault)
    return {"id": fault.id}


def _call(function: Callable[[Qualys], object]) -> Handler:
    """A control call without arguments."""

    def handler(qualys: Qualys, body: dict[str, Any]) -> Any:
        return function(qualys) or {}

    return handler


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "health"): lambda qualys, body: {"status": "ok", "is": "qualys (stand-in for tests)"},
    ("GET", "calls"): lambda qualys, body: qualys.calls.all(),
    ("DELETE", "calls"): _call(lambda qualys: qualys.calls.clear()),
    ("GET", "limits"): lambda qualys, body: qualys.limits.report(),
    ("DELETE", "limits"): _call(lambda qualys: qualys.limits.clear()),
    ("POST", "settings"): _settings,
    ("GET", "faults"): lambda qualys, body: {"faults": qualys.faults.all(), "kinds": KINDS},
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _call(lambda qualys: qualys.faults.clear()),
    ("POST", "changes"): lambda qualys, body: changes.apply(qualys.subscription, **body),
    ("POST", "expire-tokens"): _call(lambda qualys: qualys.tokens.expire_all()),
    ("POST", "reset"): _call(lambda qualys: qualys.reset()),
}


def _json(status: int, value: Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())
