"""Credentials and secrets that change while the process lives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from localcloud import events
from localcloud.resources import Keys

from lab import ACCOUNT, OTHER, SECRET, TOKEN, Lab

EVENT = events.code_updated("orders")
AUTHORIZATION = "container-authorization-77"


class CredentialsEndpoint:
    """What a container, or Lambda with SnapStart, gets its credentials from."""

    def __init__(self, lab: Lab) -> None:
        self.handed_out: list[Keys] = []
        self.lifetime = timedelta(hours=1)
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers.get("Authorization") != AUTHORIZATION:
                    self.send_error(401)
                    return
                keys = lab.cloud.add_credentials(
                    ACCOUNT, session_token=f"session-{len(endpoint.handed_out)}"
                )
                endpoint.handed_out.append(keys)
                expires = datetime.now(UTC) + endpoint.lifetime
                body = {
                    "AccessKeyId": keys.access_key_id,
                    "SecretAccessKey": keys.secret_access_key,
                    "Token": keys.session_token,
                    "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def settings(self) -> dict[str, str | None]:
        return {
            "AWS_ACCESS_KEY_ID": None,
            "AWS_SECRET_ACCESS_KEY": None,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server.server_port}/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": AUTHORIZATION,
        }


@pytest.fixture
def endpoint(lab: Lab) -> Iterator[CredentialsEndpoint]:
    running = CredentialsEndpoint(lab)
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_credentials_of_the_container_are_kept_while_they_last(
    lab: Lab, endpoint: CredentialsEndpoint
) -> None:
    arn = lab.function()
    with lab.sandbox(endpoint.settings) as sandbox:
        for _ in range(3):
            assert sandbox.deliver(EVENT).kind == "response"
    assert len(endpoint.handed_out) == 1
    env = lab.scanner.runs[0]["env"]
    assert (env["AWS_ACCESS_KEY_ID"], env["AWS_SESSION_TOKEN"]) == (
        endpoint.handed_out[0].access_key_id, "session-0",
    )  # fmt: skip
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN" not in env
    lab.assert_complete(arn)


def test_credentials_that_soon_expire_are_renewed_ahead(
    lab: Lab, endpoint: CredentialsEndpoint
) -> None:
    lab.function()
    endpoint.lifetime = timedelta(minutes=4)
    with lab.sandbox(endpoint.settings) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    assert len(endpoint.handed_out) > 1


def test_credentials_that_aws_calls_expired_are_fetched_anew_once(
    lab: Lab, endpoint: CredentialsEndpoint
) -> None:
    arn = lab.function()
    with lab.sandbox(endpoint.settings) as sandbox:
        sandbox.deliver(EVENT)
        # As after hours in the freezer.
        lab.cloud.expire(endpoint.handed_out[0].access_key_id)
        lab.cloud.update_function("orders", OTHER)
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    assert len(endpoint.handed_out) == 2
    lab.assert_complete(arn)


@pytest.mark.parametrize("action", ["s3:PutObject", "sns:Publish", "dynamodb:UpdateItem"])
def test_one_expired_token_in_the_middle_of_a_scan_does_no_harm(
    lab: Lab, endpoint: CredentialsEndpoint, action: str
) -> None:
    arn = lab.function()
    code = "ExpiredTokenException" if action.startswith("dynamodb") else "ExpiredToken"
    lab.cloud.fault("status", action, status=403, code=code)
    with lab.sandbox(endpoint.settings) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    lab.assert_complete(arn)


def test_expired_credentials_of_the_environment_are_an_error_at_once(lab: Lab) -> None:
    arn = lab.function()
    keys = lab.cloud.add_credentials(ACCOUNT, session_token="session", expires_in=-1)
    with lab.sandbox(keys=keys) as sandbox:
        outcome = sandbox.deliver(EVENT)
    assert (outcome.kind, outcome.error_type) == ("error", "AWS.ExpiredTokenException")
    assert lab.actions().count("lambda:GetFunction") == 1 and lab.tags(arn) == {}


def test_no_credentials_at_all_are_an_error_that_says_so(lab: Lab) -> None:
    lab.function()
    with lab.sandbox(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY="") as sandbox:
        outcome = sandbox.deliver(EVENT)
    assert (outcome.kind, outcome.error_type) == ("error", "Credentials.Missing")
    assert "AWS_ACCESS_KEY_ID" in outcome.json["errorMessage"] and lab.actions() == []


def test_a_session_token_goes_along(lab: Lab) -> None:
    keys = lab.cloud.add_credentials(ACCOUNT, session_token="the-session-token")
    lab.function()
    with lab.sandbox(keys=keys) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    assert lab.scanner.runs[0]["env"]["AWS_SESSION_TOKEN"] == "the-session-token"


def test_the_secret_is_read_once_for_several_scans(lab: Lab) -> None:
    names = ["one", "two", "three"]
    for name in names:
        lab.function(name)
    with lab.sandbox() as sandbox:
        for name in names:
            assert sandbox.deliver(events.code_updated(name)).json["status"] == "scanned"
    assert lab.actions().count("secretsmanager:GetSecretValue") == 1


def test_after_a_failed_scan_a_rotated_secret_is_picked_up(lab: Lab) -> None:
    arn = lab.function()
    with lab.sandbox() as sandbox:
        # A refused token looks like this: QScanner's generic error.
        lab.scanner.turn(exit_code=1)
        assert sandbox.deliver(EVENT, request_id="again").kind == "error"
        lab.change_secret({**SECRET, "qualys_access_token": "the-new-token"})
        lab.scanner.turn(exit_code=None)
        assert sandbox.deliver(EVENT, request_id="again").json["status"] == "scanned"
    tokens = [run["env"]["QUALYS_ACCESS_TOKEN"] for run in lab.scanner.runs]
    assert tokens == [TOKEN, "the-new-token"]
    lab.assert_complete(arn)


def test_a_secret_in_another_region_is_read_there(lab: Lab) -> None:
    lab.function()
    secret = lab.cloud.create_secret("qualys", SECRET, region="eu-central-1")
    with lab.sandbox(QUALYS_SECRET_ARN=secret) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    (call,) = lab.cloud.calls("secretsmanager:GetSecretValue")
    assert call["region"] == "eu-central-1"


def test_a_topic_in_another_region_is_told_there(lab: Lab) -> None:
    lab.function()
    topic = lab.cloud.create_topic_with_queue("far", region="eu-central-1")
    with lab.sandbox(SNS_TOPIC_ARN=topic.arn) as sandbox:
        assert sandbox.deliver(EVENT).json["status"] == "scanned"
    assert len(topic.drain()) == 1
