"""One hub by Terraform and one by CloudFormation, with everything turned on, compared through the APIs of the services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.client import LocalCloud
from stacks import EXTERNAL_ID, SPOKE, Deployment, Stack, deployed, scanner_parameters
from templates import Template, as_list, statements
from terraform import Applied, Terraform, snake

ORGANIZATION = "o-a1b2c3d4e5"
GIVEN = {
    "SpokeAccountIds": SPOKE,
    "OrganizationId": ORGANIZATION,
    "ExternalId": EXTERNAL_ID,
    "ExcludeFunctions": "internal-*,orders",
    "AlarmEmail": "security@example.com",
    "CreateCloudTrail": "true",
    "EnableWasExport": "true",
    "EnableWasSnapshot": "true",
    "EnableHostDetections": "true",
    "EnableCarImport": "true",
    "PermissionsBoundaryArn": "arn:aws:iam::012345678912:policy/boundary",
    "QualysApiUrl": "https://qualysapi.example.com",
    "QualysGatewayUrl": "https://gateway.example.com",
    "MaxWorkers": "8",
    "CarImportSchedule": "cron(0 3 * * ? *)",
    "ReservedConcurrency": "5",
    "ScannerTimeout": "600",
    "LogLevel": "debug",
    "Architecture": "arm64",
}
ROOT = """
variable "all" {{
  type = any
}}

module "scanner" {{
  source = "../modules/scanner-native"

{arguments}
}}

{outputs}
"""


def hub_of_terraform(cloud: LocalCloud, terraform: Terraform) -> Applied:
    """The module alone in a root of its own; not applied yet."""
    template = Template.read("centralized-hub")
    parameters = scanner_parameters(cloud, **GIVEN)
    lists = {name for name, rule in template.parameters.items() if rule["Type"] == "CommaDelimitedList"}
    given = {snake(name): value.split(",") if name in lists else value for name, value in parameters.items()}
    # Found nowhere else: names are replaced by what they name.
    given["name"] = "by-terraform"
    folder = terraform.root / "terraform" / "all"
    folder.mkdir()
    arguments = "\n".join(f"  {name} = var.all.{name}" for name in given)
    outputs = "\n".join(
        f'output "{snake(name)}" {{\n  value = module.scanner.{snake(name)}\n}}'
        for name in template.body["Outputs"]
    )
    (folder / "main.tf").write_text(ROOT.format(arguments=arguments, outputs=outputs))
    return Applied(cloud, terraform.folder("all"), {"all": given})


def same_hub(applied: Applied, cloud: LocalCloud) -> None:
    stack = deployed(cloud, "centralized-hub", **GIVEN)
    assert set(applied.outputs) == set(stack.outputs)
    for view in (rules, function, role, table, queue, topic, dashboard):
        assert _named(applied, view) == _named(stack, view), view.__name__
    assert alarms_of(applied) == alarms_in(stack)
    assert upkeep_of(applied) == upkeep_in(stack)
    assert buckets_of(applied) == buckets_in(stack)
    assert policies_of(applied) == policies_in(stack)


def _named(deployment: Deployment, view: Callable[[Deployment], Any]) -> Any:
    """A view with the names that differ, longest first, replaced by what they name."""
    text = json.dumps(view(deployment), sort_keys=True, default=str)
    names = {value: name for name, value in deployment.outputs.items()}
    names[names_of(deployment, "EventBusArn")] = "EventBus"
    names[deployment.function["Environment"]["Variables"]["QUALYS_SECRET_ARN"]] = "Secret"
    names.pop("scanner", None)
    names[names_of(deployment, "DeadLetterQueueUrl")] = "DeadLetters"
    names[names_of(deployment, "NotificationsTopicArn")] = "Notifications"
    for value in sorted(names, key=len, reverse=True):
        text = text.replace(value, f"<{names[value]}>")
    return json.loads(text)


def names_of(deployment: Deployment, output: str) -> str:
    return re.split("[/:]", deployment.outputs[output])[-1]


def rules(deployment: Deployment) -> Any:
    """Rules and targets of both buses, by what they say of themselves."""
    events = deployment.boto("events")
    found = {}
    for bus in ("default", deployment.outputs["EventBusArn"].rpartition("/")[2]):
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            (target,) = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            assert target.pop("Id") == "scanner"
            members = ("Description", "EventPattern", "ScheduleExpression", "State", "EventBusName")
            item = {name: rule.get(name) for name in members}
            item["EventPattern"] = json.loads(item["EventPattern"] or "null")
            if item["EventPattern"]:
                item["EventPattern"]["detail"].setdefault("requestParameters", None)
            found[rule["Description"]] = [item, target]
    return found


def function(deployment: Deployment) -> Any:
    names = (
        "Description", "Runtime", "Handler", "Architectures", "MemorySize", "Timeout", "EphemeralStorage",
        "DeadLetterConfig", "LoggingConfig", "Layers", "Environment", "Role",
    )  # fmt: skip
    found = {name: deployment.function.get(name) for name in names}
    found["Environment"] = {name: str(value) for name, value in found["Environment"]["Variables"].items()}
    # CloudFormation leaves Lambda's default unsaid.
    found["LoggingConfig"]["LogFormat"] = "Text"
    found["Layers"] = [layer["Arn"] for layer in found["Layers"]]
    lambda_, name = deployment.boto("lambda"), deployment.outputs["FunctionName"]
    statements = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])["Statement"]
    (group,) = deployment.boto("logs").describe_log_groups()["logGroups"]
    return [found, len(statements), {item["Action"] for item in statements} == {"lambda:InvokeFunction"}, group["retentionInDays"]]  # fmt: skip


def role(deployment: Deployment) -> Any:
    name = deployment.outputs["RoleArn"].rpartition("/")[2]
    given = deployment.boto("iam").get_role(RoleName=name)["Role"]
    statements = {item["Sid"]: item for item in deployment.policies(deployment.outputs["RoleArn"])}
    # moto's log groups have their ARN without the star at its end.
    log = statements["WriteLog"]
    log["Resource"] = log["Resource"].removesuffix(":*")
    boundary = given.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return [given["AssumeRolePolicyDocument"]["Statement"], given["Description"], boundary, statements]


def table(deployment: Deployment) -> Any:
    """But for what moto leaves out of a stack's."""
    dynamodb, name = deployment.boto("dynamodb"), deployment.outputs["ScanCacheTable"]
    described = dynamodb.describe_table(TableName=name)["Table"]
    return [
        [described[member] for member in ("AttributeDefinitions", "KeySchema")],
        described["BillingModeSummary"]["BillingMode"],
    ]


