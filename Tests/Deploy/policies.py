"""Whether policies allow a call, and which of their actions are ever used."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from templates import as_list

# What IAM calls the parts of an upload.
SAME_AS = {
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
}


@dataclass(frozen=True)
class Call:
    """A call as IAM sees it."""

    action: str
    resource: str
    context: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, recorded: Mapping[str, Any], organization: str = "") -> Call:
        """From the local cloud's log, with bodies; `organization` is that of the resource's account."""
        action, resource = recorded["action"], recorded["resource"]
        region, account = recorded["region"], recorded["account"]
        body = base64.b64decode(recorded["body"] or "")
        context: dict[str, list[str]] = {}
        if recorded["service"] == "s3":
            resource = f"arn:aws:s3:::{resource}"
        elif recorded["service"] == "dynamodb":
            resource = f"arn:aws:dynamodb:{region}:{account}:table/{resource}"
        elif action == "lambda:TagResource":
            context["aws:TagKeys"] = list(json.loads(body)["Tags"])
        elif action == "sts:AssumeRole":
            context["sts:ExternalId"] = parse_qs(body.decode()).get("ExternalId", [])
            context["aws:ResourceAccount"] = [resource.split(":")[4]]
            context["aws:ResourceOrgID"] = [organization] if organization else []
        assert resource.startswith("arn:"), recorded
        return cls(SAME_AS.get(action, action), resource, context)


def allows(statements: Iterable[Mapping[str, Any]], call: Call) -> bool:
    return any(_allows(statement, call) for statement in statements)


def actions(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    return {action for statement in statements for action in as_list(statement["Action"])}


def _allows(statement: Mapping[str, Any], call: Call) -> bool:
    assert statement["Effect"] == "Allow"
    return (
        call.action in as_list(statement["Action"])
        and any(fnmatchcase(call.resource, pattern) for pattern in as_list(statement["Resource"]))
        and all(
            _fits(operator, call.context.get(key, []), as_list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _fits(operator: str, given: list[str], wanted: list[str]) -> bool:
    match operator:
        case "StringEquals":
            return bool(given) and set(given) <= set(wanted)
        case "ForAllValues:StringEquals":
            return set(given) <= set(wanted)
        case "StringLike":
            return bool(given) and all(any(fnmatchcase(value, item) for item in wanted) for value in given)
    raise NotImplementedError(operator)
