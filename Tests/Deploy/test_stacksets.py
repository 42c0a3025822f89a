"""A service-managed StackSet rolls the templates out to an organizational unit."""

from __future__ import annotations

from pathlib import Path

from lab import PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from localcloud.resources import Keys, zip_bytes
from stacks import BUCKET, CLI, assert_complete, hub_and_spoke, scanner_parameters
from templates import Template


def unit_with_account(cloud: LocalCloud) -> tuple[str, Keys]:
    """An organization with one unit, and the keys of the account in it."""
    organizations = cloud.boto("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="all")["OrganizationalUnit"]["Id"]
    made = organizations.create_account(Email="member@example.com", AccountName="member")
    account = made["CreateAccountStatus"]["AccountId"]
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    return unit, cloud.add_credentials(account)


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


def test_a_spoke_of_a_stackset_is_scanned_by_the_hub(
    cloud: LocalCloud, bootstrap: Path, tmp_path: Path
) -> None:
    hub, spoke = hub_and_spoke(cloud)
    unit, keys = unit_with_account(cloud)
    roll_out(cloud, spoke.template, spoke.parameters, unit)
    (rule,) = cloud.boto("events", keys=keys).list_rules()["Rules"]
    (target,) = cloud.boto("events", keys=keys).list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == hub.outputs["EventBusArn"]
    arn = cloud.create_function("orders", PYTHON, keys=keys)
    with hub.scanner(bootstrap, tmp_path) as scanner:
        event = events.code_updated("orders", account=keys.account)
        assert scanner.deliver(event).json["status"] == "scanned"
    assert_complete(hub, arn, keys)


def test_a_scanner_of_a_stackset_is_made_in_every_account(cloud: LocalCloud) -> None:
    """That it scans is shown with a stack of the same template: moto shares no secret between accounts."""
    cloud.reset()
    unit, keys = unit_with_account(cloud)
    parameters = scanner_parameters(cloud)
    # Nor a bucket: the member gets its own with the package.
    cloud.create_bucket(f"{BUCKET}-member", keys=keys)
    package = zip_bytes({"bootstrap": "#!"})
    cloud.boto("s3", keys=keys).put_object(Bucket=f"{BUCKET}-member", Key="bootstrap.zip", Body=package)
    parameters["CodeS3Bucket"] = f"{BUCKET}-member"
    roll_out(cloud, Template.read("stackset"), parameters, unit)
    (function,) = cloud.boto("lambda", keys=keys).list_functions()["Functions"]
    assert (function["Runtime"], function["MemorySize"]) == ("provided.al2023", 2048)
    assert function["Role"].startswith(f"arn:aws:iam::{keys.account}:role/")
    settings = function["Environment"]["Variables"]
    (table,) = cloud.boto("dynamodb", keys=keys).list_tables()["TableNames"]
    assert settings["SCAN_CACHE_TABLE"] == table
    assert settings["QUALYS_SECRET_ARN"] == parameters["QualysSecretArn"]
