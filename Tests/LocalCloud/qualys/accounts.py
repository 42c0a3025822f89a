"""Who may call: Basic, the `user` and `password` headers, FO sessions, gateway tokens."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import TYPE_CHECKING

from .wire import Request

if TYPE_CHECKING:
    from .options import Options


def has_basic(options: Options, request: Request) -> bool:
    """Whether the request carries the account's name and password, in UTF-8."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(value, validate=True)
    except binascii.Error:
        return False
    return given == f"{options.username}:{options.password}".encode()


def has_qps_headers(options: Options, request: Request) -> bool:
    """QPS takes two headers of its own as well."""
    wanted = [text.encode().decode("latin-1") for text in (options.username, options.password)]
    return [request.headers.get("user"), request.headers.get("password")] == wanted


class Sessions:
    """Cookies of FO logins."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def login(self) -> str:
        cookie = secrets.token_hex(16)
        self._open.add(cookie)
        return cookie

    def logout(self, request: Request) -> None:
        self._open.discard(_cookie(request))

    def has(self, request: Request) -> bool:
        return _cookie(request) in self._open

    def clear(self) -> None:
        self._open.clear()


def _cookie(request: Request) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "QualysSession":
            return value
    return ""


class Tokens:
    """Gateway tokens and how many calls each is still good for."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._left: dict[str, int] = {}
        self._expired: set[str] = set()
        self.issued = 0

    def issue(self, now: int) -> str:
        self.issued += 1
        claims = {"sub": self._options.username, "iat": now, "exp": now + 14400, "jti": self.issued}
        parts = [_base64url(part) for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
        token = ".".join([*parts, secrets.token_urlsafe(32)])
        self._left[token] = self._options.jwt_calls or 1 << 62
        return token

    def expire_all(self) -> None:
        self._expired |= set(self._left)
        self._left.clear()

    def spend(self, request: Request) -> str | None:
        """What is wrong with the request's token, if anything."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or (token not in self._left and token not in self._expired):
            return "Not authenticated"
        if self._left.get(token, 0) == 0:
            return "JWT expired"
        self._left[token] -= 1
        return None

    def clear(self) -> None:
        self._left.clear()
        self._expired.clear()
        self.issued = 0


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