def upkeep_of(applied: Applied) -> Any:
    dynamodb, name = applied.boto("dynamodb"), applied.outputs["ScanCacheTable"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return [
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"],
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED",
        dynamodb.describe_table(TableName=name)["Table"]["SSEDescription"]["Status"] == "ENABLED",
    ]


def upkeep_in(stack: Stack) -> Any:
    (table,) = stack.template.of_type("AWS::DynamoDB::Table").values()
    return [
        table["TimeToLiveSpecification"]["AttributeName"],
        table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        table["SSESpecification"]["SSEEnabled"],
    ]


def buckets_of(applied: Applied) -> Any:
    """What becomes of objects, and how the buckets are closed; results first."""
    s3, found = applied.boto("s3"), []
    for name in sorted(item["Name"] for item in s3.list_buckets()["Buckets"] if item["Name"].startswith("by-terraform-")):  # fmt: skip
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        found.append([
            _lifecycle(s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]),
            s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
            s3.get_bucket_versioning(Bucket=name)["Status"],
            rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
            s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        ])  # fmt: skip
    return found


def buckets_in(stack: Stack) -> Any:
    """From the template: moto makes a stack's buckets without most of this."""
    buckets = stack.template.of_type("AWS::S3::Bucket")
    return [
        [
            _lifecycle(buckets[name]["LifecycleConfiguration"]["Rules"]),
            buckets[name]["PublicAccessBlockConfiguration"],
            buckets[name]["VersioningConfiguration"]["Status"],
            buckets[name]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
            buckets[name]["OwnershipControls"] | {"Rules": buckets[name]["OwnershipControls"]["Rules"]},
        ]
        for name in ("Results", "TrailBucket")
    ]  # fmt: skip


