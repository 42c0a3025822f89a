"""A hub scans the functions of other accounts as their role, and never shows its own keys."""

from __future__ import annotations

import pytest
from localcloud import events
from localcloud.resources import Keys

from lab import ACCOUNT, Lab

SPOKE = "111122223333"
ROLE = "qualys-scanner-spoke"
EXTERNAL_ID = "an-external-id-5c1"
EVENT = events.code_updated("orders", account=SPOKE)


@pytest.fixture
def spoke(lab: Lab) -> Keys:
    """An account with the role and a function."""
    _, keys = lab.cloud.create_spoke_role(SPOKE, ROLE, EXTERNAL_ID)
    lab.function(keys=keys)
    return keys


ARN = f"arn:aws:lambda:us-east-1:{SPOKE}:function:orders"
HUB = {"CROSS_ACCOUNT_ROLE_NAME": ROLE, "SCANNER_EXTERNAL_ID": EXTERNAL_ID}


def test_the_function_is_read_scanned_and_tagged_as_the_spokes_role(lab: Lab, spoke: Keys) -> None:
    own = lab.cloud.root
    with lab.sandbox(HUB) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
        by_action = {call["action"]: call for call in lab.cloud.calls()}
    lab.assert_complete(ARN, keys=spoke)

    env = lab.scanner.runs[0]["env"]
    assumed = env["AWS_ACCESS_KEY_ID"]
    assert assumed.startswith("ASIA") and env["AWS_SESSION_TOKEN"]
    assert own.access_key_id not in str(env) and own.secret_access_key not in str(env)
    for action in ("lambda:GetFunction", "lambda:TagResource"):
        assert (by_action[action]["access_key_id"], by_action[action]["account"]) == (
            assumed,
            SPOKE,
        )
    # What is ours is done as ourselves.
    for action in (
        "sts:AssumeRole", "secretsmanager:GetSecretValue", "s3:PutObject", "sns:Publish",
        "dynamodb:UpdateItem",
    ):  # fmt: skip
        assert by_action[action]["access_key_id"] == own.access_key_id
    (message,) = lab.messages()
    assert message["attributes"]["account_id"] == SPOKE
    assert all(key.startswith(f"scans/{SPOKE}/us-east-1/orders/") for key in lab.objects())


def test_the_role_is_assumed_once_for_many_scans(lab: Lab, spoke: Keys) -> None:
    with lab.sandbox(HUB) as sandbox:
        sandbox.deliver(EVENT)
        assert sandbox.deliver(EVENT).json["status"] == "cached"
    assert lab.actions().count("sts:AssumeRole") == 1


def test_role_credentials_that_are_refused_as_expired_are_fetched_anew(
    lab: Lab, spoke: Keys
) -> None:
    with lab.sandbox(HUB) as sandbox:
        sandbox.deliver(EVENT)
        first = lab.scanner.runs[0]["env"]["AWS_ACCESS_KEY_ID"]
        lab.cloud.expire(first)
        lab.cloud.update_function("orders", {"app.py": "2\n"}, keys=spoke)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    assert lab.scanner.runs[1]["env"]["AWS_ACCESS_KEY_ID"] != first
    assert lab.actions().count("sts:AssumeRole") == 2


@pytest.mark.parametrize("given", [None, "wrong-id"])
def test_a_wrong_external_id_is_an_error_that_names_the_role(
    lab: Lab, spoke: Keys, given: str | None
) -> None:
    with lab.sandbox(HUB, SCANNER_EXTERNAL_ID=given) as sandbox:
        outcome = sandbox.deliver(EVENT)
    assert (outcome.kind, outcome.error_type) == ("error", "Credentials.AssumeRole")
    assert f"arn:aws:iam::{SPOKE}:role/{ROLE}" in outcome.json["errorMessage"]
    assert lab.scanner.runs == [] and "lambda:GetFunction" not in lab.actions()


def test_a_foreign_function_without_a_role_is_an_error(lab: Lab, spoke: Keys) -> None:
    with lab.sandbox() as sandbox:
        outcome = sandbox.deliver(EVENT)
    assert (outcome.kind, outcome.error_type) == ("error", "Event.ForeignAccount")
    assert "CROSS_ACCOUNT_ROLE_NAME" in outcome.json["errorMessage"]
    assert lab.actions() == []


