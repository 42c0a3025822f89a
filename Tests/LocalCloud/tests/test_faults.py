"""Every kind of fault does to a client what it says."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ResponseStreamingError,
)

from localcloud.client import LocalCloud

GONE = (ConnectionClosedError, EndpointConnectionError)


def put(cloud: LocalCloud, table: str, key: str) -> dict[str, Any]:
    item = {"function_arn": {"S": key}}
    return dict(cloud.boto("dynamodb").put_item(TableName=table, Item=item))


@pytest.mark.parametrize(
    ("action", "status", "code"),
    [
        ("dynamodb:PutItem", 400, "ProvisionedThroughputExceededException"),
        ("dynamodb:PutItem", 500, "InternalServerError"),
        ("s3:ListBuckets", 503, "SlowDown"),
        ("lambda:ListFunctions", 429, "TooManyRequestsException"),
        ("sns:ListTopics", 403, "AuthorizationError"),
        ("sts:GetCallerIdentity", 400, "Throttling"),
        ("secretsmanager:ListSecrets", 400, "ThrottlingException"),
    ],
)
def test_an_error_status_reads_like_one_of_aws(
    cloud: LocalCloud, action: str, status: int, code: str
) -> None:
    cloud.create_table("cache")
    cloud.fault("status", action, status=status, code=code, message="Slow down, please")
    calls = {
        "dynamodb:PutItem": lambda: put(cloud, "cache", "a"),
        "s3:ListBuckets": cloud.boto("s3").list_buckets,
        "lambda:ListFunctions": cloud.boto("lambda").list_functions,
        "sns:ListTopics": cloud.boto("sns").list_topics,
        "sts:GetCallerIdentity": cloud.boto("sts").get_caller_identity,
        "secretsmanager:ListSecrets": cloud.boto("secretsmanager").list_secrets,
    }
    with pytest.raises(ClientError) as refused:
        calls[action]()
    answer = refused.value.response
    assert answer["Error"]["Code"] == code and answer["Error"]["Message"] == "Slow down, please"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    calls[action]()
    played, normal = cloud.calls(action)
    assert (played["fault"], played["status"], played["error"]) == ("status", status, code)
    assert (normal["fault"], normal["status"]) == (None, 200)


def test_a_rule_can_skip_calls_and_choose_resources(cloud: LocalCloud) -> None:
    cloud.create_table("one")
    cloud.create_table("two")
    cloud.fault("status", "dynamodb:*", resource="two", skip=1, times=2, status=500)
    put(cloud, "one", "a")
    put(cloud, "two", "a")
    for _ in range(2):
        with pytest.raises(ClientError):
            put(cloud, "two", "b")
    put(cloud, "two", "c")
    assert cloud.faults()[0]["played"] == 2


def test_a_rule_can_last_for_ever_until_it_is_taken_away(cloud: LocalCloud) -> None:
    cloud.fault("status", "s3:*", times=-1, status=503, code="SlowDown")
    for _ in range(4):
        with pytest.raises(ClientError):
            cloud.boto("s3").list_buckets()
    cloud.clear_faults()
    cloud.boto("s3").list_buckets()


def test_a_drop_before_the_work_leaves_no_trace(cloud: LocalCloud) -> None:
    cloud.create_table("cache")
    cloud.fault("drop_before", "dynamodb:PutItem")
    with pytest.raises(GONE):
        put(cloud, "cache", "a")
    assert cloud.rows("cache") == []
    assert cloud.calls("dynamodb:PutItem")[0]["status"] is None


def test_a_drop_after_the_work_leaves_the_work_done(cloud: LocalCloud) -> None:
    cloud.create_table("cache")
    cloud.fault("drop_after", "dynamodb:PutItem")
    with pytest.raises(GONE):
        put(cloud, "cache", "a")
    assert len(cloud.rows("cache")) == 1


def test_a_cut_ends_the_body_too_early(cloud: LocalCloud) -> None:
    cloud.create_bucket("things")
    cloud.boto("s3").put_object(Bucket="things", Key="k", Body=b"x" * 1000)
    cloud.fault("cut", "s3:GetObject", after_bytes=10)
    with pytest.raises((ResponseStreamingError, HTTPClientError)):
        cloud.boto("s3").get_object(Bucket="things", Key="k")["Body"].read()


def test_a_delay_only_takes_time(cloud: LocalCloud) -> None:
    cloud.fault("delay", "s3:ListBuckets", seconds=0.3)
    start = time.monotonic()
    cloud.boto("s3").list_buckets()
    assert time.monotonic() - start >= 0.3


def test_a_hang_lasts_until_the_client_gives_up(cloud: LocalCloud) -> None:
    cloud.fault("hang", "package:Download")
    cloud.create_function("app")
    address = cloud.boto("lambda").get_function(FunctionName="app")["Code"]["Location"]
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(address, timeout=0.3)


def test_downloads_can_be_cut_spoilt_and_refused(cloud: LocalCloud) -> None:
    cloud.create_function("app", size_bytes=500_000)
    address = cloud.boto("lambda").get_function(FunctionName="app")["Code"]["Location"]
    whole = urllib.request.urlopen(address).read()
    cloud.fault("cut", "package:Download")
    with pytest.raises(http.client.IncompleteRead) as cut:
        urllib.request.urlopen(address).read()
    assert 0 < len(cut.value.partial) < len(whole)
    cloud.fault("corrupt", "package:Download", resource="function:app")
    spoilt = urllib.request.urlopen(address).read()
    assert len(spoilt) == len(whole) and spoilt != whole
    cloud.fault("status", "package:Download", status=403, code="AccessDenied")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address)
    assert refused.value.code == 403 and b"<Code>AccessDenied</Code>" in refused.value.read()
    assert [call["fault"] for call in cloud.calls("package:")] == [None, "cut", "corrupt", "status"]


def test_a_connection_can_go_stale_after_an_answer(cloud: LocalCloud) -> None:
    cloud.create_function("app")
    cloud.fault("close_after", "package:Download")
    address = cloud.boto("lambda").get_function(FunctionName="app")["Code"]["Location"]
    host, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    assert answer.read() and not answer.will_close
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.request("GET", f"/{path}")
        connection.getresponse()


def test_an_unknown_kind_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ValueError, match="there are status, drop_before"):
        cloud.fault("explode")
