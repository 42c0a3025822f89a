"""Checks Signature Version 4 with botocore's own signer, from the request as it was on the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .identities import Identities, Identity
from .operations import Operation, service_model
from .wire import Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)"
    r"/(?P<service>[a-z0-9-]+)/aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_MAX_SKEW = timedelta(minutes=15)
_STREAMING = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)

# reason: (S3, query, JSON and REST-JSON); the statuses are those of the real services.
_CODES = {
    "missing": ((403, "AccessDenied"), "MissingAuthenticationToken"),
    "malformed": ((400, "AuthorizationHeaderMalformed"), "IncompleteSignature"),
    "unknown key": ((403, "InvalidAccessKeyId"), "InvalidClientTokenId"),
    "wrong token": ((400, "InvalidToken"), "InvalidClientTokenId"),
    "expired": ((400, "ExpiredToken"), "ExpiredToken"),
    "skewed": ((403, "RequestTimeTooSkewed"), "SignatureDoesNotMatch"),
    "unsigned header": ((403, "AccessDenied"), "SignatureDoesNotMatch"),
    "wrong hash": ((400, "XAmzContentSHA256Mismatch"), "SignatureDoesNotMatch"),
    "wrong digest": ((400, "BadDigest"), "SignatureDoesNotMatch"),
    "mismatch": ((403, "SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
}
_JSON_NAMES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


class Refusal(Exception):
    """A request that AWS would not serve, with the status and code of the service's protocol."""

    def __init__(self, operation: Operation, reason: str, message: str) -> None:
        super().__init__(message)
        (s3_status, s3_code), query_code = _CODES[reason]
        if operation.protocol == "rest-xml":
            self.status, self.code = s3_status, s3_code
        elif operation.protocol == "query":
            self.status, self.code = 403, query_code
        else:
            self.status = 403 if operation.protocol == "rest-json" else 400
            self.code = _JSON_NAMES.get(query_code, query_code + "Exception")


class _WireSigner(SigV4Auth):
    """botocore's signer, except that the client has said which headers it signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers


class _WireS3Signer(S3SigV4Auth):
    """The same for S3, which reads the path and encodes it again, once, before it signs."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def _normalize_url_path(self, path: str) -> str:
        return quote(unquote_to_bytes(path), safe="/-_.~")


def verify(
    request: Request, operation: Operation, identities: Identities, now: datetime
) -> Identity:
    """The identity that signed the request; raises `Refusal`."""
    header = request.header("authorization")
    if header is None:
        raise Refusal(operation, "missing", "Request is missing Authentication Token")
    parts = _AUTHORIZATION.fullmatch(header.strip())
    if not parts:
        raise Refusal(operation, "malformed", "The authorization header is malformed.")
    identity = _identity(parts["key"], request, operation, identities, now)
    timestamp = _check_time(request, operation, parts["day"], now)
    _check_scope(request, operation, parts["region"], parts["service"])
    signed = parts["headers"].split(";")
    _check_signed_headers(request, operation, signed)
    signer_class = _WireS3Signer if parts["service"] == "s3" else _WireSigner
    credentials = Credentials(identity.access_key_id, identity.secret_access_key)
    signer = signer_class(credentials, parts["service"], parts["region"])
    rebuilt = _rebuild(request, signed, timestamp)
    text = signer.string_to_sign(rebuilt, signer.canonical_request(rebuilt))
    if not hmac.compare_digest(signer.signature(text, rebuilt), parts["signature"]):
        raise Refusal(operation, "mismatch", _MISMATCH)
    _check_body(request, operation)
    return identity


def _identity(
    key: str, request: Request, operation: Operation, identities: Identities, now: datetime
) -> Identity:
    identity = identities.find(key)
    invalid = "The security token included in the request is invalid."
    if identity is None:
        raise Refusal(operation, "unknown key", invalid)
    if request.header("x-amz-security-token") != identity.session_token:
        raise Refusal(operation, "wrong token", invalid)
    if identity.has_expired(now):
        raise Refusal(operation, "expired", "The security token included in the request is expired")
    return identity


