"""HTML of the KnowledgeBase as text, for comparison: only its letters and digits will count."""

from __future__ import annotations

import html
import re

# A mark that the end of the text cuts off is gone with all that is in it, as in a browser.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<raw>script|style)\b[^>]*>.*?(?:</(?P=raw)\s*>|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^>\"'])*|[^>]*)>"
    r"|</[^>]*>|<![^>]*>|<[a-zA-Z/!][^>]*\Z"
    r"|(?P<text>[^<]+|<)",
    re.DOTALL | re.IGNORECASE,
)
_HREF = re.compile(r"""(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def text_of(source: str) -> str:
    """The text without marks; the address of an A element stands after its text."""
    parts: list[str] = []
    address = ""
    for token in _TOKEN.finditer(source):
        if token["text"] is not None:
            parts.append(token["text"])
            continue
        parts.append(" ")
        if token["name"] is None or token["name"].lower() != "a":
            continue
        parts.append(address)
        found = None if token["end"] else _HREF.search(token["rest"])
        address = f" {next(value for value in found.groups() if value is not None)} " if found else ""
    return html.unescape("".join([*parts, address])).strip()


def letters(text: str) -> str:
    """What two renderings of the same HTML have in common."""
    return "".join(one for one in text if one.isalnum())
