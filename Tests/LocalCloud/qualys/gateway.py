"""The gateway: tokens, and the inventory of assets and their software."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .returns import Refused, gateway_error
from .templates import dumps
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

JSON_TYPE = ("Content-Type", "application/json")


def answer(work: Work) -> Answer:
    """One call of the gateway; raises Refused."""
    if work.path == "/auth":
        return _auth(work)
    if problem := work.qualys.tokens.spend(work.request):
        raise Refused(gateway_error(work.qualys, work.path, 401, "Unauthorized", problem))
    function = FUNCTIONS.get(work.path)
    if function is None or work.request.method != "POST":
        raise Refused(gateway_error(work.qualys, work.path, 404, "Not Found", "No such call"))
    return function(work)


def _auth(work: Work) -> Answer:
    given, options = work.parameters, work.qualys.options
    known = (given.get("username"), given.get("password")) == (options.username, options.password)
    if work.request.method != "POST" or work.request.query or not known:
        text = "Authentication Failure: 1 errors, 0 successes:authenticationFailure.InvalidCredentialsException"
        return Answer(401, [JSON_TYPE], dumps({"authentication_exceptions": [[text]]}))
    if given.get("token") != "true":
        return Answer(400, [JSON_TYPE], dumps({"message": "token=true is missing"}))
    token = work.qualys.tokens.issue(work.qualys.now)
    return Answer(201, [("Content-Type", "text/plain;charset=UTF-8")], token.encode())


FUNCTIONS: dict[str, Callable[[Work], Answer]] = {}
