"""Names the operation that a request asks for, with botocore's service models as the dictionary."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from .wire import Request

_MODEL_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
_NAMING_PARAMETERS = (
    "FunctionName", "Resource", "ResourceArn", "ResourceARN", "TableName", "SecretId", "TopicArn",
    "TargetArn", "RoleArn", "QueueUrl", "QueueName", "RoleName", "UserName", "StackName",
    "stateMachineArn", "logGroupName", "Name",
)  # fmt: skip
_SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")


@dataclass(frozen=True)
class Operation:
    """What a request asks for, before anyone has decided whether it may."""

    service: str
    name: str
    protocol: str
    region: str
    access_key_id: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> str:
        return f"{self.service}:{self.name}"

    @property
    def resource(self) -> str:
        if "Bucket" in self.parameters:
            return "/".join(filter(None, (self.parameters["Bucket"], self.parameters.get("Key"))))
        named = (self.parameters.get(name) for name in _NAMING_PARAMETERS)
        return next((str(value) for value in named if value), "")


def identify(request: Request) -> Operation:
    """Never fails: what can't be told is called `unknown`, and refused later on."""
    scope = _SCOPE.search(request.header("authorization") or "")
    key, _, region, service = scope.groups() if scope else ("", "", "", "s3")
    model = service_model(service)
    target = request.header("x-amz-target")
    if target:
        name, protocol, parameters = target.rpartition(".")[2], "json", _json_object(request.body)
    elif form := _form(request):
        name, protocol, parameters = form["Action"], "query", form
    elif request.path.startswith("/service/"):
        name, protocol, parameters = request.path.rpartition("/")[2], "cbor", {}
    else:
        name, parameters = _match(model, request) if model else ("Unknown", {})
        protocol = model.metadata["protocol"] if model else "rest-json"
        if protocol == "rest-json":
            parameters |= _json_object(request.body)
    return Operation(service, name, protocol, region, key, parameters)


@cache
def service_model(signing_name: str) -> ServiceModel | None:
    session = botocore.session.get_session()
    name = _MODEL_OF_SIGNING_NAME.get(signing_name, signing_name)
    return session.get_service_model(name) if name in session.get_available_services() else None


def _form(request: Request) -> dict[str, Any]:
    form = request.header("content-type") or ""
    text = (
        request.body.decode("utf-8", "replace")
        if "x-www-form-urlencoded" in form
        else request.query
    )
    pairs = dict(parse_qsl(text, keep_blank_values=True))
    return pairs if "Action" in pairs else {}


def _json_object(body: bytes) -> dict[str, Any]:
    if len(body) > 1024 * 1024:
        return {}
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class _Route:
    """The HTTP binding of one operation of a REST service."""

    operation: OperationModel
    path: re.Pattern[str]
    literal_query: frozenset[tuple[str, str]]
    needed_query: frozenset[str]
    needed_headers: frozenset[str]

    @property
    def weight(self) -> int:
        """The binding that asks for most is the one that is meant."""
        return 2 * len(self.literal_query) + len(self.needed_query) + len(self.needed_headers)


@cache
def _routes(model_name: str) -> dict[str, list[_Route]]:
    model = service_model(model_name)
    assert model is not None
    routes: dict[str, list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        shape = operation.input_shape
        bound: dict[str, set[str]] = {"querystring": set(), "header": set()}
        members = shape.members if shape else {}
        for member in shape.required_members if shape else ():
            serialization = members[member].serialization
            if serialization.get("location") in bound:
                bound[serialization["location"]].add(serialization["name"].lower())
        route = _Route(
            operation,
            _path_pattern(path),
            frozenset(parse_qsl(query, keep_blank_values=True)),
            frozenset(bound["querystring"]),
            frozenset(bound["header"]),
        )
        routes.setdefault(operation.http["method"], []).append(route)
    for alternatives in routes.values():
        alternatives.sort(key=lambda route: -route.weight)
    return routes


def _path_pattern(template: str) -> re.Pattern[str]:
    pattern = re.escape(template.rstrip("/"))
    pattern = re.sub(r"\\{(\w+)\\\+\\}", r"(?P<\1>.+)", pattern)
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", pattern)
    return re.compile(pattern + "/?")


def _match(model: ServiceModel, request: Request) -> tuple[str, dict[str, Any]]:
    pairs = dict(parse_qsl(request.query, keep_blank_values=True))
    query_names = {name.lower() for name in pairs}
    header_names = {name.lower() for name, _ in request.headers}
    for route in _routes(model.service_name).get(request.method, ()):
        path = route.path.fullmatch(request.path)
        if (
            path
            and route.literal_query <= pairs.items()
            and route.needed_query <= query_names
            and route.needed_headers <= header_names
        ):
            named = {name: unquote(value) for name, value in path.groupdict().items()}
            return route.operation.name, named | pairs
    return "Unknown", {}
