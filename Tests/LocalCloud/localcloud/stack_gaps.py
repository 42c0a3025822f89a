"""What CloudFormation does with a stack's change sets and roles, and moto does not.

`aws cloudformation deploy` uses nothing but change sets.

What is still missing: a condition that comes out otherwise than before neither makes nor removes resources.
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.iam.models import Role

_apply = ChangeSet.apply
_create_change_set = CloudFormationBackend.create_change_set
_delete = ResourceMap.delete
_diff = ResourceMap.build_resource_diff
_execute = CloudFormationBackend.execute_change_set
_put_policy = Role.put_policy
_refuse_same = CloudFormationResponse._validate_different_update
_resolve = CloudFormationBackend._resolve_update_parameters


def _apply_whole(change_set: ChangeSet) -> None:
    """moto makes the resources, but leaves the stack with the outputs and parameters that it had before."""
    _apply(change_set)
    stack = change_set.stack
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    stack.output_map = stack._create_output_map()


def _execute_or_roll_back(backend: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
    """moto answers with what went wrong in a resource; CloudFormation takes the stack back and says so in its status."""
    change_set = backend.describe_change_set(change_set_name)
    try:
        _execute(backend, change_set_name, stack_name)
    except Exception as problem:
        if change_set is None or change_set.change_set_type != "CREATE":
            raise
        roll_back(change_set.stack)
        change_set.stack._add_stack_event("ROLLBACK_COMPLETE", resource_status_reason=str(problem))
        change_set.stack.status = "ROLLBACK_COMPLETE"


def roll_back(stack: Stack) -> None:
    """Removes what a creation that failed has made."""
    for resource in stack.resource_map._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Delete"
    _delete(stack.resource_map)


def _delete_but_retained(resources: ResourceMap) -> None:
    for resource in resources._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    _delete(resources)


def _refuse_rolled_back(backend: CloudFormationBackend, stack_name: str, *given: Any, **named: Any) -> tuple[str, str]:
    for stack in backend.stacks.values():
        if stack.name == stack_name and stack.status == "ROLLBACK_COMPLETE":
            raise ValidationError(message=f"Stack:{stack.stack_id} is in ROLLBACK_COMPLETE state and can not be updated.")
    return _create_change_set(backend, stack_name, *given, **named)


def _resolve_defaults(
    backend: CloudFormationBackend, instance: Any, incoming_params: list[dict[str, Any]]
) -> dict[str, str]:
    """A previous value may be a default, which moto looks for among what was given."""
    if isinstance(instance, Stack):
        known = {name: _text(value) for name, value in instance.resource_map.resolved_parameters.items()}
        incoming_params = [
            {"ParameterKey": item["ParameterKey"], "ParameterValue": known[item["ParameterKey"]]}
            if item.get("UsePreviousValue")
            else item
            for item in incoming_params
        ]
    return _resolve(backend, instance, incoming_params)


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
    CloudFormationBackend._resolve_update_parameters = _resolve_defaults  # type: ignore[method-assign]
    CloudFormationBackend.create_change_set = _refuse_rolled_back  # type: ignore[method-assign]
    CloudFormationBackend.execute_change_set = _execute_or_roll_back  # type: ignore[method-assign]
    ResourceMap.delete = _delete_but_retained  # type: ignore[method-assign]
    ResourceMap.build_resource_diff = _diff_by_value  # type: ignore[method-assign]
    Role.put_policy = _put_policy_as_json  # type: ignore[method-assign]
    Stack.has_parameters = _has_parameters  # type: ignore[method-assign]
    CloudFormationResponse._validate_different_update = _refuse_same_update  # type: ignore[method-assign]
