"""Error answers in the form of each AWS protocol, so that a client's own decoder reads them."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from .wire import Answer

_CORAL = "com.amazon.coral.service#"
_CORAL_CODES = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
    "SerializationException",
    "UnknownOperationException",
}
_TYPE_PREFIX = {"dynamodb": "com.amazonaws.dynamodb.v20120810#"}


def error_answer(service: str, protocol: str, status: int, code: str, message: str) -> Answer:
    """An AWS error; `protocol` is botocore's name for it."""
    request_id = str(uuid.uuid4())
    if protocol == "rest-xml":
        return _s3(status, code, message, request_id)
    if protocol in ("query", "ec2"):
        return _query(status, code, message, request_id)
    return _json(service, protocol, status, code, message, request_id)


def _json(
    service: str, protocol: str, status: int, code: str, message: str, request_id: str
) -> Answer:
    headers = [("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
    if protocol == "rest-json":
        headers.append(("Content-Type", "application/json"))
        body = {"Type": "User" if status < 500 else "Service", "message": message}
    else:
        version = "1.0" if service in ("dynamodb", "sqs", "states") else "1.1"
        headers.append(("Content-Type", f"application/x-amz-json-{version}"))
        prefix = _CORAL if code in _CORAL_CODES else _TYPE_PREFIX.get(service, "")
        body = {"__type": prefix + code, "message": message}
    return Answer(status, headers, json.dumps(body).encode())


def _query(status: int, code: str, message: str, request_id: str) -> Answer:
    side = "Sender" if status < 500 else "Receiver"
    body = (
        '<ErrorResponse xmlns="https://aws.amazon.com/"><Error>'
        f"<Type>{side}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    headers = [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")]
    return Answer(status, headers, body.encode())


def _s3(status: int, code: str, message: str, request_id: str) -> Answer:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"<RequestId>{request_id}</RequestId><HostId>localcloud</HostId></Error>"
    )
    headers = [("x-amz-request-id", request_id), ("Content-Type", "application/xml")]
    return Answer(status, headers, body.encode())
