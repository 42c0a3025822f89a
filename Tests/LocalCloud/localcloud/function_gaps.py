"""What Lambda does with functions and moto does not.

It keeps the whole configuration (Terraform would set again in every run what is forgotten), and it takes package and layer
from another account of the organization that has opened them to it, as a StackSet's stacks need.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.awslambda.exceptions import UnknownLayerVersionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

_FORGOTTEN = ("DeadLetterConfig", "LoggingConfig")
# What moto does not take from a template, in the form of the API.
_FROM_TEMPLATE = (*_FORGOTTEN, "EphemeralStorage", "Layers")

_init = LambdaFunction.__init__
_update = LambdaFunction.update_configuration
_configuration = LambdaFunction.get_configuration
_layers = LambdaFunction._get_layers_data
_set_code = LambdaFunction._set_function_code
_create = LambdaFunction.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]


def _init_whole(function: LambdaFunction, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:  # fmt: skip
    function.kept = _kept(spec)  # type: ignore[attr-defined]
    _init(function, account_id, spec, region, version)


def _update_whole(function: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
    function.kept |= _kept(updates)  # type: ignore[attr-defined]
    if storage := updates.get("EphemeralStorage"):
        function.ephemeral_storage = storage["Size"]
    return _update(function, updates)


def _whole_configuration(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    given = {name: value for name, value in function.kept.items() if value}  # type: ignore[attr-defined]
    if log := given.get("LoggingConfig"):
        given["LoggingConfig"] = {"LogFormat": "Text", **log}
    return _configuration(function, on_create) | given


def _create_whole(kind: type[LambdaFunction], name: str, template: dict[str, Any], *rest: Any, **more: Any) -> Any:
    function = _create(kind, name, template, *rest, **more)
    properties = template["Properties"]
    function.update_configuration({key: properties[key] for key in _FROM_TEMPLATE if key in properties})
    function.architectures = properties.get("Architectures", function.architectures)
    return function


def _layers_of_the_organization(function: LambdaFunction, arns: list[str]) -> list[Any]:
    return [layer for arn in arns for layer in _layer(function, arn)]


def _layer(function: LambdaFunction, arn: str) -> list[Any]:
    owner = arn.split(":")[4]
    if owner == function.account_id:
        return _layers(function, [arn])
    version = get_backend(owner, function.region).layers_versions_by_arn(arn)
    organization = _organization(function.account_id)
    if not version or not any(item.get("OrganizationId") == organization for item in version.policy.statements):
        raise UnknownLayerVersionException([arn])
    return [{"Arn": version.arn, "CodeSize": version.code_size}]


def _set_code_of_the_organization(function: LambdaFunction, spec: dict[str, Any]) -> None:
    bucket, key = spec.get("S3Bucket"), spec.get("S3Key")
    for account, partitions in list(s3_backends.items()):
        backend = partitions[function.partition]
        if account != function.account_id and bucket in backend.buckets:
            policy = backend.get_bucket_policy(bucket) or b"{}"
            if _opens(json.loads(policy), _organization(function.account_id)):
                package = backend.get_object(bucket, key)
                spec = {"ZipFile": base64.b64encode(package.value).decode()}
    _set_code(function, spec)


def _opens(policy: dict[str, Any], organization: str | None) -> bool:
    return organization is not None and any(
        (statement["Effect"], statement["Action"]) == ("Allow", "s3:GetObject")
        and statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": organization}}
        for statement in policy.get("Statement", [])
    )


def _organization(account: str) -> str | None:
    for partitions in list(organizations_backends.values()):
        for backend in list(partitions.values()):
            if backend.org and any(member.id == account for member in backend.accounts):
                return str(backend.org.id)
    return None


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _FORGOTTEN if name in given}


def install() -> None:
    LambdaFunction.__init__ = _init_whole  # type: ignore[method-assign]
    LambdaFunction.update_configuration = _update_whole  # type: ignore[method-assign]
    LambdaFunction.get_configuration = _whole_configuration  # type: ignore[method-assign]
    LambdaFunction._get_layers_data = _layers_of_the_organization  # type: ignore[method-assign]
    LambdaFunction._set_function_code = _set_code_of_the_organization  # type: ignore[method-assign]
    LambdaFunction.create_from_cloudformation_json = classmethod(_create_whole)  # type: ignore[assignment]
