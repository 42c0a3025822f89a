"""What AWS does and moto does not, as far as the product can notice."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from .errors import error_answer
from .identities import Identity
from .operations import Operation
from .packages import Packages
from .wire import Answer, Request

_FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:[^:]+(:.+)?")
_PARTIAL_ARN = re.compile(r"(/functions/)(\d{12}(?::|%3A)function(?::|%3A))", re.IGNORECASE)
_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:.*/)?([^/]+)")
_SESSION_ARN = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/[^/]+")
_MAX_TAG_VALUE = 256
_MAX_TAGS = 50


def refuse(request: Request, operation: Operation, caller: Identity) -> Answer | None:
    """The refusal that AWS would give and moto would not."""
    if operation.service == "lambda":
        return _refuse_foreign_function(operation, caller) or _refuse_tags(operation, caller)
    if operation.action == "sts:AssumeRole":
        return _refuse_role(operation, caller)
    if operation.service == "s3":
        return _refuse_unknown_length(request) or _refuse_wrong_region(operation, caller)
    return None


def _refuse_foreign_function(operation: Operation, caller: Identity) -> Answer | None:
    arn = _FUNCTION_ARN.match(operation.resource)
    if arn and arn[1] != operation.region:
        message = (
            f"Functions from '{arn[1]}' are not reachable in this region ('{operation.region}')"
        )
        return error_answer("lambda", "rest-json", 404, "ResourceNotFoundException", message)
    if arn and arn[2] != caller.account:
        message = (
            f"User: {caller.arn} is not authorized to perform: {operation.action} on resource: "
            f"{operation.resource} because no resource-based policy allows the {operation.action} action"
        )
        return error_answer("lambda", "rest-json", 403, "AccessDeniedException", message)
    return None


def _refuse_tags(operation: Operation, caller: Identity) -> Answer | None:
    if operation.name != "TagResource":
        return None
    arn = _FUNCTION_ARN.match(operation.resource)
    if arn and arn[3]:
        message = "Tags on function aliases and versions are not supported."
        return error_answer("lambda", "rest-json", 400, "InvalidParameterValueException", message)
    tags = operation.parameters.get("Tags") or {}
    function = _function(operation, caller)
    if function and len(function.tags | tags) > _MAX_TAGS:
        message = f"The number of tags exceeds the limit of {_MAX_TAGS}."
        return error_answer("lambda", "rest-json", 400, "InvalidParameterValueException", message)
    for key, value in tags.items():
        legal = all(char.isalnum() or char in " _.:/=+-@" for char in value)
        if len(value) > _MAX_TAG_VALUE or not legal or len(key) > 128:
            message = f"1 validation error detected: Value at 'tags' failed to satisfy constraint: {key!r}"
            return error_answer("lambda", "rest-json", 400, "ValidationException", message)
    return None


def _refuse_role(operation: Operation, caller: Identity) -> Answer | None:
    seconds = int(operation.parameters.get("DurationSeconds", 3600))
    if not 900 <= seconds <= 43200:
        message = (
            "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint"
        )
        return error_answer("sts", "query", 400, "ValidationError", message)
    arn = operation.parameters.get("RoleArn", "")
    role = _ROLE_ARN.fullmatch(arn)
    trust = _trust_policy(*role.groups()) if role else None
    if trust and _trusts(trust, caller, operation.parameters.get("ExternalId")):
        return None
    message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return error_answer("sts", "query", 403, "AccessDenied", message)


def _trust_policy(partition: str, account: str, name: str) -> dict[str, Any] | None:
    try:
        role = iam_backends[account][partition].get_role(name)
    except NotFoundException:
        return None
    policy: dict[str, Any] = json.loads(role.assume_role_policy_document)
    return policy


def _trusts(policy: dict[str, Any], caller: Identity, external_id: str | None) -> bool:
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _as_list(statement.get("Action"))
        and _names(statement.get("Principal"), caller)
        and _external_id_fits(statement.get("Condition", {}), external_id)
        and _principal_fits(statement.get("Condition", {}), caller)
        for statement in _as_list(policy.get("Statement"))
    )


def _names(principal: Any, caller: Identity) -> bool:
    if principal == "*":
        return True
    named = _as_list(principal.get("AWS")) if isinstance(principal, dict) else []
    root = f":iam::{caller.account}:root"
    own = ("*", caller.account, caller.arn, _role_of(caller))
    return any(name in own or name.endswith(root) for name in named)


def _role_of(caller: Identity) -> str | None:
    """A policy names the role; who took it is called by the name of the session."""
    session = _SESSION_ARN.fullmatch(caller.arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else None


def _external_id_fits(condition: dict[str, Any], external_id: str | None) -> bool:
    wanted = condition.get("StringEquals", {}).get("sts:ExternalId")
    return wanted is None or external_id in _as_list(wanted)


def _principal_fits(condition: dict[str, Any], caller: Identity) -> bool:
    wanted = condition.get("ArnEquals", {}).get("aws:PrincipalArn")
    return wanted is None or (_role_of(caller) or caller.arn) in _as_list(wanted)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _refuse_unknown_length(request: Request) -> Answer | None:
    """S3 takes chunked transfers only where the length is said in another header."""
    if request.header("transfer-encoding") and not request.header("x-amz-decoded-content-length"):
        message = "A header you provided implies functionality that is not implemented"
        return error_answer("s3", "rest-xml", 501, "NotImplemented", message)
    if request.method == "PUT" and not (
        request.header("content-length") or request.header("transfer-encoding")
    ):
        message = "You must provide the Content-Length HTTP header."
        return error_answer("s3", "rest-xml", 411, "MissingContentLength", message)
    return None


def _refuse_wrong_region(operation: Operation, caller: Identity) -> Answer | None:
    name = operation.parameters.get("Bucket")
    if not name or operation.name == "CreateBucket":
        return None
    bucket = s3_backends[caller.account]["aws"].buckets.get(name)
    if bucket is None or bucket.region_name == operation.region:
        return None
    message = (
        f"The authorization header is malformed; the region '{operation.region}' is wrong; "
        f"expecting '{bucket.region_name}'"
    )
    answer = error_answer("s3", "rest-xml", 400, "AuthorizationHeaderMalformed", message)
    answer.headers.append(("x-amz-bucket-region", bucket.region_name))
    region = f"<Region>{bucket.region_name}</Region></Error>".encode()
    answer.body = bytes(answer.body).replace(b"</Error>", region)
    return answer


def complete(request: Request, operation: Operation) -> None:
    """AWS knows functions by `account:function:name` as well; moto does not."""
    if operation.service == "lambda":
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            request.environ[name] = _PARTIAL_ARN.sub(r"\1", request.environ[name])


def amend(
    answer: Answer, request: Request, operation: Operation, caller: Identity, packages: Packages
) -> Answer:
    """moto's answer, brought closer to that of AWS."""
    if operation.service != "lambda" or answer.status >= 300:
        return answer
    if operation.name == "GetFunction":
        return _amend_function(answer, request, operation, caller, packages)
    if operation.name == "GetLayerVersion":
        return _amend_layer(answer, request, operation, caller, packages)
    if operation.name in ("TagResource", "UntagResource"):
        return Answer(204, answer.headers)
    if operation.name in ("UpdateFunctionCode", "UpdateFunctionConfiguration"):
        function = _function(operation, caller)
        if function:
            function.last_modified = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return answer


