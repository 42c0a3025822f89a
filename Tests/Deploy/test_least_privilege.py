"""The roles may do what scans do, and nothing else.

A representative set of scans runs with the settings that a stack gave; the local cloud writes down every call. Each must
be allowed by the role that made it, and each action that a role has must have been used, but for those below. So must
every call that the program made in the tests of Tests/EndToEnd, where those have run before, as `make test` lets them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import ACCOUNT, NODE, OTHER, PYTHON
from localcloud import events
from localcloud.client import LocalCloud
from policies import SAME_AS, Call, actions, allows
from stacks import EXTERNAL_ID, SPOKE, Scanner, Stack, deployed, hub_and_spoke
from templates import SCANNERS, Template

REPOSITORY = Path(__file__).resolve().parents[2]

# What no scan here can use, and why a role has it.
IMAGES = dict.fromkeys(
    ("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "QScanner itself pulls the images of image functions; the stand-in does not",
)  # fmt: skip
KEYS = {"kms:Decrypt": "asked by Secrets Manager and Lambda in our name, for keys of one's own"}
RUN = {
    "logs:CreateLogStream": "Lambda writes the function's log as its role",
    "logs:PutLogEvents": "Lambda writes the function's log as its role",
    "sqs:SendMessage": "Lambda sends the function's dead letters as its role",
    "dynamodb:GetItem": "asked by the jobs (test_job_permissions.py), and where a refused claim does not bring the row",
}
UNUSED_BY_SCANNER = {**IMAGES, **KEYS, **RUN}
UNUSED_BY_SPOKE = {**IMAGES, **KEYS}


def scans(scanner: Scanner, cloud: LocalCloud, account: dict[str, str], keys: Any) -> None:
    """Every way that a scan goes, with one function each."""
    deliver, knobs = scanner.deliver, scanner.stand_in.turn

    def statuses(name: str, **options: Any) -> str:
        outcome = deliver(events.code_updated(name, **account), **options)
        return outcome.json["status"] if outcome.kind == "response" else outcome.error_type

    cloud.create_function("done", PYTHON, keys=keys)
    assert [statuses("done"), statuses("done")] == ["scanned", "cached"]
    cloud.create_function("late", NODE, keys=keys)
    knobs("late", exit_code=40)
    assert statuses("late") == "partial"
    cloud.create_function("bad", OTHER, keys=keys)
    knobs("bad", exit_code=1)
    assert statuses("bad").startswith("QScanner.")
    cloud.create_image_function("image", keys=keys)
    assert statuses("image") == "scanned"
    assert statuses("gone") == "skipped"
    # Results of several parts, and ones whose upload breaks off.
    cloud.create_function("large", {"app.py": "3\n"}, keys=keys)
    knobs("large", result="huge:20000000")
    assert statuses("large") == "scanned"
    cloud.create_function("broken", {"app.py": "4\n"}, keys=keys)
    knobs("broken", result="huge:20000000")
    cloud.fault("status", "s3:UploadPart", status=403, code="AccessDenied")
    assert statuses("broken").startswith("AWS.")


def calls_by_key(cloud: LocalCloud, tests: set[str]) -> dict[str, list[Call]]:
    """What was asked with each key but the test's own.

    Downloads of packages have no key: they are signed in their address and need no permission.
    """
    found: dict[str, list[Call]] = {}
    for recorded in cloud.calls():
        if recorded["access_key_id"] not in tests | {""}:
            found.setdefault(recorded["access_key_id"], []).append(Call.of(recorded))
    return found


@pytest.fixture
def recording(cloud: LocalCloud) -> Iterator[None]:
    yield
    cloud.record_bodies(False)


def play(cloud: LocalCloud, stack: Stack, bootstrap: Path, folder: Path, owner: Any = None) -> tuple[str, dict[str, list[Call]]]:  # fmt: skip
    """The scanner's key, and the calls by key; those of the test itself are left out."""
    account = {"account": SPOKE} if owner else {}
    with stack.scanner(bootstrap, folder) as scanner:
        cloud.clear_calls()
        cloud.record_bodies()
        scans(scanner, cloud, account, owner)
        calls = calls_by_key(cloud, {keys.access_key_id for keys in (cloud.root, owner) if keys})
    return scanner.keys.access_key_id, calls


