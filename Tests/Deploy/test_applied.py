"""`terraform apply` of the examples, with the real Terraform and provider, from nothing to the first scan.

Applying waits more than it works: the provider looks for half a minute whether a new queue or lifecycle stays what it is. So all
begin together, each in a cloud of its own, and the tests of one wait for it alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from lab import PYTHON, REGION, SECRET, TOKEN
from localcloud import events
from localcloud.client import LocalCloud
from same import hub_of_terraform, same_hub
from stacks import EXTERNAL_ID, SPOKE, assert_complete
from terraform import Applied, Terraform

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def all_applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Applied]]:
    terraform = Terraform.copy(tmp_path_factory.mktemp("applied"))
    with ExitStack() as stack:
        applied = {}
        for name in ("single-region-native", "single-account-multi-region", "hub-spoke"):
            cloud = stack.enter_context(LocalCloud.start())
            applied[name] = Applied(cloud, terraform.folder(f"examples/{name}"), _variables(name, cloud))
        spoke = applied["hub-spoke"]
        spoke.environment = _profiles(spoke.cloud, terraform.root / "credentials")
        cloud = stack.enter_context(LocalCloud.start())
        applied["hub"] = hub_of_terraform(cloud, terraform)
        for each in applied.values():
            each.start()
        yield applied
        for each in applied.values():
            each.finish()


def _variables(name: str, cloud: LocalCloud) -> dict[str, Any]:
    given = {"qualys_pod": "US2", "qualys_secret_arn": cloud.create_secret("qualys", SECRET)}
    if name != "single-account-multi-region":
        given["region"] = REGION
    if name == "hub-spoke":
        given |= {"hub_profile": "security", "spoke_profile": "orders", "external_id": EXTERNAL_ID}
    return given


def _profiles(cloud: LocalCloud, file: Path) -> dict[str, str]:
    keys = {"security": cloud.root, "orders": cloud.add_credentials(SPOKE)}
    file.write_text("".join(
        f"[{name}]\naws_access_key_id={key.access_key_id}\naws_secret_access_key={key.secret_access_key}\n"
        for name, key in keys.items()
    ))  # fmt: skip
    return {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.fixture
def one(all_applied: dict[str, Applied]) -> Applied:
    all_applied["single-region-native"].finish()
    return all_applied["single-region-native"]


@pytest.fixture
def hub(all_applied: dict[str, Applied]) -> Applied:
    all_applied["hub-spoke"].finish()
    return all_applied["hub-spoke"]


def test_a_change_is_scanned_with_the_settings_and_the_role_that_were_applied(
    one: Applied, bootstrap: Path, tmp_path: Path
) -> None:
    arn = one.cloud.create_function("orders", PYTHON)
    with one.scanner(bootstrap, tmp_path) as scanner:
        assert scanner.deliver(events.function_created("orders")).json["status"] == "scanned"
        assert scanner.deliver(events.code_updated("orders")).json["status"] == "cached"
        assert scanner.deliver(events.code_updated(one.outputs["FunctionName"])).json["status"] == "skipped"
    assert_complete(one, arn)


def test_no_secret_is_in_the_state(one: Applied) -> None:
    assert one.variables["qualys_secret_arn"] in one.state
    assert TOKEN not in one.state


def test_applying_again_changes_nothing_and_a_variable_just_what_it_says(one: Applied) -> None:
    assert one("plan", "-detailed-exitcode").returncode == 0
    before = one.function
    one.variables["scanner_memory_size"] = 3008
    done = one("apply", "-auto-approve")
    assert "0 added, 1 changed, 0 destroyed" in done.stdout, done.stdout + done.stderr
    after = one.function
    assert (before["MemorySize"], after["MemorySize"]) == (2048, 3008)
    changing = {"MemorySize", "LastModified", "RevisionId"}
    assert {key: value for key, value in after.items() if key not in changing} == {
        key: value for key, value in before.items() if key not in changing
    }


def test_bad_input_is_refused_before_anything_is_made(one: Applied) -> None:
    one.cloud.clear_calls()
    done = one("apply", "-auto-approve", "-var", "qualys_pod=US9", "-var", "scanner_memory_size=100")
    assert done.returncode == 1
    assert "Must be one of US1" in done.stderr and "from 512 to 10240" in done.stderr
    looks = ("Get", "Describe", "List", "Head")
    assert [call for call in one.cloud.actions() if not call.split(":")[1].startswith(looks)] == []


def test_a_spokes_change_is_scanned_by_the_hub_through_the_role_that_was_applied(
    hub: Applied, bootstrap: Path, tmp_path: Path
) -> None:
    keys = hub.cloud.add_credentials(SPOKE)
    arn = hub.cloud.create_function("orders", PYTHON, keys=keys)
    hub.cloud.clear_calls()
    with hub.scanner(bootstrap, tmp_path) as scanner:
        outcome = scanner.deliver(events.code_updated("orders", account=SPOKE))
        assert outcome.json["status"] == "scanned", outcome.body
    (assumed,) = hub.cloud.calls("sts:AssumeRole")
    assert assumed["resource"] == hub.outputs["SpokeRoleArn"]
    assert_complete(hub, arn, keys)
    (rule,) = hub.cloud.boto("events", keys=keys).list_rules()["Rules"]
    (target,) = hub.cloud.boto("events", keys=keys).list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == hub.outputs["EventBusArn"]
    assert hub("plan", "-detailed-exitcode").returncode == 0


def test_every_region_has_its_scanner(all_applied: dict[str, Applied]) -> None:
    regions = all_applied["single-account-multi-region"]
    regions.finish()
    values = regions.values
    assert set(values["function_arns"]) == {"us-east-1", "us-west-2", "eu-west-1"}
    for region, arn in values["function_arns"].items():
        assert arn.split(":")[3] == region
        function = regions.cloud.boto("lambda", region).get_function_configuration(FunctionName=arn)
        settings = function["Environment"]["Variables"]
        assert settings["RESULTS_S3_BUCKET"] == values["results_buckets"][region]
        assert settings["QUALYS_SECRET_ARN"] == regions.variables["qualys_secret_arn"]
    assert len({bucket for bucket in values["results_buckets"].values()}) == 3


def test_what_terraform_makes_is_what_the_template_makes(
    all_applied: dict[str, Applied], cloud: LocalCloud
) -> None:
    applied = all_applied["hub"]
    applied.finish()
    same_hub(applied, cloud)


def test_destroying_keeps_the_data(one: Applied) -> None:
    """The last: it leaves nothing for the others."""
    outputs, cloud = one.outputs, one.cloud
    cloud.boto("s3").put_object(Bucket=outputs["ResultsBucket"], Key="scans/one.json", Body=b"{}")
    refused = one("destroy", "-auto-approve")
    assert refused.returncode == 1 and "prevent_destroy" in refused.stderr
    assert one.function["FunctionName"] == outputs["FunctionName"]

    assert one("state", "rm", "module.scanner.module.kept_data").returncode == 0
    done = one("destroy", "-auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr
    assert cloud.boto("lambda").list_functions()["Functions"] == [] or outputs["FunctionName"] not in {
        item["FunctionName"] for item in cloud.boto("lambda").list_functions()["Functions"]
    }
    assert cloud.objects(outputs["ResultsBucket"])["scans/one.json"] == b"{}"
    blocked = cloud.boto("s3").get_public_access_block(Bucket=outputs["ResultsBucket"])
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}
    assert isinstance(cloud.rows(outputs["ScanCacheTable"]), list)
    assert json.loads(cloud.boto("s3").get_bucket_policy(Bucket=outputs["ResultsBucket"])["Policy"])["Statement"]
