"""A hub and a spoke in two accounts: the spoke's change is scanned by the hub, as the spoke's role."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lab import PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from stacks import SPOKE, Stack, assert_complete, hub_and_spoke

ARN = f"arn:aws:lambda:us-east-1:{SPOKE}:function:orders"


@pytest.fixture
def stacks(cloud: LocalCloud) -> tuple[Stack, Stack]:
    return hub_and_spoke(cloud)


def test_a_spokes_change_is_scanned_through_the_role_of_its_stack(
    stacks: tuple[Stack, Stack], bootstrap: Path, tmp_path: Path
) -> None:
    hub, spoke = stacks
    cloud = hub.cloud
    cloud.create_function("orders", PYTHON, keys=spoke.keys)
    cloud.clear_calls()
    with hub.scanner(bootstrap, tmp_path) as scanner:
        outcome = scanner.deliver(events.code_updated("orders", account=SPOKE))
        assert outcome.json["status"] == "scanned", outcome.body
        calls = cloud.calls()
    assert_complete(hub, ARN, spoke.keys)
    (assumed,) = (call for call in calls if call["action"] == "sts:AssumeRole")
    assert assumed["resource"] == spoke.outputs["SpokeRoleArn"]
    accounts = {call["action"]: call["account"] for call in calls}
    assert accounts["lambda:GetFunction"] == accounts["lambda:TagResource"] == SPOKE
    assert accounts["s3:PutObject"] != SPOKE


def test_the_hub_scans_its_own_account_too(
    stacks: tuple[Stack, Stack], bootstrap: Path, tmp_path: Path
) -> None:
    hub, _ = stacks
    arn = hub.cloud.create_function("ours", PYTHON)
    with hub.scanner(bootstrap, tmp_path) as scanner:
        assert scanner.deliver(events.code_updated("ours")).json["status"] == "scanned"
    assert_complete(hub, arn)


def test_nobody_but_the_hubs_scanner_takes_the_spokes_role(stacks: tuple[Stack, Stack]) -> None:
    hub, spoke = stacks
    cloud, role = hub.cloud, spoke.outputs["SpokeRoleArn"]
    external_id = spoke.parameters["ExternalId"]
    ours = cloud.role_keys(hub.outputs["RoleArn"])
    other = cloud.role_keys(hub.outputs["RoleArn"] + "-other")

    def take(keys: object, given: str) -> None:
        cloud.boto("sts", keys=keys).assume_role(  # type: ignore[arg-type]
            RoleArn=role, RoleSessionName="test", ExternalId=given
        )

    take(ours, external_id)
    for keys, given in ((None, external_id), (other, external_id), (ours, external_id + "x")):
        with pytest.raises(ClientError, match="AccessDenied"):
            take(keys, given)


def test_the_spokes_rule_sends_to_the_hubs_bus_and_the_bus_rule_to_the_scanner(
    stacks: tuple[Stack, Stack],
) -> None:
    hub, spoke = stacks
    (bus,) = (
        item for item in hub.boto("events").list_event_buses()["EventBuses"] if item["Name"] != "default"
    )  # fmt: skip
    assert bus["Arn"] == hub.outputs["EventBusArn"] == spoke.parameters["HubEventBusArn"]
    (rule,) = spoke.boto("events").list_rules()["Rules"]
    (target,) = spoke.boto("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == bus["Arn"] and target["RoleArn"] and target["DeadLetterConfig"]
    (rule,) = hub.boto("events").list_rules(EventBusName=bus["Name"])["Rules"]
    (target,) = hub.boto("events").list_targets_by_rule(
        Rule=rule["Name"], EventBusName=bus["Name"]
    )["Targets"]
    assert target["Arn"] == hub.outputs["FunctionArn"] and target["DeadLetterConfig"]


def test_only_the_named_region_makes_the_role(cloud: LocalCloud) -> None:
    _, spoke = hub_and_spoke(cloud)
    spoke.deploy(RoleRegion="us-east-1")
    assert "SpokeRole" in spoke.resources
    elsewhere = Stack(cloud, "far", spoke.template, {**spoke.parameters, "RoleRegion": "eu-west-1"}, spoke.keys)  # fmt: skip
    elsewhere.deploy()
    assert "SpokeRole" not in elsewhere.resources and "SpokeRoleArn" not in elsewhere.outputs
