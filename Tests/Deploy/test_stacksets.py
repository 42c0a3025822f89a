"""A service-managed StackSet rolls the spokes out; `make deploy-stackset`, with scanners, has its test elsewhere."""

from __future__ import annotations

from pathlib import Path

from lab import PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from policies import Call, allows
from stacks import (
    CLI,
    EXTERNAL_ID,
    Stack,
    assert_complete,
    scanner_parameters,
    spoke_parameters,
    unit_with_account,
)
from templates import Template


def roll_out(cloud: LocalCloud, template: Template, parameters: dict[str, str], unit: str) -> None:
    assert template.refusals(parameters) == []
    cli = CLI(cloud)
    cli(
        "cloudformation", "create-stack-set", "--stack-set-name", "rolled-out",
        "--template-body", f"file://{template.path}", "--capabilities", "CAPABILITY_NAMED_IAM",
        "--permission-model", "SERVICE_MANAGED",
        "--auto-deployment", "Enabled=true,RetainStacksOnAccountRemoval=false",
        "--parameters", *(f"ParameterKey={name},ParameterValue={value}" for name, value in parameters.items()),
    )  # fmt: skip
    cli(
        "cloudformation", "create-stack-instances", "--stack-set-name", "rolled-out",
        "--deployment-targets", f"OrganizationalUnitIds={unit}", "--regions", "us-east-1",
    )  # fmt: skip


def test_a_spoke_of_a_stackset_is_scanned_by_the_hub_of_its_organization(
    cloud: LocalCloud, bootstrap: Path, tmp_path: Path
) -> None:
    cloud.reset()
    unit, keys = unit_with_account(cloud)
    organization = cloud.boto("organizations").describe_organization()["Organization"]["Id"]
    parameters = scanner_parameters(cloud, OrganizationId=organization, ExternalId=EXTERNAL_ID)
    hub = Stack(cloud, "scanner", Template.read("centralized-hub"), parameters)
    hub.deploy()
    roll_out(cloud, Template.read("centralized-spoke"), spoke_parameters(hub), unit)
    (rule,) = cloud.boto("events", keys=keys).list_rules()["Rules"]
    (target,) = cloud.boto("events", keys=keys).list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == hub.outputs["EventBusArn"]
    arn = cloud.create_function("orders", PYTHON, keys=keys)
    cloud.clear_calls()
    cloud.record_bodies()
    with hub.scanner(bootstrap, tmp_path) as scanner:
        event = events.code_updated("orders", account=keys.account)
        assert scanner.deliver(event).json["status"] == "scanned"
    (assumed,) = cloud.calls("sts:AssumeRole")
    cloud.record_bodies(False)
    assert_complete(hub, arn, keys)
    # The local cloud looks at the spoke's trust alone; the hub's own policy has to allow it too.
    statements = hub.policies(hub.outputs["RoleArn"])
    assert allows(statements, Call.of(assumed, organization))
    assert not allows(statements, Call.of(assumed, "o-another0000"))
    assert not allows(statements, Call.of(assumed))
