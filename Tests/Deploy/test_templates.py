"""What every template must hold, read from the templates themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from templates import NAMES, SCANNERS, Template, as_list, statements, walk

EVENT_NAMES = {
    "CreateFunction20150331", "UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2",
}  # fmt: skip
JOBS = {
    "WasExport": "was-export", "WasSnapshot": "was-snapshot",
    "HostDetections": "host-detections", "CarImport": "car-import",
}  # fmt: skip


@pytest.fixture(params=NAMES)
def template(request: pytest.FixtureRequest) -> Template:
    return Template.read(request.param)


@pytest.fixture(params=SCANNERS)
def scanner(request: pytest.FixtureRequest) -> Template:
    return Template.read(request.param)


def test_permissions_name_their_actions(template: Template) -> None:
    for statement in statements(template.resources):
        assert "NotAction" not in statement and "NotResource" not in statement
        if statement["Effect"] == "Allow":
            assert not [action for action in as_list(statement["Action"]) if "*" in action]


def test_permissions_name_their_resources(template: Template) -> None:
    """A bare star stands only where the action knows no resource, or where a key's policy speaks of the key itself."""
    for name, resource in template.resources.items():
        for statement in statements(resource):
            if as_list(statement.get("Resource", [])) == ["*"]:
                action = statement["Action"]
                assert resource["Type"] == "AWS::KMS::Key" or action == "ecr:GetAuthorizationToken", name