def _amend_function(
    answer: Answer, request: Request, operation: Operation, caller: Identity, packages: Packages
) -> Answer:
    content = json.loads(bytes(answer.body))
    configuration = content["Configuration"]
    configuration["LastModified"] = configuration["LastModified"][:23] + "+0000"
    if configuration["PackageType"] == "Image":
        configuration.pop("Handler", None)
        configuration.pop("Runtime", None)
    content["Configuration"] = {
        name: value for name, value in configuration.items() if value not in (None, [])
    }
    function = _function(operation, caller)
    if "Location" in content.get("Code", {}) and function:
        content["Code"]["Location"] = packages.hand_out(
            request.header("host") or "",
            caller.account,
            operation.region,
            function.function_name,
            function.code_bytes,
        )
    answer.body = json.dumps(content).encode()
    answer.headers = [pair for pair in answer.headers if pair[0].lower() != "content-type"]
    answer.headers.append(("Content-Type", "application/json"))
    return answer


def _amend_layer(
    answer: Answer, request: Request, operation: Operation, caller: Identity, packages: Packages
) -> Answer:
    content = json.loads(bytes(answer.body))
    version = get_backend(caller.account, operation.region).layers_versions_by_arn(content["LayerVersionArn"])
    if version:
        content["Content"]["Location"] = packages.hand_out(
            request.header("host") or "", caller.account, operation.region, version.name, version.code_bytes
        )
    answer.body = json.dumps(content).encode()
    return answer


def _function(operation: Operation, caller: Identity) -> LambdaFunction | None:
    backend = get_backend(caller.account, operation.region)
    qualifier = operation.parameters.get("Qualifier")
    name = _PARTIAL_ARN.sub(r"\1", "/functions/" + operation.resource).removeprefix("/functions/")
    try:
        return backend.get_function(name, qualifier)
    except UnknownFunctionException:
        return None