def _lifecycle(rules: list[dict[str, Any]]) -> Any:
    """What is done after how many days to which objects; one rule or three make no difference."""
    found = set()
    for rule in rules:
        prefix = rule.get("Prefix") or rule.get("Filter", {}).get("Prefix", "")
        days = {
            "expires": rule.get("ExpirationInDays") or rule.get("Expiration", {}).get("Days"),
            "forgets versions": rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            "ends uploads": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        }
        found |= {(prefix, action, number) for action, number in days.items() if number}
    return found


def policies_of(applied: Applied) -> Any:
    """What the policies of queue, bus and buckets allow and deny to whom: statement by statement."""
    s3, sqs, outputs = applied.boto("s3"), applied.boto("sqs"), applied.outputs
    bus = applied.boto("events").describe_event_bus(Name=names_of(applied, "EventBusArn"))
    queue = sqs.get_queue_attributes(QueueUrl=outputs["DeadLetterQueueUrl"], AttributeNames=["Policy"])
    texts = [bus["Policy"], queue["Attributes"]["Policy"]] + [
        s3.get_bucket_policy(Bucket=item["Name"])["Policy"]
        for item in s3.list_buckets()["Buckets"]
        if item["Name"].startswith("by-terraform-")
    ]
    return _statements(statement for text in texts for statement in json.loads(text)["Statement"])


def policies_in(stack: Stack) -> Any:
    kinds = ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::Events::EventBusPolicy")
    return _statements(
        statement
        for kind in kinds
        for name, resource in stack.template.of_type(kind).items()
        # A policy of a bus has its statement's name beside it.
        for statement in (item | {"Sid": item.get("Sid", name)} for item in statements(resource))
    )


def _statements(found: Iterable[dict[str, Any]]) -> Any:
    """Names of things aside: those differ, or are functions in a template."""
    return sorted(
        [
            item["Sid"], item["Effect"], item["Action"],
            sorted(f"{operator} {key}" for operator, keys in item["Condition"].items() for key in keys),
            list(item["Principal"]) if isinstance(item["Principal"], dict) else item["Principal"],
            max(len(as_list(value)) for keys in item["Condition"].values() for value in keys.values()),
        ]
        for item in found
    )  # fmt: skip


def queue(deployment: Deployment) -> Any:
    sqs = deployment.boto("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=deployment.outputs["DeadLetterQueueUrl"], AttributeNames=["All"])["Attributes"]  # fmt: skip
    return [attributes["MessageRetentionPeriod"], attributes["SqsManagedSseEnabled"]]


def topic(deployment: Deployment) -> Any:
    sns = deployment.boto("sns")
    attributes = sns.get_topic_attributes(TopicArn=deployment.outputs["NotificationsTopicArn"])["Attributes"]
    subscribed = [item["Endpoint"] for item in sns.list_subscriptions()["Subscriptions"]]
    return [attributes["DisplayName"], attributes.get("KmsMasterKeyId"), subscribed]


def dashboard(deployment: Deployment) -> Any:
    name = deployment.outputs["DashboardName"]
    return json.loads(deployment.boto("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])


_ALARM = (
    "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold",
    "TreatMissingData",
)  # fmt: skip


def alarms_of(applied: Applied) -> Any:
    found = applied.boto("cloudwatch").describe_alarms()["MetricAlarms"]
    assert all(len(alarm["AlarmActions"]) == 1 for alarm in found)
    return {alarm["AlarmDescription"]: _alarm(alarm) for alarm in found}


def alarms_in(stack: Stack) -> Any:
    """From the template: moto makes no alarms of a stack."""
    found = stack.template.of_type("AWS::CloudWatch::Alarm").values()
    return {alarm["AlarmDescription"]: _alarm(alarm) for alarm in found}


def _alarm(alarm: dict[str, Any]) -> Any:
    metrics = {
        item["Id"]: [item.get("Expression"), item.get("ReturnData", True), _metric(item.get("MetricStat"))]
        for item in alarm.get("Metrics", [])
    }
    return [
        {name: alarm.get(name) for name in _ALARM},
        [item["Name"] for item in alarm.get("Dimensions", [])],
        metrics,
    ]


def _metric(stat: dict[str, Any] | None) -> Any:
    return stat and [stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], stat["Stat"], stat["Period"]]