def test_no_role_has_a_policy_that_somebody_else_writes(template: Template) -> None:
    for role in template.of_type("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
        assert role["PermissionsBoundary"]["Fn::If"][0] == "HasPermissionsBoundary"


def test_every_partition_is_meant(template: Template) -> None:
    assert "arn:aws:" not in template.text
    for text in (item for item in walk(template.resources) if isinstance(item, str)):
        assert "amazonaws.com" not in text or text.endswith(".amazonaws.com"), text


def test_there_is_room_for_the_template_in_one_call(template: Template) -> None:
    """CloudFormation takes at most 51200 bytes without a bucket."""
    assert len(template.text.encode()) <= 51200


def test_no_parameter_takes_a_secret(template: Template) -> None:
    words = ("Token", "Password", "Key")
    named = [name for name in template.parameters if name.endswith(words) and name != "CodeS3Key"]
    assert named == []
    assert "resolve:" not in template.text


def test_parameters_say_what_to_type(template: Template) -> None:
    interface = template.body["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template.parameters) == sorted(interface["ParameterLabels"])
    for name, rule in template.parameters.items():
        assert rule["Description"].startswith("(Optional)") == (rule.get("Default") == ""), name
        bounded = {"AllowedPattern", "AllowedValues", "MinValue", "MinLength"} & set(rule)
        assert bool(bounded) == ("ConstraintDescription" in rule), name
        assert bounded or rule.get("MaxLength"), name


def test_the_same_name_is_the_same_thing_everywhere() -> None:
    """CloudFormation has no include: what stands in several templates must stay equal."""
    differing = {
        # The hub has a role more to take, a name that spokes trust, and two settings for it.
        ("centralized-hub", "Scanner"), ("centralized-hub", "ScannerRole"),
        # Other rules send to the queue.
        ("centralized-hub", "DeadLettersPolicy"), ("centralized-spoke", "DeadLettersPolicy"),
        # The spoke's rule has the hub's bus as its target.
        ("centralized-spoke", "FunctionChanges"),
    }  # fmt: skip
    first = Template.read("single-account-native")
    for other in (Template.read(name) for name in NAMES[1:]):
        for section in ("Parameters", "Resources", "Conditions"):
            common = set(first.body[section]) & set(other.body[section])
            unequal = {
                (other.name, name)
                for name in common
                if first.body[section][name] != other.body[section][name]
            }
            expected = {pair for pair in differing if pair[0] == other.name and section == "Resources"}
            assert unequal == expected, section
    patterns = [
        Template.read(name).of_type("AWS::Events::Rule")[rule]["EventPattern"]
        for name in NAMES
        for rule in ("FunctionChanges", "SpokeChanges")
        if rule in Template.read(name).resources
    ]
    assert all(pattern == patterns[0] for pattern in patterns) and len(patterns) == 5
    hub, spoke = Template.read("centralized-hub"), Template.read("centralized-spoke")
    for name in ("ExternalId", "SpokeRoleName"):
        assert hub.parameters[name] == spoke.parameters[name]


def test_the_stackset_is_the_scanner_of_one_account() -> None:
    one, every = Template.read("single-account-native").body, Template.read("stackset").body
    assert {**one, "Description": ""} == {**every, "Description": ""}


def test_the_hub_is_the_scanner_of_one_account_and_more() -> None:
    one, hub = Template.read("single-account-native"), Template.read("centralized-hub")
    assert set(one.parameters) < set(hub.parameters) and set(one.resources) < set(hub.resources)
    function, base = (item.resources["Scanner"]["Properties"] for item in (hub, one))
    added = {"CROSS_ACCOUNT_ROLE_NAME": {"Ref": "SpokeRoleName"}, "SCANNER_EXTERNAL_ID": {"Ref": "ExternalId"}}  # fmt: skip
    variables = {**base["Environment"]["Variables"], **added}
    assert function == {**base, "Environment": {"Variables": variables}}
    role, base = (item.resources["ScannerRole"]["Properties"] for item in (hub, one))
    allowed, allowed_base = (item["Policies"][0]["PolicyDocument"]["Statement"] for item in (role, base))
    assert [item for item in allowed if item not in allowed_base] == [
        item for item in allowed if "sts:AssumeRole" in json.dumps(item)
    ]


def test_rules_wait_for_the_three_events_and_have_dead_letters(template: Template) -> None:
    for name, rule in template.of_type("AWS::Events::Rule").items():
        (target,) = rule["Targets"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
        if "EventPattern" in rule:
            detail = rule["EventPattern"]["detail"]
            assert set(detail["eventName"]) == EVENT_NAMES
            assert detail["eventSource"] == ["lambda.amazonaws.com"]
        # A queue takes from the rules that it names, and from no other.
        (sends,) = (item for item in statements(template.resources["DeadLettersPolicy"]) if item["Effect"] == "Allow")  # fmt: skip
        assert {"Fn::GetAtt": [name, "Arn"]} in as_list(sends["Condition"]["ArnEquals"]["aws:SourceArn"])


def test_the_function_retries_and_has_dead_letters(scanner: Template) -> None:
    function = scanner.resources["Scanner"]["Properties"]
    assert function["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    (retries,) = scanner.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert retries["MaximumRetryAttempts"] == 2
    for name, rule in scanner.of_type("AWS::Events::Rule").items():
        permission = scanner.resources[f"{name}MayInvoke"]["Properties"]
        assert permission["SourceArn"] == {"Fn::GetAtt": [name, "Arn"]}


def test_jobs_have_a_switch_that_is_off(scanner: Template) -> None:
    for name, job in JOBS.items():
        rule = scanner.resources[name]["Properties"]
        assert rule["ScheduleExpression"] == {"Ref": f"{name}Schedule"}
        assert rule["State"] == {"Fn::If": [f"Runs{name}", "ENABLED", "DISABLED"]}
        assert scanner.body["Conditions"][f"Runs{name}"] == {"Fn::Equals": [{"Ref": f"Enable{name}"}, "true"]}  # fmt: skip
        assert scanner.parameters[f"Enable{name}"]["Default"] == "false"
        assert json.loads(rule["Targets"][0]["Input"]) == {"job": job}


def test_data_is_encrypted_closed_and_kept(template: Template) -> None:
    for name, resource in template.resources.items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::S3::Bucket":
                assert _kept(resource)
                assert "AES256" in json.dumps(properties["BucketEncryption"])
                assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
                assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
                assert len(properties["PublicAccessBlockConfiguration"]) == 4
                rules = properties["LifecycleConfiguration"]["Rules"]
                assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)
                assert _only_over_tls(template.resources[f"{name}Policy"], "s3:*")
            case "AWS::DynamoDB::Table":
                assert _kept(resource)
                assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
                assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
                assert properties["SSESpecification"]["SSEEnabled"]
            case "AWS::SQS::Queue":
                assert properties["SqsManagedSseEnabled"]
                assert _only_over_tls(template.resources[f"{name}Policy"], "sqs:*")
            case "AWS::SNS::Topic":
                assert properties["KmsMasterKeyId"]
            case "AWS::Logs::LogGroup":
                assert properties["RetentionInDays"] == 30


def _kept(resource: dict[str, Any]) -> bool:
    """But for what a creation that failed has made: nothing is in it."""
    return (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def _only_over_tls(policy: dict[str, Any], action: str) -> bool:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return any(
        (item["Effect"], item["Action"], item.get("Condition")) == ("Deny", action, condition)
        for item in statements(policy)
    )


def test_alarms_can_fire_and_reach_somebody(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    for name, alarm in alarms.items():
        # No data means no trouble, but for the alarm that watches for silence.
        expected = "breaching" if name == "NoScansAlarm" else "notBreaching"
        assert alarm["TreatMissingData"] == expected
        assert alarm["AlarmActions"]["Fn::If"][:2] == ["HasAlarmEmail", [{"Ref": "AlarmTopic"}]]
    # CloudWatch may not use AWS's own key for SNS: an alarm would be lost on its way.
    assert template.of_type("AWS::SNS::Topic")["AlarmTopic"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmKey", "Arn"]}  # fmt: skip
    assert "DeadLettersAlarm" in alarms


def test_metrics_of_alarms_and_dashboard_are_those_of_the_program(scanner: Template) -> None:
    own = {"ScanSuccess", "ScanPartial", "ScanFailure", "ScanDuration", "CacheHit", "Vulnerabilities"}
    named = {
        item["MetricName"]
        for item in walk(scanner.of_type("AWS::CloudWatch::Alarm"))
        if isinstance(item, dict) and item.get("Namespace") == "QualysLambdaScanner"
    }
    assert {"ScanSuccess", "ScanPartial", "CacheHit"} <= named <= own
    (dashboard,) = scanner.of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert {metric[1] for metric in shown if metric[0] == "QualysLambdaScanner"} == own
    severities = [metric[3] for metric in shown if metric[1] == "Vulnerabilities"]
    assert severities == ["critical", "high", "medium", "low", "info"]


def test_the_spokes_role_trusts_the_hubs_scanner_alone() -> None:
    spoke = Template.read("centralized-spoke")
    role = spoke.resources["SpokeRole"]["Properties"]
    assert role["RoleName"] == {"Ref": "SpokeRoleName"}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    # Not named as a principal: IAM would keep the role's unique id, and a hub made anew would be a stranger.
    assert "HubScannerRoleArn" not in json.dumps(trust["Principal"]["AWS"]["Fn::Sub"][0])
    assert trust["Principal"]["AWS"]["Fn::Sub"][0].endswith(":root")
    assert trust["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": {"Ref": "HubScannerRoleArn"}},
        "StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}},
    }


def test_the_hubs_bus_is_open_to_the_named_alone() -> None:
    policies = Template.read("centralized-hub").of_type("AWS::Events::EventBusPolicy")
    organization, accounts = (policies[name]["Statement"] for name in ("OrganizationMaySend", "AccountsMaySend"))  # fmt: skip
    assert organization["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == {"Ref": "OrganizationId"}
    assert accounts["Principal"] == {"AWS": {"Ref": "SpokeAccountIds"}}


def test_a_stackset_can_roll_out_what_it_has_to() -> None:
    """Service-managed StackSets know no nested stacks, macros or transforms, and every account has other names."""
    for name in ("stackset", "centralized-spoke"):
        template = Template.read(name)
        assert "Transform" not in template.body
        assert "AWS::CloudFormation::Stack" not in {item["Type"] for item in template.resources.values()}
        assert "Fn::ImportValue" not in json.dumps(template.body)
        for bucket in template.of_type("AWS::S3::Bucket").values():
            assert "BucketName" not in bucket