def _check_time(request: Request, operation: Operation, day: str, now: datetime) -> str:
    try:
        if stamp := request.header("x-amz-date"):
            sent = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        else:
            sent = parsedate_to_datetime(request.header("date") or "").astimezone(timezone.utc)
    except (TypeError, ValueError):
        message = "A valid X-Amz-Date or Date header is needed."
        raise Refusal(operation, "malformed", message) from None
    timestamp = sent.strftime("%Y%m%dT%H%M%SZ")
    if not timestamp.startswith(day):
        message = "Date in Credential scope does not match the request's date."
        raise Refusal(operation, "malformed", message)
    if abs(now - sent) > _MAX_SKEW:
        limit = (now - _MAX_SKEW).strftime("%Y%m%dT%H%M%SZ")
        message = f"Signature expired: {timestamp} is now earlier than {limit}"
        raise Refusal(operation, "skewed", message)
    return timestamp


def _check_scope(request: Request, operation: Operation, region: str, service: str) -> None:
    model = service_model(service)
    target = request.header("x-amz-target")
    # Some SDKs put Java's package before the service's name, others do not; AWS takes both.
    named = target.split(".")[-2:-1] if target else []
    if model is None or (
        target and named != model.metadata.get("targetPrefix", "").split(".")[-1:]
    ):
        message = f"Credential should be scoped to correct service, not {service!r}."
        raise Refusal(operation, "mismatch", message)
    if not _REGION.fullmatch(region):
        message = f"Credential should be scoped to a valid region, not {region!r}."
        raise Refusal(operation, "malformed", message)


def _check_signed_headers(request: Request, operation: Operation, signed: list[str]) -> None:
    if signed != sorted(signed):
        raise Refusal(operation, "malformed", "SignedHeaders must be in alphabetical order.")
    sent = {name.lower() for name, _ in request.headers}
    needed = {"host"} | {name for name in sent if name.startswith("x-amz-")}
    if missing := sorted(needed - set(signed)):
        message = f"Headers that were not signed: {', '.join(missing)}"
        raise Refusal(operation, "unsigned header", message)
    if absent := sorted(set(signed) - sent):
        message = f"Signed headers that were not sent: {', '.join(absent)}"
        raise Refusal(operation, "mismatch", message)
    if operation.service == "s3" and "x-amz-content-sha256" not in sent:
        raise Refusal(operation, "malformed", "Missing required header: x-amz-content-sha256")


def _rebuild(request: Request, signed: list[str], timestamp: str) -> AWSRequest:
    """AWS decodes the query and encodes it again, so a sloppy client fails here as it would there."""
    pairs = [pair.partition("=") for pair in request.query.split("&") if pair]
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs)
    address = f"http://{request.header('host')}{request.path}?{query}"
    rebuilt = AWSRequest(method=request.method, url=address, data=request.body)
    for name in signed:
        for value in request.values(name):
            rebuilt.headers[name] = value
    rebuilt.context["timestamp"] = timestamp
    return rebuilt


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


def _check_body(request: Request, operation: Operation) -> None:
    claimed = request.header("x-amz-content-sha256")
    hashed = claimed and claimed not in ("UNSIGNED-PAYLOAD", _STREAMING)
    if hashed and claimed != hashlib.sha256(request.body).hexdigest():
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise Refusal(operation, "wrong hash", message)
    if claimed == _STREAMING or operation.service != "s3":
        return
    for header, digest in _digests(request.body).items():
        sent = request.header(header)
        if sent and sent != digest():
            raise Refusal(operation, "wrong digest", f"The {header} you specified did not match.")


def _digests(body: bytes) -> dict[str, Callable[[], str]]:
    """The checksums that S3 clients may send; CRC32C and CRC64 are left unchecked."""

    def text(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return {
        "content-md5": lambda: text(hashlib.md5(body).digest()),
        "x-amz-checksum-sha256": lambda: text(hashlib.sha256(body).digest()),
        "x-amz-checksum-sha1": lambda: text(hashlib.sha1(body).digest()),
        "x-amz-checksum-crc32": lambda: text(zlib.crc32(body).to_bytes(4, "big")),
    }
