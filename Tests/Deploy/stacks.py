"""Stacks in the local cloud, made by the real AWS CLI, and scanners that run with what a stack gave them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import ACCOUNT, REGION, SECRET, Sandbox
from localcloud.client import LocalCloud
from localcloud.resources import Keys, zip_bytes
from localcloud.scanner import StandInScanner
from templates import Template

SPOKE = "111122223333"
EXTERNAL_ID = "an-external-id-of-the-hub"
BUCKET = "artifacts-of-the-tests"


class CLI:
    """The AWS CLI as a program of its own, as `make deploy` starts it."""

    def __init__(self, cloud: LocalCloud, keys: Keys | None = None) -> None:
        self._environment = {**cloud.env(keys), "PATH": os.environ["PATH"], "HOME": "/nonexistent"}

    def __call__(self, *words: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "awscli", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


class Deployment(ABC):
    """What a deployment has made, seen through the APIs of the services, not through the template."""

    cloud: LocalCloud
    keys: Keys | None

    @property
    @abstractmethod
    def outputs(self) -> dict[str, str]:
        """By the names of the templates."""

    def boto(self, service: str) -> Any:
        return self.cloud.boto(service, keys=self.keys)

    @property
    def function(self) -> dict[str, Any]:
        name = self.outputs["FunctionName"]
        return dict(self.boto("lambda").get_function(FunctionName=name)["Configuration"])

    def policies(self, role_arn: str) -> list[dict[str, Any]]:
        """The statements of a role, as IAM has them."""
        iam, name = self.boto("iam"), role_arn.rpartition("/")[2]
        documents = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        return [statement for document in documents for statement in document["Statement"]]

    @contextmanager
    def scanner(self, bootstrap: Path, folder: Path, **changes: str) -> Iterator[Scanner]:
        """The bootstrap with the settings and the role of the deployed function.

        What differs from Lambda: AWS is the local cloud, and QScanner is the stand-in, as there is no layer in /opt.
        """
        function = self.function
        stand_in = StandInScanner(folder / "bin", self.cloud.endpoint)
        keys = self.cloud.role_keys(function["Role"])
        environment = {
            **self.cloud.env(keys),
            "PATH": "/usr/bin:/bin",
            "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
            # CloudFormation makes text of a parameter that is a number; moto does not.
            **{name: str(value) for name, value in function["Environment"]["Variables"].items()},
            "QSCANNER_PATH": str(stand_in.path),
            **changes,
        }
        with Sandbox(bootstrap, environment, folder / "tmp") as sandbox:
            yield Scanner(sandbox, stand_in, function["FunctionArn"], keys)


@dataclass
class Stack(Deployment):
    """A deployed stack of CloudFormation."""

    cloud: LocalCloud
    name: str
    template: Template
    parameters: dict[str, str]
    keys: Keys | None = None

    def deploy(self, **changes: str) -> str:
        """Creates or changes the stack; the answer is what the CLI printed."""
        self.parameters |= changes
        assert self.template.refusals(self.parameters) == []
        return CLI(self.cloud, self.keys)(
            "cloudformation", "deploy", "--stack-name", self.name,
            "--template-file", str(self.template.path), "--no-fail-on-empty-changeset",
            "--capabilities", "CAPABILITY_NAMED_IAM",
            "--parameter-overrides", *(f"{name}={value}" for name, value in self.parameters.items()),
        )  # fmt: skip

    def delete(self) -> None:
        cli = CLI(self.cloud, self.keys)
        cli("cloudformation", "delete-stack", "--stack-name", self.name)
        cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", self.name)

    @property
    def outputs(self) -> dict[str, str]:
        (stack,) = self.boto("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}

    @property
    def resources(self) -> dict[str, str]:
        """Physical names by logical ones."""
        pages = self.boto("cloudformation").get_paginator("list_stack_resources")
        listed = [item for page in pages.paginate(StackName=self.name) for item in page["StackResourceSummaries"]]  # fmt: skip
        return {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in listed}


@dataclass(frozen=True)
class Scanner:
    sandbox: Sandbox
    stand_in: StandInScanner
    function_arn: str
    keys: Keys

    def deliver(self, event: Any, **options: Any) -> Any:
        return self.sandbox.deliver(event, function_arn=self.function_arn, **options)


def scanner_parameters(cloud: LocalCloud, **more: str) -> dict[str, str]:
    """What a scanner's stack needs: a secret, a package and a layer."""
    cloud.create_bucket(BUCKET)
    cloud.boto("s3").put_object(Bucket=BUCKET, Key="bootstrap.zip", Body=zip_bytes({"bootstrap": "#!"}))
    return {
        "QualysPod": "US2",
        "QualysSecretArn": cloud.create_secret("qualys", SECRET),
        "CodeS3Bucket": BUCKET,
        "CodeS3Key": "bootstrap.zip",
        "QScannerLayerArn": cloud.create_layer("qscanner", {"bin/qscanner": "#!"}),
        **more,
    }


def deployed(cloud: LocalCloud, template: str, **parameters: str) -> Stack:
    """A scanner's stack in an emptied cloud."""
    cloud.reset()
    stack = Stack(cloud, "scanner", Template.read(template), scanner_parameters(cloud, **parameters))
    stack.deploy()
    return stack


def hub_and_spoke(cloud: LocalCloud, **parameters: str) -> tuple[Stack, Stack]:
    hub = deployed(
        cloud, "centralized-hub", SpokeAccountIds=SPOKE, ExternalId=EXTERNAL_ID, **parameters
    )
    keys = cloud.add_credentials(SPOKE)
    spoke = Stack(cloud, "spoke", Template.read("centralized-spoke"), spoke_parameters(hub), keys)
    spoke.deploy()
    return hub, spoke


def spoke_parameters(hub: Stack) -> dict[str, str]:
    return {
        "HubEventBusArn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/scanner-spokes",
        "HubScannerRoleArn": hub.outputs["RoleArn"],
        "ExternalId": EXTERNAL_ID,
    }


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


def assert_complete(stack: Deployment, arn: str, owner: Keys | None = None) -> None:
    """Row, document, message and tags of a scan are where the stack's outputs say, and speak of the same scan."""
    outputs, cloud = stack.outputs, stack.cloud
    (row,) = (row for row in cloud.rows(outputs["ScanCacheTable"]) if row["function_arn"] == {"S": arn})
    assert row["scan_status"] == {"S": "success"} and "claim_owner" not in row
    bucket, _, key = row["results"]["S"].removeprefix("s3://").partition("/")
    assert bucket == outputs["ResultsBucket"]
    document = json.loads(cloud.objects(bucket)[key])
    assert (document["function_arn"], document["scan_status"]) == (arn, "success")
    tags = cloud.boto("lambda", keys=owner).list_tags(Resource=arn)["Tags"]
    assert tags["QualysScanStatus"] == "success"
    assert tags["QualysScanTimestamp"] == row["scan_timestamp"]["S"]
