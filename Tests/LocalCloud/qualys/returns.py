"""Answers that carry an error or a short message, in each family's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from . import apis, moments
from .limits import Blocked
from .templates import JSON, dumps
from .wire import Answer

if TYPE_CHECKING:
    from .server import Qualys

XML_TYPE = ("Content-Type", "application/xml")
DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n'

QPS_ERRORS: dict[str, tuple[str, str | None]] = {
    "INVALID_REQUEST": ("The request is not valid.", "Check the request."),
    "INVALID_CREDENTIALS": ("Authentication failed", "Verify both, user and password credentials."),
    "UNAUTHORIZED": (
        "You are not authorized to use the API.",
        "Ask the manager of the subscription.",
    ),
    "INSUFFICIENT_PERMISSION": ("You lack a permission.", "Ask the manager of the subscription."),
    "OBJECT_NOT_FOUND": ("There is no such object in your scope.", "Check the id."),
    "INVALID_API_VERSION": ("There is no such version of the API.", "Use a supported version."),
    "LIMIT_EXCEEDED": ("Too many calls.", "Retry later."),
    "BLOCKED": ("The call is blocked.", "Retry later."),
    "IN_MAINTENANCE": ("The service is being maintained.", "Retry later."),
    "INVALID_XML": ("The document is not well-formed.", None),
    "INVALID_URL": ("There is no such address.", None),
    "NOT_FOUND": ("Nothing found.", None),
    "OPERATION_NOT_SUPPORTED": ("This operation is not supported.", None),
    "EVALUATION_EXPIRED": ("The evaluation has expired.", None),
    "OTHER_ERROR": (
        "An error occurred during request processing. Please contact your account manager.",
        None,
    ),
}


class Refused(Exception):
    """The work cannot be done, and `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def simple_return(
    qualys: Qualys,
    status: int,
    code: int | None,
    text: str,
    items: dict[str, object] | None = None,
    declared: bool = True,
) -> Answer:
    """SIMPLE_RETURN; no code means success or information."""
    lines = [f'<!DOCTYPE SIMPLE_RETURN SYSTEM "{qualys.url}/api/2.0/simple_return.dtd">']
    lines += ["<SIMPLE_RETURN>", "  <RESPONSE>"]
    lines.append(f"    <DATETIME>{moments.text(qualys.now)}</DATETIME>")
    if code is not None:
        lines.append(f"    <CODE>{code}</CODE>")
    lines.append(f"    <TEXT>{escape(text)}</TEXT>")
    if items:
        lines.append("    <ITEM_LIST>")
        for key, value in items.items():
            lines += ["      <ITEM>", f"        <KEY>{key}</KEY>"]
            lines += [f"        <VALUE>{value}</VALUE>", "      </ITEM>"]
        lines.append("    </ITEM_LIST>")
    lines += ["  </RESPONSE>", "</SIMPLE_RETURN>", ""]
    headers = [XML_TYPE]
    if status == 400:
        headers.append(("Connection", "close"))
    if status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="Qualys"'))
    return Answer(status, headers, ((DECLARATION if declared else "") + "\n".join(lines)).encode())


def bad_parameter(qualys: Qualys, code: int, text: str) -> Refused:
    """The recorded 400 has no XML declaration."""
    return Refused(simple_return(qualys, 400, code, text, declared=False))


def generic_return(qualys: Qualys, status: int = 200, malformed: bool = False) -> Answer:
    """GENERIC_RETURN 999; `malformed` lacks a quotation mark and an end, as met in the field."""
    quote, end = ("", ">") if malformed else ('"', " />")
    text = (
        f'{DECLARATION}<!DOCTYPE GENERIC_RETURN SYSTEM "{qualys.url}/generic_return.dtd">\n<GENERIC_RETURN>\n'
        f'  <API name="index.php" username="{qualys.options.username}{quote} at="{moments.text(qualys.now)}"{end}\n'
        '  <RETURN status="FAILED" number="999">Internal error. Please contact customer support.</RETURN>\n'
        "</GENERIC_RETURN>\n<!-- Incident signature: 00112233445566778899aabbccddeeff //-->\n"
    )
    return Answer(status, [XML_TYPE], text.encode())


def html(status: int, retry_after: float | None = None) -> Answer:
    headers = [("Content-Type", "text/html; charset=UTF-8")]
    if retry_after is not None:
        headers.append(("Retry-After", f"{retry_after:.0f}"))
    body = b"<html><head><title>Maintenance</title></head><body><h1>Back soon</h1><p>Please retry later.<br></body></html>\n"
    return Answer(status, headers, body)


def blocked(qualys: Qualys, path: str, form: str, reason: Blocked) -> Answer:
    """409 with 1960 or 1965; on the gateway 429."""
    if apis.family(path) == apis.GATEWAY:
        headers = [("Content-Type", "text/plain"), ("Retry-After", str(max(reason.number, 1)))]
        return Answer(429, headers, b"Too Many Requests")
    if apis.family(path) == apis.QPS and form == JSON:
        answer = qps_error(qualys, "LIMIT_EXCEEDED", form, 409)
        return answer
    if reason.by == "concurrency":
        plural = "instance has" if reason.number == 1 else "instances have"
        text = f"This API cannot be run again until {reason.number} currently running {plural} finished."
        return simple_return(qualys, 409, 1960, text, {"CALLS_TO_FINISH": reason.number})
    text = f"This API cannot be run again for another {spelt(reason.number)}."
    return simple_return(qualys, 409, 1965, text, {"SECONDS_TO_WAIT": reason.number})


def spelt(seconds: int) -> str:
    """`23 hours, 57 minutes and 54 seconds`"""
    parts = [(seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second")]
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    if len(words) < 2:
        return words[0] if words else "0 seconds"
    return ", ".join(words[:-1]) + " and " + words[-1]


def qps_error(
    qualys: Qualys,
    code: str,
    form: str,
    status: int = 200,
    message: str | None = None,
    resolution: str | None = None,
) -> Answer:
    """ServiceResponse with an error; recorded with status 200."""
    default = QPS_ERRORS.get(code, ("Something is wrong.", None))
    details = {"errorMessage": message or default[0]}
    if resolution or (default[1] and not message):
        details["errorResolution"] = resolution or str(default[1])
    if form == JSON:
        body = dumps({"ServiceResponse": {"responseCode": code, "responseErrorDetails": details}})
        return Answer(status, [("Content-Type", "application/json")], body)
    lines = [
        f"    <{name}>{escape(text, {chr(39): '&apos;'})}</{name}>"
        for name, text in details.items()
    ]
    text = (
        f"{service_response(qualys, '3.0/was/webapp')}  <responseCode>{code}</responseCode>\n"
        "  <responseErrorDetails>\n"
        + "\n".join(lines)
        + "\n  </responseErrorDetails>\n</ServiceResponse>\n"
    )
    return Answer(status, [XML_TYPE], text.encode())


def service_response(qualys: Qualys, schema: str) -> str:
    """The head of the XML envelope."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ServiceResponse xmlns:xsi="http://www.w3.org/2001/'
        f'XMLSchema-instance" xsi:noNamespaceSchemaLocation="{qualys.url}/qps/xsd/{schema}.xsd">\n'
    )


def gateway_error(qualys: Qualys, path: str, status: int, error: str, message: str) -> Answer:
    body = {
        "timestamp": moments.millis(qualys.now)[:-1] + "+0000",
        "path": path,
        "status": status,
        "error": error,
        "message": message,
        "requestId": "0a1b2c3d",
    }
    return Answer(status, [("Content-Type", "application/json")], dumps(body))
