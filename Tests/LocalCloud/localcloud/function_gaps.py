"""What Lambda keeps of a function's configuration, and moto forgets: Terraform would set it again in every run."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction

_FORGOTTEN = ("DeadLetterConfig", "LoggingConfig")
# What moto does not take from a template, in the form of the API.
_FROM_TEMPLATE = (*_FORGOTTEN, "EphemeralStorage", "Layers")

_init = LambdaFunction.__init__
_update = LambdaFunction.update_configuration
_configuration = LambdaFunction.get_configuration
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


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _FORGOTTEN if name in given}


def install() -> None:
    LambdaFunction.__init__ = _init_whole  # type: ignore[method-assign]
    LambdaFunction.update_configuration = _update_whole  # type: ignore[method-assign]
    LambdaFunction.get_configuration = _whole_configuration  # type: ignore[method-assign]
    LambdaFunction.create_from_cloudformation_json = classmethod(_create_whole)  # type: ignore[assignment]
