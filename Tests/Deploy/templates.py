"""CloudFormation templates as plain values, and the checks that CloudFormation makes before it creates anything.

The local cloud makes none of those checks, so the tests make them here, from what stands in the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "cloudformation"
NAMES = ("single-account-native", "stackset", "centralized-hub", "centralized-spoke")
SCANNERS = NAMES[:3]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, spelt out."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@dataclass(frozen=True)
class Template:
    name: str
    text: str
    body: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> Template:
        text = (FOLDER / f"{name}.yaml").read_text()
        return cls(name, text, yaml.load(text, _Loader))  # noqa: S506: a SafeLoader

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.yaml"

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.body["Parameters"])

    @property
    def resources(self) -> dict[str, Any]:
        return dict(self.body["Resources"])

    def of_type(self, kind: str) -> dict[str, Any]:
        """Resources of a type by their name, the properties only."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def refusals(self, given: Mapping[str, str]) -> list[str]:
        """Why CloudFormation would create nothing: parameters that do not fit, and rules that do not hold."""
        faults = [f"{name} is no parameter" for name in given if name not in self.parameters]
        values: dict[str, Any] = {}
        for name, rule in self.parameters.items():
            if name not in given and "Default" not in rule:
                faults.append(f"{name} is missing")
                continue
            value = str(given.get(name, rule.get("Default")))
            is_list = rule["Type"] == "CommaDelimitedList"
            values[name] = value.split(",") if is_list else value
            for item in values[name] if is_list else [value]:
                if not _fits(rule, item):
                    faults.append(f"{name}: {rule.get('ConstraintDescription', 'does not fit')}")
        return faults or [
            assertion["AssertDescription"]
            for rule in self.body.get("Rules", {}).values()
            if _holds(rule.get("RuleCondition", True), values)
            for assertion in rule["Assertions"]
            if not _holds(assertion["Assert"], values)
        ]


def _fits(rule: Mapping[str, Any], value: str) -> bool:
    if rule["Type"] == "Number":
        try:
            number = float(value)
        except ValueError:
            return False
        return rule.get("MinValue", number) <= number <= rule.get("MaxValue", number)
    length = rule.get("MinLength", 0) <= len(value) <= rule.get("MaxLength", len(value))
    listed = value in rule.get("AllowedValues", [value])
    return length and listed and re.fullmatch(rule.get("AllowedPattern", r"(?s).*"), value) is not None


def _holds(expression: Any, values: Mapping[str, Any]) -> Any:
    """The value of a rule's expression; of the functions those that the templates use."""
    if not isinstance(expression, dict):
        return expression
    ((name, arguments),) = expression.items()
    if name == "Ref":
        return values[arguments]
    given = [_holds(argument, values) for argument in arguments]
    match name:
        case "Fn::Equals":
            return given[0] == given[1]
        case "Fn::Not":
            return not given[0]
        case "Fn::Or":
            return any(given)
        case "Fn::EachMemberEquals":
            return all(member == given[1] for member in given[0])
    raise NotImplementedError(name)


def walk(value: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from walk(item)


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """All statements of policies in a value."""
    return (item for item in walk(value) if isinstance(item, dict) and "Effect" in item)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
