"""Which changes the rules let through, with the pattern that the stack really gave to EventBridge."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from localcloud import events
from localcloud.client import LocalCloud
from stacks import Stack, deployed


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud) -> Stack:
    return deployed(cloud, "single-account-native", ExcludeFunctions="internal-*,orders")


def pattern_of(stack: Stack) -> dict[str, Any]:
    rule = stack.boto("events").describe_rule(Name=stack.resources["FunctionChanges"])
    pattern: dict[str, Any] = json.loads(rule["EventPattern"])
    return pattern


def matches(pattern: Any, value: Any) -> bool:
    """EventBridge's rules for patterns, as far as the templates use them."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and matches(inner, value[name]) for name, inner in pattern.items()
        )
    return any(
        not any(fnmatchcase(value, wildcard) for wildcard in item["anything-but"]["wildcard"])
        if isinstance(item, dict)
        else item == value
        for item in pattern
    )


@pytest.mark.parametrize("name", ["orders", "internal-", "internal-billing"])
@pytest.mark.parametrize("form", ["{}", "012345678912:function:{}", "arn:aws:lambda:us-east-1:012345678912:function:{}", "arn:aws:lambda:us-east-1:012345678912:function:{}:3"])  # fmt: skip
def test_an_excluded_function_is_passed_over_however_it_is_called(stack: Stack, name: str, form: str) -> None:
    event = events.code_updated(name, requested_as=form.format(name))
    assert not matches(pattern_of(stack), event)


@pytest.mark.parametrize("name", ["orders2", "my-orders", "external-billing", "internal"])
@pytest.mark.parametrize("form", ["{}", "arn:aws:lambda:us-east-1:012345678912:function:{}"])
def test_every_other_function_is_scanned(stack: Stack, name: str, form: str) -> None:
    pattern = pattern_of(stack)
    for event in (events.function_created, events.code_updated, events.configuration_updated):
        assert matches(pattern, event(name, requested_as=form.format(name)))
        assert matches(pattern, event(name, null_response=True))


def test_other_calls_are_not_for_the_scanner(stack: Stack) -> None:
    pattern = pattern_of(stack)
    assert not matches(pattern, events.cloudtrail("DeleteFunction20150331", "other"))
    assert not matches(pattern, events.cloudtrail("Invoke", "other"))


def test_without_exclusions_the_name_does_not_matter(cloud: LocalCloud) -> None:
    pattern = pattern_of(deployed(cloud, "single-account-native"))
    assert set(pattern["detail"]) <= {"eventSource", "eventName", "requestParameters"}
    assert not pattern["detail"].get("requestParameters")
    assert matches(pattern, events.function_created("orders"))
