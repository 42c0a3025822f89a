"""Starts a local cloud as a process of its own and talks to it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import Any

import boto3
from botocore.config import Config
from stand_in import StandIn

from .resources import DEFAULT_REGION, Keys, Resources

DEFAULT_ACCOUNT = "012345678912"
_CLIENT_CONFIG = Config(
    retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"}
)


class LocalCloud(StandIn, Resources):
    """A running local cloud; also a context manager."""

    module = "localcloud"

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        super().__init__(process, ready)
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str, Keys], Any] = {}
        self._client_lock = threading.Lock()
        self.endpoint: str = ready["endpoint"]
        self.root = Keys(ready["account"], ready["access_key_id"], ready["secret_access_key"])

    @classmethod
    def start(cls, port: int = 0, account: str = DEFAULT_ACCOUNT) -> LocalCloud:
        """Returns when the cloud listens; a port of 0 takes a free one."""
        return cls.started("--port", str(port), "--account", account)

    def env(self, keys: Keys | None = None, region: str = DEFAULT_REGION) -> dict[str, str]:
        """Everything that an AWS client needs in its environment to stay in here."""
        keys = keys or self.root
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            **({"AWS_SESSION_TOKEN": keys.session_token} if keys.session_token else {}),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def boto(self, service: str, region: str = DEFAULT_REGION, keys: Keys | None = None) -> Any:
        """A boto3 client that does not retry; the same one for the same question."""
        keys = keys or self.root
        wanted = (service, region, keys)
        with self._client_lock:
            if wanted not in self._clients:
                self._clients[wanted] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=keys.access_key_id,
                    aws_secret_access_key=keys.secret_access_key,
                    aws_session_token=keys.session_token,
                    config=_CLIENT_CONFIG,
                )
            return self._clients[wanted]

    def calls(self, action: str | None = None) -> list[dict[str, Any]]:
        """The calls so far, in order; with `action` only those of that name or prefix `s3:`."""
        every: list[dict[str, Any]] = self._control("GET", "calls")
        return [call for call in every if action is None or _is(call["action"], action)]

    def actions(self) -> list[str]:
        return [call["action"] for call in self.calls()]

    def clear_calls(self) -> None:
        self._control("DELETE", "calls")

    def take_kinds_of_calls(self) -> list[list[str]]:
        """Action, resource, region, account and program of all that was called since this was asked last."""
        return list(self._control("POST", "calls/kinds"))

    def record_bodies(self, wanted: bool = True) -> None:
        """Keeps request bodies (base64) in the call log from now on."""
        self._control("POST", "settings", {"record_bodies": wanted})

    def fault(self, kind: str, action: str = "*", **rule: Any) -> int:
        """Adds a rule; see `faults.Fault` for its members."""
        answer = self._control("POST", "faults", {"kind": kind, "action": action, **rule})
        return int(answer["id"])

    def faults(self) -> list[dict[str, Any]]:
        return list(self._control("GET", "faults")["faults"])

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def reset(self) -> None:
        """Empties the cloud: resources, calls, faults and added credentials."""
        self._control("POST", "reset")

    def add_credentials(self, account: str, **members: Any) -> Keys:
        """New keys; `session_token` and `expires_in` (seconds) may be given."""
        return Keys(**self._control("POST", "credentials", {"account": account, **members}))

    def role_keys(self, arn: str) -> Keys:
        """Keys of a role as a service takes it, such as Lambda for a function."""
        partition, account, name = arn.split(":")[1], arn.split(":")[4], arn.rpartition("/")[2]
        session = f"arn:{partition}:sts::{account}:assumed-role/{name}/localcloud"
        return self.add_credentials(account, session_token="session", arn=session)

    def expire(self, access_key_id: str) -> None:
        self._control("POST", "credentials/expire", {"access_key_id": access_key_id})

    def assume_role(self, arn: str, external_id: str | None = None) -> Keys:
        """Keys of a role, from this cloud's STS."""
        extra = {"ExternalId": external_id} if external_id else {}
        answer = self.boto("sts").assume_role(RoleArn=arn, RoleSessionName="test", **extra)
        given = answer["Credentials"]
        return Keys(
            arn.split(":")[4],
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
        )

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return json.loads(self._ask(method, f"{self.endpoint}/_localcloud/{path}", body))


def _is(action: str, wanted: str) -> bool:
    return action == wanted or (wanted.endswith(":") and action.startswith(wanted))