def assert_fitting(statements: list[dict[str, Any]], calls: list[Call], unused: dict[str, str]) -> None:
    assert [call for call in calls if not allows(statements, call)] == []
    assert actions(statements) - {call.action for call in calls} == set(unused)


@pytest.mark.parametrize("template", ["single-account-native", "stackset"])
def test_the_scanners_role_fits(
    cloud: LocalCloud, template: str, bootstrap: Path, tmp_path: Path, recording: None
) -> None:
    stack = deployed(cloud, template)
    key, calls = play(cloud, stack, bootstrap, tmp_path)
    assert set(calls) == {key}
    assert_fitting(stack.policies(stack.outputs["RoleArn"]), calls[key], UNUSED_BY_SCANNER)


def test_the_roles_of_hub_and_spoke_fit(
    cloud: LocalCloud, bootstrap: Path, tmp_path: Path, recording: None
) -> None:
    hub, spoke = hub_and_spoke(cloud)
    key, calls = play(cloud, hub, bootstrap, tmp_path, spoke.keys)
    hubs = calls.pop(key)
    (spokes,) = calls.values()
    # The hub reads and tags functions of its own account as itself.
    own = {"lambda:GetFunction": "its own functions", "lambda:TagResource": "its own functions"}
    assert_fitting(hub.policies(hub.outputs["RoleArn"]), hubs, UNUSED_BY_SCANNER | own)
    assert_fitting(spoke.policies(spoke.outputs["SpokeRoleArn"]), spokes, UNUSED_BY_SPOKE)


def test_what_is_turned_off_is_not_allowed(cloud: LocalCloud) -> None:
    off = ("EnableS3Results", "EnableSNSNotifications", "EnableScanCache", "EnableTagging")
    stack = deployed(cloud, "single-account-native", **dict.fromkeys(off, "false"))
    allowed = actions(stack.policies(stack.outputs["RoleArn"]))
    assert {action.partition(":")[0] for action in allowed} == {"logs", "secretsmanager", "kms", "lambda", "ecr", "sqs"}
    assert "lambda:TagResource" not in allowed


def test_the_forwarding_role_sends_to_the_hubs_bus_alone(cloud: LocalCloud) -> None:
    hub, spoke = hub_and_spoke(cloud)
    (statement,) = spoke.policies(spoke.resources["ForwardingRole"])
    assert statement["Action"] == "events:PutEvents"
    assert statement["Resource"] == hub.outputs["EventBusArn"]


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:PutObject", "arn:aws:s3:::another/scans/1.json", {}),
        ("s3:GetObject", "arn:aws:s3:::{ResultsBucket}/scans/1.json", {}),
        ("lambda:GetFunction", "arn:aws:lambda:us-east-1:111122223333:function:orders", {}),
        ("lambda:TagResource", "arn:aws:lambda:us-east-1:012345678912:function:a", {"aws:TagKeys": ["owner"]}),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:012345678912:function:a", {}),
        ("sns:Publish", "arn:aws:sns:us-east-1:012345678912:another", {}),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:012345678912:secret:b", {}),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/qualys-lambda-scanner-spoke", {}),
        ("dynamodb:DeleteItem", "arn:aws:dynamodb:us-east-1:012345678912:table/{ScanCacheTable}", {}),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:012345678912:key/1", {}),
    ],
)  # fmt: skip
def test_the_scanners_role_refuses(
    stack: Stack, action: str, resource: str, context: dict[str, list[str]]
) -> None:
    call = Call(action, resource.format(**stack.outputs), context)
    assert not allows(stack.policies(stack.outputs["RoleArn"]), call)


