"""What CloudFormation does with the instances of a StackSet, and moto does not.

An update changes the stacks, and a stack that does not come up makes its instance OUTDATED and the operation FAILED.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.models import StackInstance, StackSet

from .stack_gaps import roll_back

_create_instances = StackSet.create_stack_instances
_delete_instances = StackSet.delete_stack_instances
_init = StackInstance.__init__
_to_dict = StackInstance.to_dict
_update = StackSet.update


def _init_or_fail(instance: StackInstance, *given: Any, **named: Any) -> None:
    instance.problem = ""  # type: ignore[attr-defined]
    try:
        _init(instance, *given, **named)
    except Exception as problem:
        roll_back(instance.stack)
        instance.problem = str(problem)  # type: ignore[attr-defined]


def _update_or_fail(instance: StackInstance, template: str, parameters: dict[str, str]) -> None:
    """What has not come up is made anew."""
    if instance.problem:  # type: ignore[attr-defined]
        _init_or_fail(
            instance, instance.account_id, instance.region_name, instance.stackset_id, instance.stack_name,
            instance.name, template, parameters, instance.permission_model,  # type: ignore[arg-type]
        )  # fmt: skip
        return
    instance.stack.update(template, parameters=dict(parameters))


def _update_whole(stack_set: StackSet, *given: Any, **named: Any) -> dict[str, Any]:
    operation = _update(stack_set, *given, **named)
    stack_set.instances.template = stack_set.template
    stack_set.instances.parameters = stack_set.parameters
    for instance in stack_set.stack_instances:
        _update_or_fail(instance, stack_set.template, stack_set.parameters)
    return _told(stack_set, operation)


def _create_whole(stack_set: StackSet, *given: Any, **named: Any) -> str:
    operation = _create_instances(stack_set, *given, **named)
    _told(stack_set, stack_set.operations[-1])
    return operation


def _delete_targets(stack_set: StackSet, accounts: list[str] | None, regions: list[str]) -> None:
    """moto knows no organizational units here; in these tests they have all accounts of the set."""
    _delete_instances(stack_set, accounts or [each.account_id for each in stack_set.stack_instances], regions)


def _told(stack_set: StackSet, operation: dict[str, Any]) -> dict[str, Any]:
    if any(instance.problem for instance in stack_set.stack_instances):  # type: ignore[attr-defined]
        operation["Status"] = "FAILED"
    return operation


def _to_whole_dict(instance: StackInstance) -> dict[str, Any]:
    told = _to_dict(instance)
    if problem := instance.problem:  # type: ignore[attr-defined]
        told |= {"Status": "OUTDATED", "StatusReason": problem, "StackInstanceStatus": {"DetailedStatus": "FAILED"}}
    return told


def install() -> None:
    StackInstance.__init__ = _init_or_fail  # type: ignore[method-assign]
    StackInstance.to_dict = _to_whole_dict  # type: ignore[method-assign]
    StackSet.create_stack_instances = _create_whole  # type: ignore[method-assign]
    StackSet.delete_stack_instances = _delete_targets  # type: ignore[method-assign]
    StackSet.update = _update_whole  # type: ignore[method-assign]
