"""A hub assumes roles in other accounts and acts there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from localcloud.client import LocalCloud
from localcloud.resources import Keys

SPOKE = "111122223333"


def refusal(call: object) -> str:
    with pytest.raises(ClientError) as refused:
        call()  # type: ignore[operator]
    return str(refused.value.response["Error"]["Code"])


def test_an_assumed_role_acts_in_its_own_account(cloud: LocalCloud) -> None:
    arn, spoke = cloud.create_spoke_role(SPOKE, "scanner", "secret-id")
    function = cloud.create_function("theirs", keys=spoke)
    keys = cloud.assume_role(arn, "secret-id")
    answer = cloud.boto("lambda", keys=keys).get_function(FunctionName=function)
    assert (
        answer["Configuration"]["FunctionArn"]
        == f"arn:aws:lambda:us-east-1:{SPOKE}:function:theirs"
    )
    assert cloud.calls("lambda:GetFunction")[0]["account"] == SPOKE


def test_the_hub_cannot_reach_a_foreign_function_by_itself(cloud: LocalCloud) -> None:
    spoke = cloud.add_credentials(SPOKE)
    function = cloud.create_function("theirs", keys=spoke)
    client = cloud.boto("lambda")
    assert refusal(lambda: client.get_function(FunctionName=function)) == "AccessDeniedException"
    assert (
        refusal(lambda: client.get_function(FunctionName="theirs")) == "ResourceNotFoundException"
    )


def test_a_function_of_another_region_is_not_reachable(cloud: LocalCloud) -> None:
    function = cloud.create_function("far", region="eu-west-1")
    client = cloud.boto("lambda")
    with pytest.raises(ClientError, match="not reachable in this region"):
        client.get_function(FunctionName=function)
    cloud.boto("lambda", "eu-west-1").get_function(FunctionName=function)


@pytest.mark.parametrize("given", [None, "wrong"])
def test_the_external_id_is_enforced(cloud: LocalCloud, given: str | None) -> None:
    arn, _ = cloud.create_spoke_role(SPOKE, "scanner", "secret-id")
    assert refusal(lambda: cloud.assume_role(arn, given)) == "AccessDenied"


def test_an_unknown_role_and_a_stranger_are_refused(cloud: LocalCloud) -> None:
    arn, _ = cloud.create_spoke_role(SPOKE, "scanner", trusted_account="999999999999")
    assert refusal(lambda: cloud.assume_role(arn)) == "AccessDenied"
    assert refusal(lambda: cloud.assume_role(f"arn:aws:iam::{SPOKE}:role/none")) == "AccessDenied"


def test_the_session_token_must_fit_and_be_fresh(cloud: LocalCloud) -> None:
    arn, _ = cloud.create_spoke_role(SPOKE, "scanner")
    keys = cloud.assume_role(arn)
    without = replace(keys, session_token=None)
    assert (
        refusal(cloud.boto("dynamodb", keys=without).list_tables) == "UnrecognizedClientException"
    )
    keys = cloud.assume_role(arn)
    cloud.boto("dynamodb", keys=keys).list_tables()
    cloud.expire(keys.access_key_id)
    assert refusal(cloud.boto("dynamodb", keys=keys).list_tables) == "ExpiredTokenException"
    assert refusal(cloud.boto("s3", keys=keys).list_buckets) == "ExpiredToken"
    assert refusal(cloud.boto("sns", keys=keys).list_topics) == "ExpiredToken"


def test_given_keys_can_have_a_token_and_run_out(cloud: LocalCloud) -> None:
    keys = cloud.add_credentials(SPOKE, session_token="token")
    cloud.boto("s3", keys=keys).list_buckets()
    keys = cloud.add_credentials(SPOKE, session_token="token", expires_in=-1)
    assert refusal(cloud.boto("s3", keys=keys).list_buckets) == "ExpiredToken"


def test_a_trust_that_names_a_role_means_that_role_alone(cloud: LocalCloud) -> None:
    named = "arn:aws:iam::012345678912:role/hub"
    arn, spoke = cloud.create_spoke_role(SPOKE, "scanner")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": named}}
    cloud.boto("iam", keys=spoke).update_assume_role_policy(
        RoleName="scanner", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )

    def take(keys: Keys | None) -> object:
        return cloud.boto("sts", keys=keys).assume_role(RoleArn=arn, RoleSessionName="test")

    take(cloud.role_keys(named))
    for other in (None, cloud.role_keys(named + "-other"), cloud.role_keys(named.replace("012", "999"))):
        assert refusal(lambda: take(other)) == "AccessDenied"