def test_the_hub_takes_the_spokes_role_only_with_the_external_id(cloud: LocalCloud) -> None:
    hub, spoke = hub_and_spoke(cloud)
    statements = hub.policies(hub.outputs["RoleArn"])
    role, given = spoke.outputs["SpokeRoleArn"], [spoke.parameters["ExternalId"]]

    def call(account: str, resource: str, external_id: list[str]) -> Call:
        context = {"sts:ExternalId": external_id, "aws:ResourceAccount": [account]}
        return Call("sts:AssumeRole", resource, context)

    assert allows(statements, call(SPOKE, role, given))
    assert not allows(statements, call(SPOKE, role, []))
    assert not allows(statements, call(SPOKE, role + "-x", given))
    stranger = "999999999999"
    assert not allows(statements, call(stranger, role.replace(SPOKE, stranger), given))


@pytest.fixture(scope="module")
def calls_of_the_suite() -> list[list[str]]:
    """What the program has called in the end-to-end tests: action, resource, region, account and program of each kind."""
    files = sorted((REPOSITORY / "build" / "calls").glob("end-to-end-*.json"))
    if not files:
        pytest.skip("the end-to-end tests have not run: make end-to-end-test")
    return [call for file in files for call in json.loads(file.read_text())]


def as_in_stack(call: list[str], stack: Stack) -> Call:
    """The call with the stack's bucket, table, topic, secret and region in place of those that the tests have."""
    action, resource, region, account, _ = call
    outputs, service = stack.outputs, action.split(":")[0]
    if service == "s3":
        # The jobs' tests write below prefixes of their own. A key is known by its first folders alone.
        key = re.sub(r"^(?:qualys|vmdr)/", "", resource.partition("/")[2]) + "/"
        resource = f"arn:aws:s3:::{outputs['ResultsBucket']}/{key}"
    elif service == "dynamodb":
        resource = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{outputs['ScanCacheTable']}"
    elif service == "sns":
        resource = outputs["NotificationsTopicArn"]
    elif service == "secretsmanager":
        resource = stack.parameters["QualysSecretArn"]
    elif service == "lambda" and resource.startswith("arn:"):
        owner, *name = resource.split(":")[4:]
        # There is one spoke here: what the program does in another as that one's role, it does in this as its own.
        owner = SPOKE if owner == account != ACCOUNT else owner
        resource = ":".join(["arn", "aws", "lambda", "us-east-1", owner, *name])
    elif service == "lambda":
        resource = f"arn:aws:lambda:us-east-1:{account}:function:{resource}"
    context = {}
    if service == "sts":
        resource = f"arn:aws:iam::{SPOKE}:role/{Template.read('centralized-hub').parameters['SpokeRoleName']['Default']}"
        context = {"sts:ExternalId": [EXTERNAL_ID], "aws:ResourceAccount": [SPOKE]}
    if action == "lambda:TagResource":
        context = {"aws:TagKeys": ["QualysScanStatus"]}
    return Call(SAME_AS.get(action, action), resource, context)


@pytest.mark.parametrize("template", SCANNERS)
def test_the_roles_allow_all_that_the_program_called_in_the_whole_suite(
    cloud: LocalCloud, template: str, calls_of_the_suite: list[list[str]]
) -> None:
    is_hub = template == "centralized-hub"
    jobs = {"EnableWasSnapshot": "true", "EnableHostDetections": "true"}
    scanner, spoke = hub_and_spoke(cloud, **jobs) if is_hub else (deployed(cloud, template, **jobs), None)
    own, theirs = [], []
    for recorded in calls_of_the_suite:
        account = recorded[3]
        # A call with credentials that AWS refused is nobody's, and packages are read with the key in their address.
        if not account or recorded[0].startswith("package:"):
            continue
        call = as_in_stack(recorded, scanner)
        (own if account == ACCOUNT else theirs).append(call)
    statements = scanner.policies(scanner.outputs["RoleArn"])
    wanted = [call for call in own if is_hub or call.action != "sts:AssumeRole"]
    assert len(wanted) > 10
    assert [call for call in wanted if not allows(statements, call)] == []
    # That nothing more is allowed is shown above, with the scans of this file: they go every way.
    if spoke:
        allowed = spoke.policies(spoke.outputs["SpokeRoleArn"])
        assert theirs and [call for call in theirs if not allows(allowed, call)] == []


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud) -> Stack:
    """For tests that only read."""
    return deployed(cloud, "single-account-native")
