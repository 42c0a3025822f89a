"""Fills an account with the things that the product meets: functions, secrets, buckets, roles."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_REGION = "us-east-1"
_LARGEST_DIRECT_UPLOAD = 30 * 1024 * 1024
_ZIP_DATE = (2024, 1, 1, 0, 0, 0)
_EXECUTION_ROLE = "localcloud-function"


@dataclass(frozen=True)
class Keys:
    """Credentials of one account."""

    account: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def zip_bytes(files: Mapping[str, str | bytes], size_bytes: int | None = None) -> bytes:
    """A zip with fixed dates, so that equal content has an equal hash.

    With `size_bytes` it is padded, with bytes that do not compress, to about that size.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)
        if size_bytes:
            filler = zipfile.ZipInfo("filler.bin", _ZIP_DATE)
            with archive.open(filler, "w") as entry:
                for block in _noise(size_bytes):
                    entry.write(block)
    return buffer.getvalue()


def _noise(size: int) -> Iterator[bytes]:
    """Bytes that look random and are the same in every run."""
    block = hashlib.shake_256(b"localcloud").digest(1024 * 1024)
    for start in range(0, size, len(block)):
        mark = start.to_bytes(8, "big")
        yield (mark + block[8:])[: size - start]


class Topic:
    """An SNS topic with a queue behind it that shows what subscribers get."""

    def __init__(self, arn: str, sqs: Any, queue_url: str, queue_arn: str) -> None:
        self.arn = arn
        self.queue_url = queue_url
        self.queue_arn = queue_arn
        self._sqs = sqs

    def drain(self) -> list[dict[str, Any]]:
        """All messages since the last call: `message`, `json`, `subject`, `attributes`."""
        drained: list[dict[str, Any]] = []
        while batch := self._receive():
            for received in batch:
                envelope = json.loads(received["Body"])
                attributes = envelope.get("MessageAttributes", {})
                drained.append(
                    {
                        "message": envelope["Message"],
                        "json": _json_or_none(envelope["Message"]),
                        "subject": envelope.get("Subject"),
                        "attributes": {name: item["Value"] for name, item in attributes.items()},
                    }
                )
                self._sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=received["ReceiptHandle"]
                )
        return drained

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        return list(answer.get("Messages", ()))


