"""FO and msp: parameters are checked by name, answers are XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import apis, moments
from .returns import DECLARATION, XML_TYPE, Refused, bad_parameter, html, simple_return
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

EVALUATION = "<!-- This report was generated with an evaluation version of Qualys //--> \n"
CONFIDENTIAL = (
    "<!-- CONFIDENTIAL AND PROPRIETARY INFORMATION. Made up for tests, no real data. //--> \n"
)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def answer(work: Work) -> Answer:
    """One call of `/api/` or `/msp/`; raises Refused."""
    function = FUNCTIONS.get(apis.name(work.path))
    if function is None:
        raise Refused(html(404))
    return function(work)


def check_parameters(work: Work, known: frozenset[str]) -> None:
    """Unknown names are refused, and there has to be an action."""
    if unknown := [name for name in work.parameters if name not in known]:
        raise bad_parameter(work.qualys, 1901, f"Unrecognized parameter(s): {', '.join(unknown)}")
    if "action" not in work.parameters:
        raise bad_parameter(work.qualys, 1903, "Missing required parameter(s): action")


def check_list(work: Work) -> None:
    action = work.parameters["action"]
    if action != "list":
        raise bad_parameter(work.qualys, 1905, f"parameter action has invalid value: {action}")


def whole_number(work: Work, name: str, default: int) -> int:
    text = work.parameters.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise bad_parameter(
            work.qualys,
            1905,
            f"parameter {name} has invalid value: {text} (not a positive integer)",
        )
    return int(text)


def flag(work: Work, name: str, default: bool = False) -> bool:
    text = work.parameters.get(name)
    if text is None:
        return default
    if text not in ("0", "1"):
        raise bad_parameter(
            work.qualys, 1905, f"parameter {name} has invalid value: {text} (0 or 1)"
        )
    return text == "1"


def moment(work: Work, name: str) -> int | None:
    text = work.parameters.get(name)
    if text is None:
        return None
    try:
        return moments.parse(text)
    except ValueError:
        message = f"parameter {name} has invalid value: {text} (not a date)"
        raise bad_parameter(work.qualys, 1905, message) from None


def id_ranges(work: Work, name: str) -> list[range] | None:
    """`1,5-9` as ranges; none when the parameter is not there."""
    text = work.parameters.get(name)
    if text is None:
        return None
    ranges = []
    for part in text.split(","):
        if part.isascii() and part.isdigit():
            ranges.append(range(int(part), int(part) + 1))
            continue
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            message = f"parameter {name} has invalid value: {part} (neither a positive integer nor a range: {part})"
            raise bad_parameter(work.qualys, 1905, message)
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    return ranges


def _about(work: Work) -> Answer:
    qualys = work.qualys
    text = (
        f'{DECLARATION}<!DOCTYPE ABOUT SYSTEM "{qualys.url}/about.dtd">\n<ABOUT>\n'
        '  <API-VERSION MAJOR="1" MINOR="4" />\n  <WEB-VERSION>10.30.1.0-1</WEB-VERSION>\n'
        "  <SCANNER-VERSION>12.18.1-1</SCANNER-VERSION>\n  <VULNSIGS-VERSION>2.6.101-2</VULNSIGS-VERSION>\n</ABOUT>\n"
        f'<!-- Generated for username="{qualys.options.username}" date="{moments.text(qualys.now)}" -->\n{CONFIDENTIAL}'
    )
    return Answer(200, [XML_TYPE], [text.encode()])


def _session(work: Work) -> Answer:
    known = frozenset(("action", "username", "password", "echo_request"))
    check_parameters(work, known)
    qualys, given = work.qualys, work.parameters
    if work.request.method != "POST":
        raise bad_parameter(qualys, 1908, "This request must be sent with POST.")
    if given["action"] == "login":
        if (given.get("username"), given.get("password")) != (
            qualys.options.username,
            qualys.options.password,
        ):
            raise Refused(simple_return(qualys, 401, 2000, "Bad Login/Password"))
        answer = simple_return(qualys, 200, None, "Logged in")
        cookie = qualys.sessions.login()
        answer.headers.append(("Set-Cookie", f"QualysSession={cookie}; path=/api; secure"))
        answer.headers.append(("Set-Cookie", "DWRSESSIONID=0123456789; path=/; secure"))
        return answer
    if given["action"] == "logout":
        qualys.sessions.logout(work.request)
        return simple_return(qualys, 200, None, "Logged out")
    raise bad_parameter(qualys, 1905, f"parameter action has invalid value: {given['action']}")


FUNCTIONS: dict[str, Callable[[Work], Answer]] = {"msp/about": _about, "session": _session}
