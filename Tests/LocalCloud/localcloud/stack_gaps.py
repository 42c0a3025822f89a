"""What CloudFormation does with a stack's change sets and roles, and moto does not.

`aws cloudformation deploy` uses nothing but change sets.

What is still missing: a condition that comes out otherwise than before neither makes nor removes resources.
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.iam.models import Role

_apply = ChangeSet.apply
_diff = ResourceMap.build_resource_diff
_put_policy = Role.put_policy
_refuse_same = CloudFormationResponse._validate_different_update


def _apply_whole(change_set: ChangeSet) -> None:
    """moto makes the resources, but leaves the stack with the outputs and parameters that it had before."""
    _apply(change_set)
    stack = change_set.stack
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    stack.output_map = stack._create_output_map()


def _diff_by_value(
    resources: ResourceMap, template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> dict[str, list[str]]:
    """moto takes a default that is now given for a change, and changes what a condition has left out."""
    before = {name: _text(value) for name, value in resources.resolved_parameters.items()}
    changed = {name: value for name, value in (parameters or {}).items() if _text(value) != before.get(name)}  # fmt: skip
    same = {name: value for name, value in (parameters or {}).items() if name not in changed}
    resources.input_parameters = {**resources.input_parameters, **same}
    actions: dict[str, list[str]] = _diff(resources, template, parameters)
    actions["Modify"] = [name for name in actions["Modify"] if resources._parsed_resources.get(name)]
    return actions


def _has_parameters(stack: Stack, others: dict[str, Any]) -> bool:
    """A previous value comes back as what it was resolved to: a number, a list."""
    known = stack.resource_map.resolved_parameters
    return all(_text(value) == _text(known.get(name)) for name, value in others.items())


def _refuse_same_update(response: CloudFormationResponse, *given: Any) -> None:
    """A change set without changes is made all the same; its status says that it has none."""
    if response._get_action() != "CreateChangeSet":
        _refuse_same(response, *given)


def _put_policy_as_json(role: Role, name: str, policy: Any) -> None:
    """moto keeps a role's policy as Python's text of it, with a None where a condition has left a statement out."""
    if isinstance(policy, dict):
        statements = [statement for statement in policy["Statement"] if statement]
        policy = json.dumps({**policy, "Statement": statements}, default=str)
    _put_policy(role, name, policy)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def install() -> None:
    ChangeSet.apply = _apply_whole  # type: ignore[method-assign]
    ResourceMap.build_resource_diff = _diff_by_value  # type: ignore[method-assign]
    Role.put_policy = _put_policy_as_json  # type: ignore[method-assign]
    Stack.has_parameters = _has_parameters  # type: ignore[method-assign]
    CloudFormationResponse._validate_different_update = _refuse_same_update  # type: ignore[method-assign]
