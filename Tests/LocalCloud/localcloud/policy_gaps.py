"""Where moto reads a bucket's policy otherwise than S3 does."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

_is_permitted = IAMPolicyStatement.is_action_permitted


def _is_permitted_as_over_tls(statement: IAMPolicyStatement, *given: Any, **named: Any) -> PermissionResult:
    """The local cloud has no TLS, and stands for one that has: what is denied without it is not denied here."""
    transport = statement._statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return PermissionResult.NEUTRAL if transport == "false" else _is_permitted(statement, *given, **named)


def install() -> None:
    IAMPolicyStatement.is_action_permitted = _is_permitted_as_over_tls  # type: ignore[method-assign]
