"""`cloudformation/deploy.sh`, which the Makefile's deploy targets call, with the real AWS CLI."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud.client import LocalCloud
from localcloud.resources import Keys
from shell import NAME, TOKEN, Shell
from stacks import SPOKE, unit_with_account

# What a deployment calls when there is nothing to do.
LOOKING_AGAIN = {"s3:PutPublicAccessBlock", "cloudformation:CreateChangeSet"}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with LocalCloud.start() as cloud:
        yield Shell(cloud, tmp_path / "checkout")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """For what has to be refused: nothing is made with it."""
    with LocalCloud.start() as cloud:
        yield Shell(cloud, tmp_path_factory.mktemp("refused") / "checkout")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"QUALYS_POD": ""}, "QUALYS_POD is not set"),
        ({"QUALYS_POD": "XX1"}, "QUALYS_POD is none of"),
        ({"QUALYS_ACCESS_TOKEN": ""}, "QUALYS_ACCESS_TOKEN is not in the environment"),
        ({"QUALYS_ACCESS_TOKEN": "a\nb"}, "has a line break"),
        ({"AWS_REGION": ""}, "AWS_REGION is not set"),
        ({"PARAMETERS": "ScannerMemorySize=100"}, "ScannerMemorySize: Must be a whole number from 512"),
        ({"PARAMETERS": "CacheTTLDays=0 LogLevel=debug"}, "CacheTTLDays: Must be a whole number from 1"),
        ({"PARAMETERS": "Memory=2048"}, "Memory is no parameter"),
        ({"PARAMETERS": "LogLevel=debug 'ScanTypes=pkg"}, "PARAMETERS has a quote that is not closed"),
        ({"PARAMETERS": "EnableS3Results=false EnableWasExport=true"}, "write to the results bucket"),
        ({"PARAMETERS": f"ExcludeFunctions={','.join(['a-name-of-twenty-five-lett'] * 16)}"}, "no more than 2048"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "AWS does not accept the credentials"),
        ({"AWS_REGION": "virginia"}, "AWS_REGION is no region"),
        ({"SECRET_NAME": "a" * 60}, "name another with ARTIFACT_BUCKET"),
        ({"PATH": "/usr/bin:/bin"}, "the AWS CLI is not installed"),
    ],
)
def test_what_is_missing_or_wrong_is_said_before_anything_is_made(
    untouched: Shell, settings: dict[str, str], sentence: str
) -> None:
    done = untouched.run("account", **settings)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert untouched.changes() == []


@pytest.mark.parametrize("name", ["bootstrap", "qscanner-layer"])
def test_package_and_layer_have_to_be_there(untouched: Shell, name: str) -> None:
    file = untouched.folder / "build" / f"{name}.zip"
    content = file.read_bytes()
    file.unlink()
    done = untouched.run("account")
    file.write_bytes(content)
    assert (done.returncode, untouched.changes()) == (1, [])
    assert f"build/{name}.zip is not there: make" in done.stderr


def test_package_and_layer_have_to_be_for_the_same_processor(untouched: Shell) -> None:
    untouched.pack("bootstrap", "bootstrap", program_for(62))
    untouched.pack("qscanner-layer", "bin/qscanner", program_for(183))
    done = untouched.run("account")
    untouched.pack("bootstrap", "bootstrap")
    untouched.pack("qscanner-layer", "bin/qscanner")
    assert (done.returncode, untouched.changes()) == (1, [])
    assert "build/bootstrap.zip is for x86_64, build/qscanner-layer.zip for arm64" in done.stderr


@pytest.mark.parametrize("name", ["QUALYS_ACCESS_TOKEN", "QUALYS_PASSWORD", "CAR_SERVICE_PASSWORD"])
def test_a_secret_on_makes_command_line_is_refused(untouched: Shell, name: str) -> None:
    done = untouched.make("secret", **{name: TOKEN})
    assert done.returncode != 0 and f"{name} belongs into the environment" in done.stderr
    assert untouched.changes() == []


def program_for(machine: int) -> bytes:
    """How an ELF file begins."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "EXTERNAL_ID is not set"),
        ({"EXTERNAL_ID": "0123456789abcdef"}, "say whose changes"),
        ({"EXTERNAL_ID": "0123456789abcdef", "ORGANIZATION_ID": "", "SPOKE_ACCOUNT_IDS": ""}, "say whose changes"),
        ({"EXTERNAL_ID": "0123456789abcde", "SPOKE_ACCOUNT_IDS": SPOKE}, "ExternalId: Must have 16 to 1224"),
        ({"EXTERNAL_ID": "0123456789abcdef", "SPOKE_ACCOUNT_IDS": "1234"}, "SpokeAccountIds: Each must be"),
        ({"EXTERNAL_ID": "0123456789abcdef", "ORGANIZATION_ID": "o-1"}, "OrganizationId: Must be empty or"),
    ],
)
def test_a_hub_without_proper_spokes_is_refused(untouched: Shell, settings: dict[str, str], sentence: str) -> None:
    assert sentence in untouched.run("hub", **settings).stderr
    assert untouched.changes() == []


