"""Events as Lambda functions get them: CloudTrail through EventBridge, schedules, SQS batches."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

Event = dict[str, Any]

CREATE = "CreateFunction20150331"
UPDATE_CODE = "UpdateFunctionCode20150331v2"
UPDATE_CONFIGURATION = "UpdateFunctionConfiguration20150331v2"


def function_created(name: str, **options: Any) -> Event:
    """A new function; for the options see `cloudtrail`."""
    return cloudtrail(CREATE, name, **options)


def code_updated(name: str, **options: Any) -> Event:
    return cloudtrail(UPDATE_CODE, name, **options)


def configuration_updated(name: str, **options: Any) -> Event:
    return cloudtrail(UPDATE_CONFIGURATION, name, **options)


def cloudtrail(
    event_name: str,
    name: str,
    *,
    account: str = "012345678912",
    region: str = "us-east-1",
    partition: str = "aws",
    version: str | None = None,
    error_code: str | None = None,
    null_response: bool = False,
    requested_as: str | None = None,
    **detail: Any,
) -> Event:
    """A CloudTrail event.

    `version` is appended to the function's ARN, `requested_as` is what the caller named the
    function (by default its name), and further members go into `detail`.
    """
    arn = f"arn:{partition}:lambda:{region}:{account}:function:{name}"
    failed = {"errorCode": error_code, "errorMessage": "refused"} if error_code else {}
    answered = None if null_response or error_code else _response(arn, name, version)
    return {
        **_envelope("aws.lambda", "AWS API Call via CloudTrail", account, region),
        "detail": {
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "AssumedRole",
                "accountId": account,
                "arn": f"arn:{partition}:sts::{account}:assumed-role/deployer/session",
            },
            "eventTime": _now(),
            "eventSource": "lambda.amazonaws.com",
            "eventName": event_name,
            "awsRegion": region,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli",
            "requestParameters": {"functionName": requested_as or name},
            "responseElements": answered,
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
            **failed,
            **detail,
        },
    }


def scheduled(
    rule: str = "nightly", *, account: str = "012345678912", region: str = "us-east-1"
) -> Event:
    """What a scheduled rule sends when it has no input of its own."""
    event = _envelope("aws.events", "Scheduled Event", account, region)
    event["resources"] = [f"arn:aws:events:{region}:{account}:rule/{rule}"]
    return {**event, "detail": {}}


def sqs_batch(
    bodies: Sequence[Event | str],
    *,
    queue: str = "arn:aws:sqs:us-east-1:012345678912:scans",
    message_ids: Sequence[str] | None = None,
) -> Event:
    """A batch of messages, one for each body."""
    ids = message_ids or [str(uuid.uuid4()) for _ in bodies]
    return {
        "Records": [_record(body, given, queue) for body, given in zip(bodies, ids, strict=True)]
    }


def _record(body: Event | str, message_id: str, queue: str) -> Event:
    return {
        "messageId": message_id,
        "receiptHandle": f"handle-{message_id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": queue.split(":")[3],
    }


def _response(arn: str, name: str, version: str | None) -> Event:
    return {
        "functionName": name,
        "functionArn": f"{arn}:{version}" if version else arn,
        "runtime": "python3.12",
        "version": version or "$LATEST",
        "packageType": "Zip",
    }


def _envelope(source: str, detail_type: str, account: str, region: str) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": _now(),
        "region": region,
        "resources": [],
    }


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
