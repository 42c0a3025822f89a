"""Who may sign requests, and which account they act in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends


@dataclass(frozen=True)
class Identity:
    """A key pair with the account it acts in."""

    access_key_id: str
    secret_access_key: str
    account: str
    session_token: str | None = None
    expires: datetime | None = None
    arn: str = ""

    def has_expired(self, now: datetime) -> bool:
        return self.expires is not None and now >= self.expires


class Identities:
    """The given keys, and those that moto's IAM and STS have handed out."""

    def __init__(self, root: Identity) -> None:
        self._root = root
        self.forget_all()

    def forget_all(self) -> None:
        """Back to the root key alone; to be called after moto has been reset."""
        self._given: dict[str, Identity] = {}
        self._expired: set[str] = set()
        self.add(self._root)

    def add(self, identity: Identity) -> None:
        self._given[identity.access_key_id] = identity

    def expire(self, access_key_id: str) -> None:
        """Makes credentials run out now, whatever their time of expiry says."""
        self._expired.add(access_key_id)

    def find(self, access_key_id: str) -> Identity | None:
        found = self._given.get(access_key_id) or _assumed(access_key_id) or _of_user(access_key_id)
        if found and access_key_id in self._expired:
            return replace(found, expires=datetime.now(timezone.utc) - timedelta(seconds=1))
        return found


def _assumed(access_key_id: str) -> Identity | None:
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            role = backend.get_assumed_role_from_access_key(access_key_id)
            if role:
                return _identity_of(role)
    return None


def _identity_of(role: AssumedRole) -> Identity:
    return Identity(
        role.access_key_id,
        role.secret_access_key,
        role.account_id,
        role.session_token,
        role.expiration.replace(tzinfo=timezone.utc),
        role.arn,
    )


def _of_user(access_key_id: str) -> Identity | None:
    for account, partitions in list(iam_backends.items()):
        for backend in list(partitions.values()):
            key = backend.access_keys.get(access_key_id)
            if key and key.status == "Active" and key.user_name:
                arn = f"arn:{backend.partition}:iam::{account}:user/{key.user_name}"
                return Identity(access_key_id, key.secret_access_key, account, arn=arn)
    return None
