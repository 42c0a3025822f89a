"""The real AWS CLI can do the demo's work, signatures and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from localcloud.client import LocalCloud
from localcloud.resources import zip_bytes

ROLE = "arn:aws:iam::012345678912:role/function"
TRUST = '{"Version":"2012-10-17","Statement":[]}'


class CLI:
    """Runs the CLI's own driver in this process, which saves a second a command."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Any:
        status = create_clidriver().main([*words, "--output", "json"])
        printed = self._capsys.readouterr()
        assert status == 0, printed.err
        return json.loads(printed.out) if printed.out.startswith(("{", "[")) else printed.out


@pytest.fixture
def aws(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CLI:
    for name, value in cloud.env().items():
        monkeypatch.setenv(name, value)
    return CLI(capsys)


def test_functions_and_their_tags(aws: CLI, tmp_path: Path) -> None:
    package = tmp_path / "app.zip"
    package.write_bytes(zip_bytes({"app.py": "x = 1"}))
    aws("iam", "create-role", "--role-name", "function", "--assume-role-policy-document", TRUST)
    create = ("lambda", "create-function", "--role", ROLE, "--function-name")
    arn = aws(
        *create, "one", "--runtime", "python3.12", "--handler", "app.run",
        "--zip-file", f"fileb://{package}", "--tags", "team=blue",
    )["FunctionArn"]  # fmt: skip
    aws(*create, "two", "--package-type", "Image", "--code", "ImageUri=repo/app:1")
    assert aws("lambda", "list-tags", "--resource", arn)["Tags"] == {"team": "blue"}
    assert len(aws("lambda", "list-functions")["Functions"]) == 2


def test_buckets_and_objects(aws: CLI, cloud: LocalCloud, tmp_path: Path) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.bin"
    small.write_text("hello")
    large.write_bytes(bytes(9_000_000))
    aws("s3", "mb", "s3://things")
    aws("s3", "cp", str(small), "s3://things/a/small.txt")
    aws("s3", "cp", str(large), "s3://things/large.bin")
    assert cloud.objects("things", "a/") == {"a/small.txt": b"hello"}
    assert "s3:CompleteMultipartUpload" in cloud.actions()


def test_tables_secrets_topics_and_queues(aws: CLI, cloud: LocalCloud) -> None:
    aws(
        "dynamodb", "create-table", "--table-name", "cache", "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=function_arn,AttributeType=S",
        "--key-schema", "AttributeName=function_arn,KeyType=HASH",
    )  # fmt: skip
    aws("secretsmanager", "create-secret", "--name", "s", "--secret-string", '{"a":1}')
    topic = aws("sns", "create-topic", "--name", "news")["TopicArn"]
    # CLI version 1 puts an address of its own in the place of AWS_ENDPOINT_URL, for SQS alone.
    here = ("--endpoint-url", cloud.endpoint)
    aws("sqs", "create-queue", "--queue-name", "seen", *here)
    queue = "arn:aws:sqs:us-east-1:012345678912:seen"
    aws(
        "sns",
        "subscribe",
        "--topic-arn",
        topic,
        "--protocol",
        "sqs",
        "--notification-endpoint",
        queue,
    )
    aws("sns", "publish", "--topic-arn", topic, "--message", "hello")
    url = f"{cloud.endpoint}/012345678912/seen"
    received = aws("sqs", "receive-message", "--queue-url", url, *here)
    assert "hello" in received["Messages"][0]["Body"]
    assert all(call["status"] == 200 for call in cloud.calls())


def test_a_stack_can_be_deployed(aws: CLI, cloud: LocalCloud, tmp_path: Path) -> None:
    template = tmp_path / "stack.yaml"
    template.write_text(
        "Resources:\n  Cache:\n    Type: AWS::DynamoDB::Table\n    Properties:\n"
        "      TableName: cache\n      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: k, KeyType: HASH}]\n"
    )
    body = f"file://{template}"
    aws("cloudformation", "create-stack", "--stack-name", "s", "--template-body", body)
    assert cloud.rows("cache") == []
