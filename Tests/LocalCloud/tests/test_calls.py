"""The call log, and what moto has to get right for the product."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud.client import LocalCloud


def test_kinds_of_calls_outlive_the_log_until_they_are_asked_for(cloud: LocalCloud) -> None:
    cloud.create_bucket("things")
    cloud.take_kinds_of_calls()
    for name in ("scans/a/one", "scans/a/two"):
        cloud.boto("s3").put_object(Bucket="things", Key=name, Body=b"{}")
        cloud.clear_calls()
    assert cloud.take_kinds_of_calls() == [
        ["s3:PutObject", "things/scans/a", "us-east-1", "012345678912", "Boto3"]
    ]
    assert cloud.take_kinds_of_calls() == []


def test_calls_are_recorded_in_order_with_their_resource(cloud: LocalCloud) -> None:
    arn = cloud.create_function("app")
    cloud.create_bucket("things")
    cloud.create_table("cache")
    secret = cloud.create_secret("token", {"qualys_pod": "US1"})
    topic = cloud.create_topic_with_queue("news")
    role, _ = cloud.create_spoke_role("111122223333", "scanner")
    cloud.clear_calls()
    cloud.boto("secretsmanager").get_secret_value(SecretId=secret)
    cloud.boto("lambda").get_function(FunctionName=arn)
    cloud.boto("s3").put_object(Bucket="things", Key="scans/a b.json", Body=b"{}")
    cloud.boto("sns").publish(TopicArn=topic.arn, Message="hello")
    cloud.boto("lambda").tag_resource(Resource=arn, Tags={"a": "b"})
    cloud.boto("dynamodb").delete_item(TableName="cache", Key={"function_arn": {"S": "x"}})
    cloud.assume_role(role)
    assert [(call["action"], call["resource"], call["status"]) for call in cloud.calls()] == [
        ("secretsmanager:GetSecretValue", secret, 200),
        ("lambda:GetFunction", arn, 200),
        ("s3:PutObject", "things/scans/a b.json", 200),
        ("sns:Publish", topic.arn, 200),
        ("lambda:TagResource", arn, 204),
        ("dynamodb:DeleteItem", "cache", 200),
        ("sts:AssumeRole", role, 200),
    ]
    first = cloud.calls()[0]
    assert (first["account"], first["region"]) == ("012345678912", "us-east-1")
    assert first["access_key_id"] == cloud.root.access_key_id and first["body"] is None


def test_multipart_uploads_are_told_apart(cloud: LocalCloud) -> None:
    cloud.create_bucket("things")
    s3 = cloud.boto("s3")
    cloud.clear_calls()
    place = {"Bucket": "things", "Key": "big"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(
            **place, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in ((1, b"x" * 5_242_880), (2, b"y"))
    ]  # fmt: skip
    s3.list_parts(**place, UploadId=upload)
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    aborted = s3.create_multipart_upload(**place)["UploadId"]
    s3.abort_multipart_upload(**place, UploadId=aborted)
    s3.list_objects_v2(Bucket="things")
    s3.copy_object(Bucket="things", Key="copy", CopySource="things/big")
    assert [action.removeprefix("s3:") for action in cloud.actions()] == [
        "CreateMultipartUpload", "UploadPart", "UploadPart", "ListParts",
        "CompleteMultipartUpload", "CreateMultipartUpload", "AbortMultipartUpload",
        "ListObjectsV2", "CopyObject",
    ]  # fmt: skip


def test_bodies_are_kept_only_on_request(cloud: LocalCloud) -> None:
    cloud.record_bodies()
    cloud.boto("sts").get_caller_identity()
    cloud.record_bodies(False)
    body = base64.b64decode(cloud.calls()[0]["body"])
    assert b"Action=GetCallerIdentity" in body


def test_a_topic_shows_what_subscribers_get(cloud: LocalCloud) -> None:
    topic = cloud.create_topic_with_queue("news")
    attribute = {"scan_status": {"DataType": "String", "StringValue": "success"}}
    cloud.boto("sns").publish(TopicArn=topic.arn, Message='{"a": 1}', MessageAttributes=attribute)
    (message,) = topic.drain()
    assert message["json"] == {"a": 1} and message["attributes"] == {"scan_status": "success"}
    assert topic.drain() == []


CLAIM = (
    "attribute_not_exists(function_arn) OR ((attribute_not_exists(claim_owner) "
    "OR claim_owner = :me OR claim_expires < :now) AND NOT code_sha256 = :sha)"
)


def claim(cloud: LocalCloud, owner: str, now: int, sha: str = "new") -> dict[str, object]:
    answer = cloud.boto("dynamodb").update_item(
        TableName="cache",
        Key={"function_arn": {"S": "f"}},
        UpdateExpression="SET claim_owner = :me, claim_expires = :end",
        ConditionExpression=CLAIM,
        ExpressionAttributeValues={
            ":me": {"S": owner},
            ":now": {"N": str(now)},
            ":end": {"N": str(now + 100)},
            ":sha": {"S": sha},
        },
        ReturnValues="ALL_OLD",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    return dict(answer.get("Attributes", {}))


def test_a_failed_condition_answers_with_the_old_item(cloud: LocalCloud) -> None:
    cloud.create_table("cache")
    client = cloud.boto("dynamodb")
    assert claim(cloud, "a", 100) == {}
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as refused:
        claim(cloud, "b", 150)
    assert refused.value.response["Item"]["claim_owner"] == {"S": "a"}
    assert claim(cloud, "a", 150)["claim_owner"] == {"S": "a"}
    assert claim(cloud, "b", 251)["claim_owner"] == {"S": "a"}
    item = {"function_arn": {"S": "f"}}
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as refused:
        client.put_item(
            TableName="cache",
            Item=item,
            ConditionExpression="attribute_not_exists(function_arn)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Item"]["claim_owner"] == {"S": "b"}


def test_only_one_of_many_conditional_writes_wins(cloud: LocalCloud) -> None:
    cloud.create_table("cache")
    failed = cloud.boto("dynamodb").exceptions.ConditionalCheckFailedException

    def wins(number: int) -> bool:
        try:
            return claim(cloud, str(number), 100) == {}
        except failed:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wins, range(40))) == 1
