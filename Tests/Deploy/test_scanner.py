"""A stack of one account, from the CLI to the first scan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import NODE, PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from stacks import Stack, assert_complete, deployed


@pytest.fixture(params=["single-account-native", "stackset"])
def stack(cloud: LocalCloud, request: pytest.FixtureRequest) -> Stack:
    return deployed(cloud, request.param)


def test_a_change_is_scanned_with_the_settings_and_the_role_of_the_stack(
    stack: Stack, bootstrap: Path, tmp_path: Path
) -> None:
    cloud = stack.cloud
    topic = stack.outputs["NotificationsTopicArn"]
    queue = cloud.boto("sqs").create_queue(QueueName="seen")["QueueUrl"]
    cloud.boto("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:012345678912:seen"
    )
    arn = cloud.create_function("orders", PYTHON)
    with stack.scanner(bootstrap, tmp_path) as scanner:
        assert scanner.deliver(events.function_created("orders")).json["status"] == "scanned"
        assert scanner.deliver(events.code_updated("orders")).json["status"] == "cached"
        own = events.code_updated(stack.outputs["FunctionName"])
        assert scanner.deliver(own).json["status"] == "skipped"
    assert_complete(stack, arn)
    (message,) = cloud.boto("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(json.loads(message["Body"])["Message"])["function_arn"] == arn


def test_the_function_is_made_as_the_parameters_say(stack: Stack) -> None:
    function = stack.function
    assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
    assert (function["MemorySize"], function["Timeout"]) == (2048, 900)
    # moto gives a function of a stack its layers only when it is changed.
    stack.deploy(ScannerTimeout="600")
    assert stack.function["Layers"][0]["Arn"] == stack.parameters["QScannerLayerArn"]
    (group,) = stack.boto("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/scanner", 30)


def test_what_is_turned_off_is_neither_made_nor_set(
    cloud: LocalCloud, bootstrap: Path, tmp_path: Path
) -> None:
    names = ("EnableS3Results", "EnableSNSNotifications", "EnableScanCache", "EnableTagging")
    stack = deployed(cloud, "single-account-native", **dict.fromkeys(names, "false"))
    assert not {"Results", "Notifications", "ScanCache"} & set(stack.resources)
    settings = stack.function["Environment"]["Variables"]
    assert not {"RESULTS_S3_BUCKET", "SNS_TOPIC_ARN", "SCAN_CACHE_TABLE"} & set(settings)
    arn = cloud.create_function("orders", PYTHON)
    with stack.scanner(bootstrap, tmp_path) as scanner:
        assert scanner.deliver(events.code_updated("orders")).json["status"] == "scanned"
    assert cloud.boto("lambda").list_tags(Resource=arn)["Tags"] == {}


def test_deploying_again_changes_nothing_and_a_parameter_just_what_it_says(
    cloud: LocalCloud, bootstrap: Path, tmp_path: Path
) -> None:
    stack = deployed(cloud, "single-account-native")
    before = (stack.resources, stack.outputs, stack.function)
    assert "No changes to deploy" in stack.deploy()
    assert (stack.resources, stack.outputs, stack.function) == before

    stack.deploy(ScannerMemorySize="3008", LogLevel="debug")
    after = stack.function
    changed = {key for key in after if after[key] != before[2].get(key)} - {"LastModified", "RevisionId", "Layers"}  # fmt: skip
    assert changed == {"MemorySize", "Environment"}
    variables = [function["Environment"]["Variables"] for function in (before[2], after)]
    assert variables[1] == {**variables[0], "LOG_LEVEL": "debug"}
    assert (stack.resources, stack.outputs) == before[:2]

    arn = cloud.create_function("orders", NODE)
    with stack.scanner(bootstrap, tmp_path) as scanner:
        assert scanner.deliver(events.code_updated("orders")).json["status"] == "scanned"
    assert_complete(stack, arn)


def test_data_outlives_the_stack(cloud: LocalCloud) -> None:
    stack = deployed(cloud, "single-account-native")
    bucket, table = stack.outputs["ResultsBucket"], stack.outputs["ScanCacheTable"]
    function = stack.outputs["FunctionName"]
    cloud.boto("s3").put_object(Bucket=bucket, Key="scans/one.json", Body=b"{}")
    stack.delete()
    assert cloud.objects(bucket) == {"scans/one.json": b"{}"} and cloud.rows(table) == []
    assert function not in {item["FunctionName"] for item in cloud.boto("lambda").list_functions()["Functions"]}  # fmt: skip


def test_a_new_stack_of_the_same_name_stands_beside_the_data_of_the_old(cloud: LocalCloud) -> None:
    stack = deployed(cloud, "single-account-native")
    old = stack.outputs["ResultsBucket"]
    stack.delete()
    stack.deploy()
    assert stack.outputs["ResultsBucket"] != old
