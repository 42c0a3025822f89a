"""Records are written down once, as JSON or XML with gaps, and then only filled in.

A record is plain Python: objects, lists, text, numbers. `number("id")` and `gap("id")` leave a gap in it,
the first for a bare number, the second inside a text. Filling takes about a microsecond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

JSON, XML = "json", "xml"
_GAPS = re.compile(rb'"@#(\w+)#@"|@#(\w+)#@|@~(\w+)~@')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
Values = Mapping[bytes, bytes]


def number(name: str) -> str:
    return f"@#{name}#@"


def gap(name: str) -> str:
    return f"@~{name}~@"


def template(record: Any, form: str) -> bytes:
    """Bytes for `template % values`."""
    raw = dumps(record) if form == JSON else to_xml(record).encode()
    return _GAPS.sub(
        lambda hit: b"%%(%b)b" % (hit[1] or hit[2] or hit[3]), raw.replace(b"%", b"%%")
    )


def dumps(value: Any) -> bytes:
    """Compact, as the service sends it, and not escaped beyond need."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def escaped(value: str, form: str) -> bytes:
    """What may stand in a gap inside a text."""
    if form == JSON:
        return json.dumps(value, ensure_ascii=False)[1:-1].encode()
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def to_xml(record: Any) -> str:
    """The same tree with the same names, as the XML form of the API has it."""
    parts: list[str] = []
    _write(parts, record)
    return "".join(parts)


def xml_text(value: str) -> str:
    """CDATA where there is something to hide, the end mark split over two sections."""
    value = _CONTROL.sub("", value)
    if "@~" in value:
        return escaped(value, XML).decode()
    if not re.search("[&<>\"']|[^\x00-\x7f]", value):
        return value
    return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _write(parts: list[str], value: Any) -> None:
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, dict) and set(member) == {"base64", "value"}:
                parts.append(
                    f'<{name} base64="{member["base64"]}">{xml_text(member["value"])}</{name}>'
                )
            elif member == [] or (member == {} and name != "config"):
                parts.append(f"<{name}/>")
            else:
                parts.append(f"<{name}>")
                _write(parts, member)
                parts.append(f"</{name}>")
    elif isinstance(value, list):
        for member in value:
            if isinstance(member, (dict, list)):
                _write(parts, member)
            elif member != "":
                parts.append(f"<long>{member}</long>")
    elif value is None:
        pass
    elif isinstance(value, str):
        parts.append(value if _GAPS.fullmatch(value.encode()) else xml_text(value))
    else:
        parts.append(str(value))
