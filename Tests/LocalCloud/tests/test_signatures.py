"""Signature Version 4 is checked for every service, on the bytes that were sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.client import LocalCloud

# service: a harmless call, and the code for a signature that does not fit
CALLS: dict[str, tuple[str, str]] = {
    "lambda": ("list_functions", "InvalidSignatureException"),
    "s3": ("list_buckets", "SignatureDoesNotMatch"),
    "dynamodb": ("list_tables", "InvalidSignatureException"),
    "sns": ("list_topics", "SignatureDoesNotMatch"),
    "sqs": ("list_queues", "InvalidSignatureException"),
    "sts": ("get_caller_identity", "SignatureDoesNotMatch"),
    "secretsmanager": ("list_secrets", "InvalidSignatureException"),
    "iam": ("list_roles", "SignatureDoesNotMatch"),
    "logs": ("describe_log_groups", "InvalidSignatureException"),
    "events": ("list_rules", "InvalidSignatureException"),
    "stepfunctions": ("list_state_machines", "InvalidSignatureException"),
}


def code_of(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        call()
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def before_send(client: Any, change: Callable[[Any], None]) -> Callable[[], None]:
    """Lets a test change what is sent after it was signed; the answer undoes that."""

    def hook(request: Any, **_: Any) -> None:
        change(request)

    client.meta.events.register("before-send.*.*", hook)
    return lambda: client.meta.events.unregister("before-send.*.*", hook)


@pytest.mark.parametrize("service", CALLS)
def test_a_true_signature_passes(cloud: LocalCloud, service: str) -> None:
    getattr(cloud.boto(service), CALLS[service][0])()


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_fails(cloud: LocalCloud, service: str) -> None:
    keys = cloud.add_credentials("012345678912")
    wrong = replace(keys, secret_access_key="wrong")
    call = getattr(cloud.boto(service, keys=wrong), CALLS[service][0])
    assert code_of(call)[1] == CALLS[service][1]


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("lambda", 403, "UnrecognizedClientException"),
        ("s3", 403, "InvalidAccessKeyId"),
        ("dynamodb", 400, "UnrecognizedClientException"),
        ("sns", 403, "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_fails(cloud: LocalCloud, service: str, status: int, code: str) -> None:
    stranger = replace(cloud.root, access_key_id="AKIAUNKNOWNUNKNOWN00")
    call = getattr(cloud.boto(service, keys=stranger), CALLS[service][0])
    assert code_of(call) == (status, code)


@pytest.mark.parametrize("key", ["plain", "a b+c=d&e", "ü/é//x/../y", "~(1)*'!", "100%"])
def test_s3_keys_of_every_kind_pass(cloud: LocalCloud, key: str) -> None:
    cloud.create_bucket("things")
    cloud.boto("s3").put_object(Bucket="things", Key=key, Body=b"x" * 10)
    assert cloud.objects("things") == {key: b"x" * 10}


def test_a_changed_body_fails(cloud: LocalCloud) -> None:
    cloud.create_bucket("things")
    s3, dynamodb = cloud.boto("s3"), cloud.boto("dynamodb")
    undo = before_send(s3, lambda request: setattr(request, "body", b"longer"))
    call = lambda: s3.put_object(Bucket="things", Key="k", Body=b"before")  # noqa: E731
    assert code_of(call) == (400, "XAmzContentSHA256Mismatch")
    undo()
    undo = before_send(dynamodb, lambda request: setattr(request, "body", b'{"Limit": 9}'))
    assert code_of(lambda: dynamodb.list_tables(Limit=1))[1] == "InvalidSignatureException"
    undo()


def test_a_changed_path_or_header_fails(cloud: LocalCloud) -> None:
    client = cloud.boto("lambda")

    def change_path(request: Any) -> None:
        request.url = request.url.replace("one", "two")

    undo = before_send(client, change_path)
    call = lambda: client.get_function(FunctionName="one")  # noqa: E731
    assert code_of(call) == (403, "InvalidSignatureException")
    undo()

    def add_header(request: Any) -> None:
        request.headers["x-amz-meta-extra"] = "not signed"

    undo = before_send(client, add_header)
    assert code_of(call) == (403, "InvalidSignatureException")
    undo()


def test_an_old_date_fails(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    past = datetime.now(timezone.utc) - timedelta(minutes=16)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: past)
    assert code_of(cloud.boto("s3").list_buckets) == (403, "RequestTimeTooSkewed")
    assert code_of(cloud.boto("dynamodb").list_tables)[1] == "InvalidSignatureException"


def test_an_unsigned_request_fails(cloud: LocalCloud) -> None:
    def unsign(request: Any) -> None:
        del request.headers["Authorization"]

    client = cloud.boto("s3")
    undo = before_send(client, unsign)
    assert code_of(client.list_buckets) == (403, "AccessDenied")
    undo()


def test_a_bucket_in_another_region_says_where_it_is(cloud: LocalCloud) -> None:
    """boto3 reads the answer and goes there by itself."""
    cloud.create_bucket("far", region="eu-west-1")
    cloud.clear_calls()
    cloud.boto("s3").head_bucket(Bucket="far")
    calls = [(call["region"], call["status"]) for call in cloud.calls("s3:HeadBucket")]
    assert calls[0] == ("us-east-1", 400) and calls[-1] == ("eu-west-1", 200)


def test_chunked_uploads_with_trailers_pass(cloud: LocalCloud) -> None:
    """Clients that use TLS send checksums as trailers; the endpoint here has no TLS."""
    cloud.create_bucket("things")
    client = cloud.boto("s3")
    body = b"6\r\nabcdef\r\n0\r\nx-amz-checksum-crc32:S45J1g==\r\n\r\n"

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    class Trailing(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    request = AWSRequest(
        "PUT",
        f"{cloud.endpoint}/things/chunked",
        data=body,
        headers={
            "Content-Encoding": "aws-chunked",
            "X-Amz-Trailer": "x-amz-checksum-crc32",
            "X-Amz-Decoded-Content-Length": "6",
        },
    )
    keys = Credentials(cloud.root.access_key_id, cloud.root.secret_access_key)
    Trailing(keys, "s3", "us-east-1").add_auth(request)
    assert URLLib3Session().send(request.prepare()).status_code == 200
    assert client.get_object(Bucket="things", Key="chunked")["Body"].read() == b"abcdef"