@pytest.mark.parametrize("verb", ["stackset", "spoke-stackset"])
@pytest.mark.parametrize(
    ("units", "sentence"),
    [("", "ORG_UNIT_IDS is not set"), ("all", "has to be ids"), ("ou-ab12-34567890", "is in no organization")],
)
def test_a_stackset_needs_units_of_an_organization(untouched: Shell, verb: str, units: str, sentence: str) -> None:
    assert sentence in untouched.run(verb, ORG_UNIT_IDS=units, EXTERNAL_ID="0123456789abcdef").stderr
    assert untouched.changes() == []


def test_a_deployment_can_be_repeated_and_a_change_changes_just_that(shell: Shell) -> None:
    first = shell.run("account")
    assert first.returncode == 0, first.stderr
    outputs = dict(line.split("\t") for line in first.stdout.strip().splitlines())
    secret = shell.cloud.boto("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]
    assert json.loads(secret) == {"qualys_pod": "US2", "qualys_access_token": TOKEN}
    assert "create-secret" in shell.arguments and TOKEN not in shell.arguments
    assert list(shell.temporary.iterdir()) == []

    shell.cloud.clear_calls()
    second = shell.run("account")
    assert second.stdout == first.stdout
    assert "No changes to deploy" in second.stderr
    assert set(shell.changes()) == LOOKING_AGAIN

    function = outputs["FunctionName"]
    read = shell.cloud.boto("lambda").get_function_configuration
    before = read(FunctionName=function)
    assert shell.run("account", PARAMETERS="ScannerMemorySize=3008").returncode == 0
    after = read(FunctionName=function)
    assert (before["MemorySize"], after["MemorySize"]) == (2048, 3008)
    assert before["Environment"] == after["Environment"]


def test_the_jobs_account_goes_into_the_secret_beside_what_is_there(shell: Shell) -> None:
    shell.cloud.boto("secretsmanager").create_secret(Name=NAME, SecretString='{"registry_token":"r"}')
    password = 'planted "password" & 4711'
    ended = shell.run("secret", QUALYS_USERNAME="quays_st1", QUALYS_PASSWORD=password)
    assert ended.returncode == 0, ended.stderr
    secret = shell.cloud.boto("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]
    assert json.loads(secret) == {
        "registry_token": "r", "qualys_pod": "US2", "qualys_access_token": TOKEN,
        "qualys_username": "quays_st1", "qualys_password": password,
    }  # fmt: skip
    assert password not in ended.stdout + ended.stderr
    assert "QUALYS_PASSWORD has a line break" in shell.run("secret", QUALYS_PASSWORD="a\nb").stderr


def test_a_hub_and_its_spokes_are_rolled_out_and_the_second_time_nothing_changes(shell: Shell) -> None:
    cloud = shell.cloud
    unit, member = unit_with_account(cloud)
    organization = cloud.boto("organizations").describe_organization()["Organization"]["Id"]
    given = {"ORG_UNIT_IDS": unit, "SPOKE_REGIONS": "us-east-1 eu-west-1"}
    hubs = {"EXTERNAL_ID": "0123456789abcdef", "ORGANIZATION_ID": organization}
    assert "make deploy-hub first" in shell.make("deploy-spoke-stackset", **given).stderr
    done = shell.make("deploy-hub", **hubs)
    assert done.returncode == 0, done.stderr
    hub = shell.outputs(f"{NAME}-hub")

    # What both have to agree on is the hub's; the hub's region makes the role.
    for differing, said in (
        ({"EXTERNAL_ID": "0123456789abcdefg"}, "another ExternalId"),
        ({"PARAMETERS": "SpokeRoleName=other"}, "another SpokeRoleName"),
        ({"SPOKE_REGIONS": "eu-west-1"}, "needs the hub's region us-east-1"),
    ):
        assert said in shell.make("deploy-spoke-stackset", **{**given, **differing}).stderr

    # An account in which the stack does not come up is named, and is no account given up.
    iam = cloud.boto("iam", keys=member)
    iam.create_role(RoleName="qualys-lambda-scanner-spoke", AssumeRolePolicyDocument="{}")
    done = shell.make("deploy-spoke-stackset", **given)
    assert done.returncode != 0 and member.account in done.stderr and "tries again" in done.stderr
    iam.delete_role(RoleName="qualys-lambda-scanner-spoke")
    done = shell.make("deploy-spoke-stackset", **given)
    assert done.returncode == 0, done.stderr

    for region in ("us-east-1", "eu-west-1"):
        events = cloud.boto("events", region, member)
        (rule,) = events.list_rules()["Rules"]
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == hub["EventBusArn"]
    (trust,) = iam.get_role(RoleName="qualys-lambda-scanner-spoke")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["ArnEquals"] == {"aws:PrincipalArn": hub["RoleArn"]}
    assert trust["Condition"]["StringEquals"] == {"sts:ExternalId": "0123456789abcdef"}

    cloud.clear_calls()
    assert shell.make("deploy-hub", **hubs).returncode == 0
    assert shell.make("deploy-spoke-stackset", **given).returncode == 0
    assert set(shell.changes()) == LOOKING_AGAIN | {"cloudformation:CreateStackInstances"}

    # What differs between a hub and a scanner of one account, code alone does not touch.
    shell.new_package()
    done = shell.make("update-function", STACK=f"{NAME}-hub")
    assert done.returncode == 0, done.stderr
    assert shell.outputs(f"{NAME}-hub") == hub

    # A spoke's function is the hub's to scan, and its row is that of the function, not of a version.
    arn = f"arn:aws:lambda:us-east-1:{member.account}:function:orders"
    cloud.boto("dynamodb").put_item(TableName=hub["ScanCacheTable"], Item={"function_arn": {"S": arn}})
    cloud.record_bodies()
    done = shell.make("rescan", STACK=f"{NAME}-hub", FUNCTION=f"{arn}:3")
    assert done.returncode == 0, done.stderr
    assert cloud.rows(hub["ScanCacheTable"]) == []
    (invoked,) = cloud.calls("lambda:Invoke")
    event = json.loads(base64.b64decode(invoked["body"]))
    assert (event["account"], event["detail"]["responseElements"]["functionArn"]) == (member.account, arn)


def test_a_scanner_is_rolled_out_to_every_account_and_then_just_what_changes(shell: Shell) -> None:
    unit, member = unit_with_account(shell.cloud)
    done = shell.make("deploy-stackset", ORG_UNIT_IDS=unit, PARAMETERS="LogLevel=debug EnableS3Results=false")
    assert done.returncode == 0, done.stderr
    function = only_function(shell, member)
    assert function["Role"].startswith(f"arn:aws:iam::{member.account}:role/")
    assert function["CodeSize"] > 0 and function["Layers"][0]["Arn"].split(":")[4] != member.account
    secret = shell.cloud.boto("secretsmanager").describe_secret(SecretId=NAME)
    assert function["Environment"]["Variables"]["QUALYS_SECRET_ARN"] == secret["ARN"]
    assert function["Environment"]["Variables"]["LOG_LEVEL"] == "debug"
    # AWS's own key would serve this account alone.
    key = shell.cloud.boto("kms").describe_key(KeyId=secret["KmsKeyId"])["KeyMetadata"]
    assert key["KeyManager"] == "CUSTOMER"
    assert_only_the_organization_may_read(shell, secret["KmsKeyId"])

    shell.cloud.clear_calls()
    done = shell.make("deploy-stackset", ORG_UNIT_IDS=unit)
    assert done.returncode == 0 and "no changes" in done.stderr, done.stderr
    assert set(shell.changes()) == {"s3:PutPublicAccessBlock", "cloudformation:CreateStackInstances"}

    before = parameters_of_stackset(shell)
    refused = shell.make("deploy-stackset", ORG_UNIT_IDS=unit, PARAMETERS="EnableWasExport=true")
    assert "set EnableS3Results to true" in refused.stderr and parameters_of_stackset(shell) == before
    assert shell.make("deploy-stackset", ORG_UNIT_IDS=unit, PARAMETERS="ScannerMemorySize=3008").returncode == 0
    assert parameters_of_stackset(shell) == before | {"ScannerMemorySize": "3008"}
    assert only_function(shell, member)["MemorySize"] == 3008


def assert_only_the_organization_may_read(shell: Shell, key: str) -> None:
    cloud = shell.cloud
    organization = cloud.boto("organizations").describe_organization()["Organization"]["Id"]
    bucket = f"{NAME}-artifacts-{cloud.root.account}-us-east-1"
    policies = [
        cloud.boto("s3").get_bucket_policy(Bucket=bucket)["Policy"],
        cloud.boto("secretsmanager").get_resource_policy(SecretId=NAME)["ResourcePolicy"],
        cloud.boto("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"],
    ]
    opened = [
        statement
        for policy in policies
        for statement in json.loads(policy)["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == "*"
    ]
    assert [item["Action"] for item in opened] == ["s3:GetObject", "secretsmanager:GetSecretValue", "kms:Decrypt"]
    assert opened[0]["Resource"] == f"arn:aws:s3:::{bucket}/code/*"
    for item in opened:
        assert item["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == organization
    assert all("*" not in str(statement["Action"]) for policy in policies for statement in json.loads(policy)["Statement"] if statement["Effect"] == "Allow")  # fmt: skip


def test_new_code_changes_the_code_alone(shell: Shell) -> None:
    assert "make deploy first" in shell.make("update-function").stderr
    assert shell.run("account", PARAMETERS="LogLevel=debug").returncode == 0
    before = only_function(shell)
    shell.new_package()
    # A checkout has moved on since.
    template = shell.folder / "cloudformation" / "single-account-native.yaml"
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 2", "MaximumRetryAttempts: 1").replace("Default: 2048", "Default: 4096"))  # fmt: skip
    assert "changes the code alone" in shell.make("update-function", PARAMETERS="LogLevel=info").stderr
    done = shell.make("update-function", ARTIFACT_BUCKET="another-bucket")
    assert done.returncode == 0, done.stderr
    after = only_function(shell)
    changed = {name for name in before if before[name] != after[name]} - {"LastModified", "RevisionId"}
    assert changed == {"CodeSha256", "CodeSize"}
    stack = shell.cloud.boto("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    assert {"ParameterKey": "CodeS3Bucket", "ParameterValue": "another-bucket"} in stack["Parameters"]
    assert "MaximumRetryAttempts: 2" in str(shell.cloud.boto("cloudformation").get_template(StackName=NAME)["TemplateBody"])  # fmt: skip
    # And back to the stack's own bucket, where nothing is new.
    shell.cloud.clear_calls()
    assert "has this code already" in shell.make("update-function").stderr
    assert shell.changes() == ["s3:PutPublicAccessBlock"]
    shell.pack("bootstrap", "bootstrap", program_for(183))
    assert "is for arm64, the function" in shell.make("update-function").stderr


def test_new_code_is_no_version_of_the_code_before(shell: Shell) -> None:
    assert shell.run("account").returncode == 0
    cloudformation, s3 = shell.cloud.boto("cloudformation"), shell.cloud.boto("s3")
    before = parameters_of_stack(shell)
    place = {"Bucket": before["CodeS3Bucket"], "Key": before["CodeS3Key"]}
    s3.put_bucket_versioning(Bucket=place["Bucket"], VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(**place, Body=s3.get_object(**place)["Body"].read())["VersionId"]
    given = [{"ParameterKey": name, "UsePreviousValue": True} for name in before if name != "CodeS3ObjectVersion"]
    given.append({"ParameterKey": "CodeS3ObjectVersion", "ParameterValue": version})
    cloudformation.update_stack(
        StackName=NAME, UsePreviousTemplate=True, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert parameters_of_stack(shell)["CodeS3ObjectVersion"] == version
    shell.new_package()
    done = shell.make("update-function")
    assert done.returncode == 0, done.stderr
    after = parameters_of_stack(shell)
    assert after["CodeS3ObjectVersion"] == "" and after["CodeS3Key"] != before["CodeS3Key"]


def parameters_of_stack(shell: Shell) -> dict[str, str]:
    stack = shell.cloud.boto("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def test_the_secret_alone_is_made_for_terraform(shell: Shell) -> None:
    done = shell.make("secret")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == shell.cloud.boto("secretsmanager").describe_secret(SecretId=NAME)["ARN"]
    shell.cloud.clear_calls()
    assert shell.make("secret").stdout == done.stdout
    assert shell.changes() == []


def only_function(shell: Shell, keys: Keys | None = None) -> dict[str, Any]:
    (function,) = shell.cloud.boto("lambda", keys=keys).list_functions()["Functions"]
    return dict(function)


def parameters_of_stackset(shell: Shell) -> dict[str, str]:
    given = shell.cloud.boto("cloudformation").describe_stack_set(StackSetName=NAME)["StackSet"]["Parameters"]
    return {item["ParameterKey"]: item["ParameterValue"] for item in given}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One stack for the tests from here on, of which the last removes it."""
    with LocalCloud.start() as cloud:
        shell = Shell(cloud, tmp_path_factory.mktemp("deployed") / "checkout")
        assert "make deploy first" in shell.make("logs").stderr
        done = shell.run("account", PARAMETERS="'WasExportSchedule=rate(2 days)' EnableWasExport=true ExcludeFunctions=*,a")
        assert done.returncode == 0, done.stderr
        yield shell


def test_a_parameter_with_a_space_stands_in_quotes(deployed: Shell) -> None:
    rules = deployed.cloud.boto("events").list_rules()["Rules"]
    (enabled,) = (rule for rule in rules if rule.get("ScheduleExpression") and rule["State"] == "ENABLED")
    assert enabled["ScheduleExpression"] == "rate(2 days)"


def test_a_rescan_forgets_the_function_and_sends_its_event(deployed: Shell) -> None:
    cloud = deployed.cloud
    assert "FUNCTION is not set" in deployed.make("rescan").stderr
    assert "there is no function nobody" in deployed.make("rescan", FUNCTION="nobody").stderr
    arn = cloud.create_function("orders")
    stranger = arn.replace(arn.split(":")[4], SPOKE)
    assert f"is another account's, and {NAME} no hub" in deployed.make("rescan", FUNCTION=stranger).stderr
    elsewhere = arn.replace(arn.split(":")[3], "ap-south-1")
    assert "the function is in ap-south-1" in deployed.make("rescan", FUNCTION=elsewhere).stderr
    table = deployed.outputs(NAME)["ScanCacheTable"]
    for name in (arn, f"{arn}-other"):
        cloud.boto("dynamodb").put_item(TableName=table, Item={"function_arn": {"S": name}})
    cloud.clear_calls()
    done = deployed.make("rescan", FUNCTION=f"{arn}:7")
    assert done.returncode == 0, done.stderr
    assert [row["function_arn"]["S"] for row in cloud.rows(table)] == [f"{arn}-other"]
    (invoked,) = cloud.calls("lambda:Invoke")
    assert invoked["resource"] == deployed.outputs(NAME)["FunctionName"]


def test_the_log_is_followed(deployed: Shell) -> None:
    logs, group = deployed.cloud.boto("logs"), deployed.outputs(NAME)["LogGroup"]
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=[{"timestamp": now, "message": "scanned"}])
    following = deployed.start("logs")
    try:
        assert following.stdout is not None and following.stdout.readline() == "scanned\n"
    finally:
        following.terminate()
        following.communicate()


def test_a_stack_is_removed_by_its_name_alone_and_its_data_stay(deployed: Shell) -> None:
    outputs = deployed.outputs(NAME)
    deployed.cloud.clear_calls()
    assert f"CONFIRM={NAME}" in deployed.run("delete").stderr
    assert deployed.changes() == []
    assert deployed.make("delete", CONFIRM=NAME).returncode == 0
    names = {item["FunctionName"] for item in deployed.cloud.boto("lambda").list_functions()["Functions"]}
    assert outputs["FunctionName"] not in names
    assert deployed.cloud.objects(outputs["ResultsBucket"]) == {}
    assert deployed.cloud.boto("secretsmanager").describe_secret(SecretId=NAME)
    assert f"the stack {NAME} is not here" in deployed.make("delete", CONFIRM=NAME).stderr