def test_a_function_of_our_own_account_needs_no_role(lab: Lab, spoke: Keys) -> None:
    arn = lab.function("ours")
    with lab.sandbox(HUB) as sandbox:
        assert sandbox.deliver(events.code_updated("ours")).json["status"] == "scanned"
    assert "sts:AssumeRole" not in lab.actions()
    lab.assert_complete(arn)


def test_functions_of_two_accounts_do_not_mix(lab: Lab, spoke: Keys) -> None:
    other = "444455556666"
    _, keys = lab.cloud.create_spoke_role(other, ROLE, EXTERNAL_ID)
    lab.function(keys=keys)
    with lab.sandbox(HUB) as sandbox:
        for account in (SPOKE, other):
            outcome = sandbox.deliver(events.code_updated("orders", account=account))
            assert outcome.json["status"] == "scanned"
    first, second = (run["env"]["AWS_ACCESS_KEY_ID"] for run in lab.scanner.runs)
    accounts = {call["access_key_id"]: call["account"] for call in lab.cloud.calls()}
    assert (accounts[first], accounts[second]) == (SPOKE, other)
    lab.assert_complete(ARN.replace(SPOKE, other), keys=keys)


def test_a_spokes_function_in_another_region_is_scanned_there(lab: Lab, spoke: Keys) -> None:
    arn = lab.function(keys=spoke, region="ap-southeast-2")
    with lab.sandbox(HUB) as sandbox:
        event = events.code_updated("orders", account=SPOKE, region="ap-southeast-2")
        assert sandbox.deliver(event).json["status"] == "scanned"
        regions = {call["action"]: call["region"] for call in lab.cloud.calls()}
    assert regions["lambda:GetFunction"] == regions["lambda:TagResource"] == "ap-southeast-2"
    assert regions["s3:PutObject"] == regions["dynamodb:UpdateItem"] == "us-east-1"
    lab.assert_complete(arn, keys=spoke)


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_other_partitions_are_addressed_by_their_own_names(
    lab: Lab, partition: str, region: str
) -> None:
    cloud = lab.cloud
    arn = f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:orders"
    assert lab.function(region=region) == arn
    cloud.create_bucket("results-there", region=region)
    cloud.create_table("cache-there", region=region)
    topic = cloud.create_topic_with_queue("topic-there", region=region)
    secret = cloud.create_secret(
        "qualys", {"qualys_pod": "US2", "qualys_access_token": "t"}, region=region
    )
    cloud.clear_calls()
    settings = {
        "RESULTS_S3_BUCKET": "results-there",
        "SCAN_CACHE_TABLE": "cache-there",
        "SNS_TOPIC_ARN": topic.arn,
        "QUALYS_SECRET_ARN": secret,
    }
    own = f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:scanner"
    event = events.code_updated("orders", region=region, partition=partition, null_response=True)
    with lab.sandbox(settings, region=region) as sandbox:
        outcome = sandbox.deliver(event, function_arn=own)
        assert outcome.json["status"] == "scanned", outcome.body
        assert outcome.json["function_arn"] == arn
    assert {call["region"] for call in cloud.calls()} == {region}
    assert lab.scanner.runs[0]["argv"][-1] == arn
    assert lab.tags(arn)["QualysScanStatus"] == "success"
    assert cloud.rows("cache-there", region)[0]["function_arn"] == {"S": arn}
    assert len(topic.drain()) == 1 and len(cloud.objects("results-there", region=region)) == 3


def test_a_role_in_another_partition_is_named_there(lab: Lab) -> None:
    event = events.code_updated("orders", account=SPOKE, region="cn-north-1", partition="aws-cn")
    with lab.sandbox(HUB) as sandbox:
        outcome = sandbox.deliver(event)
    assert outcome.error_type == "Credentials.AssumeRole"
    assert f"arn:aws-cn:iam::{SPOKE}:role/{ROLE}" in outcome.json["errorMessage"]