class Resources(ABC):
    """Builders on top of real AWS calls; `keys` and `region` choose the account and place."""

    @abstractmethod
    def boto(self, service: str, region: str = DEFAULT_REGION, keys: Keys | None = None) -> Any:
        """A boto3 client."""

    def create_function(
        self,
        name: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        runtime: str = "python3.12",
        handler: str = "app.handler",
        size_bytes: int | None = None,
        layers: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        region: str = DEFAULT_REGION,
        keys: Keys | None = None,
    ) -> str:
        """A zip function; the answer is its ARN."""
        package = zip_bytes(files or {"app.py": "def handler(event, context): ...\n"}, size_bytes)
        answer = self.boto("lambda", region, keys).create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Role=self._execution_role(region, keys),
            Code=self._code(name, package, region, keys),
            Layers=list(layers),
            Tags=dict(tags or {}),
        )
        return str(answer["FunctionArn"])

    def update_function(
        self,
        name: str,
        files: Mapping[str, str | bytes],
        *,
        region: str = DEFAULT_REGION,
        keys: Keys | None = None,
    ) -> str:
        """New code; the answer is its CodeSha256."""
        code = self._code(name, zip_bytes(files), region, keys)
        answer = self.boto("lambda", region, keys).update_function_code(FunctionName=name, **code)
        return str(answer["CodeSha256"])

    def create_image_function(
        self,
        name: str,
        image_uri: str = "012345678912.dkr.ecr.us-east-1.amazonaws.com/app:1",
        *,
        region: str = DEFAULT_REGION,
        keys: Keys | None = None,
    ) -> str:
        answer = self.boto("lambda", region, keys).create_function(
            FunctionName=name,
            PackageType="Image",
            Role=self._execution_role(region, keys),
            Code={"ImageUri": image_uri},
        )
        return str(answer["FunctionArn"])

    def create_layer(
        self,
        name: str,
        files: Mapping[str, str | bytes],
        *,
        region: str = DEFAULT_REGION,
        keys: Keys | None = None,
    ) -> str:
        """A layer version; the answer is the ARN that functions name."""
        answer = self.boto("lambda", region, keys).publish_layer_version(
            LayerName=name, Content={"ZipFile": zip_bytes(files)}
        )
        return str(answer["LayerVersionArn"])

    def create_secret(
        self, name: str, value: Mapping[str, Any] | str, *, region: str = DEFAULT_REGION
    ) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        answer = self.boto("secretsmanager", region).create_secret(Name=name, SecretString=text)
        return str(answer["ARN"])

    def create_bucket(
        self, name: str, *, region: str = DEFAULT_REGION, keys: Keys | None = None
    ) -> str:
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.boto("s3", region, keys).create_bucket(
            Bucket=name, **(place if region != DEFAULT_REGION else {})
        )
        return name

    def objects(
        self, bucket: str, prefix: str = "", region: str = DEFAULT_REGION
    ) -> dict[str, bytes]:
        """All objects under a prefix, with their content."""
        s3 = self.boto("s3", region)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def create_table(
        self, name: str, key: str = "function_arn", *, region: str = DEFAULT_REGION
    ) -> str:
        self.boto("dynamodb", region).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
        return name

    def rows(self, table: str, region: str = DEFAULT_REGION) -> list[dict[str, Any]]:
        """All rows of a table, in DynamoDB's typed JSON."""
        return list(self.boto("dynamodb", region).scan(TableName=table)["Items"])

    def create_topic_with_queue(self, name: str, *, region: str = DEFAULT_REGION) -> Topic:
        sns, sqs = self.boto("sns", region), self.boto("sqs", region)
        arn = sns.create_topic(Name=name)["TopicArn"]
        url = sqs.create_queue(QueueName=f"{name}-seen")["QueueUrl"]
        wanted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue_arn = wanted["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
        return Topic(arn, sqs, url, queue_arn)

    @abstractmethod
    def add_credentials(self, account: str) -> Keys:
        """Root-like credentials of another account."""

    def create_spoke_role(
        self,
        account: str,
        name: str,
        external_id: str | None = None,
        *,
        trusted_account: str = "012345678912",
    ) -> tuple[str, Keys]:
        """A role that the hub may assume; the answer is its ARN and keys of its account."""
        keys = self.add_credentials(account)
        condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{trusted_account}:root"},
            **(condition if external_id else {}),
        }
        return self._create_role(name, statement, DEFAULT_REGION, keys), keys

    def _execution_role(self, region: str, keys: Keys | None) -> str:
        service = {"Service": "lambda.amazonaws.com"}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": service}
        return self._create_role(_EXECUTION_ROLE, statement, region, keys)

    def _create_role(
        self, name: str, statement: dict[str, Any], region: str, keys: Keys | None
    ) -> str:
        iam = self.boto("iam", region, keys)
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)
        except iam.exceptions.EntityAlreadyExistsException:
            role = iam.get_role(RoleName=name)
        return str(role["Role"]["Arn"])

    def _code(self, name: str, package: bytes, region: str, keys: Keys | None) -> dict[str, Any]:
        """Large packages go through S3, as AWS asks for."""
        if len(package) <= _LARGEST_DIRECT_UPLOAD:
            return {"ZipFile": package}
        bucket = f"localcloud-code-{region}"
        s3 = self.boto("s3", region, keys)
        owned = (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists)
        with contextlib.suppress(*owned):
            self.create_bucket(bucket, region=region, keys=keys)
        s3.put_object(Bucket=bucket, Key=f"{name}.zip", Body=package)
        return {"S3Bucket": bucket, "S3Key": f"{name}.zip"}


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
