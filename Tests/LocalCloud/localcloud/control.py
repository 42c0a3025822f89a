"""The local cloud's own interface, under `/_localcloud/`, in JSON."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .faults import KINDS, Fault
from .identities import Identity
from .wire import BANNER, Answer, Request

if TYPE_CHECKING:
    from .gateway import Gateway

PREFIX = "/_localcloud/"
Handler = Callable[["Gateway", dict[str, Any]], Any]


def answer(gateway: Gateway, request: Request) -> Answer:
    """Answers a control request; what is wrong with one is said in `error`."""
    handler = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    if handler is None:
        return _json(404, {"error": f"no such control call; there are {sorted(_HANDLERS)}"})
    try:
        return _json(200, handler(gateway, json.loads(request.body or b"{}")))
    except (KeyError, TypeError, ValueError) as problem:
        return _json(400, {"error": f"{type(problem).__name__}: {problem}"})


def new_identity(
    account: str,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    session_token: str | None = None,
    expires_in: float | None = None,
    arn: str | None = None,
) -> Identity:
    """A key pair of an account, made up where nothing is given; `arn` makes it somebody else's than root's."""
    expires = None
    if expires_in is not None:
        expires = datetime.now(timezone.utc) + timedelta(seconds=expires_in)
    prefix = "ASIA" if session_token else "AKIA"
    return Identity(
        access_key_id or prefix + secrets.token_hex(8).upper(),
        secret_access_key or secrets.token_urlsafe(30),
        account,
        session_token,
        expires,
        arn or f"arn:aws:iam::{account}:root",
    )


def _health(gateway: Gateway, body: dict[str, Any]) -> Any:
    return {"status": "ok", "is": BANNER}


def _calls(gateway: Gateway, body: dict[str, Any]) -> Any:
    return gateway.calls.all()


def _clear_calls(gateway: Gateway, body: dict[str, Any]) -> Any:
    gateway.calls.clear()
    return {}


def _take_kinds(gateway: Gateway, body: dict[str, Any]) -> Any:
    return gateway.calls.take_kinds()


def _settings(gateway: Gateway, body: dict[str, Any]) -> Any:
    gateway.calls.record_bodies = bool(body.get("record_bodies", gateway.calls.record_bodies))
    return {"record_bodies": gateway.calls.record_bodies}


def _faults(gateway: Gateway, body: dict[str, Any]) -> Any:
    return {"faults": gateway.faults.all(), "kinds": KINDS}


def _add_fault(gateway: Gateway, body: dict[str, Any]) -> Any:
    fault = Fault(**body)
    gateway.faults.add(fault)
    return {"id": fault.id}


def _clear_faults(gateway: Gateway, body: dict[str, Any]) -> Any:
    gateway.faults.clear()
    return {}


def _reset(gateway: Gateway, body: dict[str, Any]) -> Any:
    gateway.reset()
    return {}


def _add_credentials(gateway: Gateway, body: dict[str, Any]) -> Any:
    identity = new_identity(**body)
    gateway.identities.add(identity)
    return {
        "account": identity.account,
        "access_key_id": identity.access_key_id,
        "secret_access_key": identity.secret_access_key,
        "session_token": identity.session_token,
    }


def _expire(gateway: Gateway, body: dict[str, Any]) -> Any:
    gateway.identities.expire(body["access_key_id"])
    return {}


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "health"): _health,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _clear_calls,
    ("POST", "calls/kinds"): _take_kinds,
    ("POST", "settings"): _settings,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "reset"): _reset,
    ("POST", "credentials"): _add_credentials,
    ("POST", "credentials/expire"): _expire,
}


def _json(status: int, value: Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())
