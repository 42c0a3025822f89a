"""The frame of an FO list: document type, echo of the request, the warning with the next page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from . import fo, moments
from .returns import DECLARATION

if TYPE_CHECKING:
    from .server import Work


def head(work: Work, root: str, dtds: tuple[str, str]) -> bytes:
    """To RESPONSE's DATETIME. The name of the DTD has changed over the years; both are met."""
    qualys = work.qualys
    newer = len(work.request.target + work.parameters.get("id_min", "")) % 2
    lines = [f'{DECLARATION}<!DOCTYPE {root} SYSTEM "{qualys.url}/api/2.0/fo/{dtds[newer]}">\n']
    if not newer:
        lines.append(fo.EVALUATION)
    lines.append(f"<{root}>\n")
    if fo.flag(work, "echo_request"):
        lines.append(_echo(work))
    lines.append(f"  <RESPONSE>\n    <DATETIME>{moments.text(qualys.now)}</DATETIME>\n")
    return "".join(lines).encode()


def tail(root: str) -> bytes:
    return f"  </RESPONSE>\n</{root}>\n{fo.EVALUATION}{fo.CONFIDENTIAL}".encode()


def _echo(work: Work) -> str:
    qualys = work.qualys
    parameters = "".join(
        f"      <PARAM>\n        <KEY>{escape(key)}</KEY>\n        <VALUE>{escape(value)}</VALUE>\n      </PARAM>\n"
        for key, value in work.parameters.items()
    )
    return (
        f"  <REQUEST>\n    <DATETIME>{moments.text(qualys.now)}</DATETIME>\n"
        f"    <USER_LOGIN>{escape(qualys.options.username)}</USER_LOGIN>\n"
        f"    <RESOURCE>{qualys.url}{work.path}</RESOURCE>\n    <PARAM_LIST>\n{parameters}    </PARAM_LIST>\n  </REQUEST>\n"
    )


def next_url(work: Work, id_min: int) -> str:
    """All parameters again, those of the body too, and the first id of the next page."""
    if work.bent("warning_stuck"):
        id_min = int(work.parameters.get("id_min") or 1)
    base = work.qualys.url
    if (fault := work.bent("warning_host")) is not None:
        base = fault.url
    parameters = work.parameters | {"id_min": str(id_min)}
    return f"{base}{work.path}?{urlencode(parameters, safe=',:-/')}"


def warning(work: Work, limit: int, id_min: int) -> bytes:
    """CDATA or `&amp;` in turn; every third has no CODE."""
    url = next_url(work, id_min)
    written = f"<![CDATA[{url}]]>" if id_min % 2 else escape(url)
    code = "" if id_min % 3 == 0 else "      <CODE>1980</CODE>\n"
    return (
        f"    <WARNING>\n{code}      <TEXT>{limit} record limit exceeded. Use URL to get next batch of results.</TEXT>\n"
        f"      <URL>{written}</URL>\n    </WARNING>\n"
    ).encode()


def in_blocks(pieces: Iterator[bytes], count: int = 64) -> Iterator[bytes]:
    """Joined by the dozen: fewer steps for the one who sends them."""
    held: list[bytes] = []
    for piece in pieces:
        held.append(piece)
        if len(held) == count:
            yield b"".join(held)
            held.clear()
    yield b"".join(held)
