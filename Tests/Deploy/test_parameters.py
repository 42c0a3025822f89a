"""Bad input is refused by CloudFormation itself, before anything is created."""

from __future__ import annotations

import re
import runpy

import pytest
from templates import FOLDER, SCANNERS, Template

GOOD = {
    "QualysPod": "US2",
    "QualysSecretArn": "arn:aws:secretsmanager:us-east-1:012345678912:secret:qualys-AbCdEf",
    "CodeS3Bucket": "artifacts",
    "CodeS3Key": "bootstrap.zip",
    "QScannerLayerArn": "arn:aws:lambda:us-east-1:012345678912:layer:qscanner:1",
}
HUB = {**GOOD, "ExternalId": "0123456789abcdef", "SpokeAccountIds": "111122223333"}
SPOKE = {
    "HubEventBusArn": "arn:aws:events:us-east-1:012345678912:event-bus/hub-spokes",
    "HubScannerRoleArn": "arn:aws:iam::012345678912:role/hub-us-east-1",
    "ExternalId": "0123456789abcdef",
}


@pytest.mark.parametrize(
    ("name", "given"),
    [("single-account-native", GOOD), ("stackset", GOOD), ("centralized-hub", HUB), ("centralized-spoke", SPOKE)],
)  # fmt: skip
def test_good_input_is_taken_and_nothing_of_it_can_be_left_out(name: str, given: dict[str, str]) -> None:
    template = Template.read(name)
    assert template.refusals(given) == []
    defaults = (f"{key}={rule['Default']}" for key, rule in template.parameters.items() if "Default" in rule)
    assert looked_at(template, *defaults, *(f"{key}={value}" for key, value in given.items())) == []
    for left_out in given:
        rest = {key: value for key, value in given.items() if key != left_out}
        assert len(template.refusals(rest)) == 1, left_out


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("QualysPod", ["", "US9", "us2", "US2 "]),
        ("QualysSecretArn", ["", "qualys", "arn:aws:s3:::bucket", '{"qualys_access_token": "t"}']),
        ("CodeS3Bucket", ["", "A", "s3://bucket", "bucket/key"]),
        ("CodeS3Key", [""]),
        ("QScannerLayerArn", ["", "arn:aws:lambda:us-east-1:012345678912:layer:qscanner"]),
        ("Architecture", ["", "arm", "x86"]),
        ("ScannerMemorySize", ["100", "511", "10241", "big"]),
        ("ScannerTimeout", ["0", "59", "901"]),
        ("ScanTimeout", ["0", "901"]),
        ("EphemeralStorageMB", ["511", "10241"]),
        ("CacheTTLDays", ["0", "-1", "3651", ""]),
        ("ReservedConcurrency", ["", "0", "-2", "1001", "1.5"]),
        ("EnableTagging", ["", "yes", "True"]),
        ("EnableS3Results", ["on"]),
        ("ExcludeFunctions", ["a b", "a, b", "a,,b!", "arn:aws:lambda:x", "n" * 65, "a**b"]),
        ("ScanTypes", ["", "pkg, secret", "pkg,", "-x"]),
        ("MaxWorkers", ["0", "65"]),
        ("QualysApiUrl", ["qualysapi.example.com", "http://qualysapi.example.com", "https://a b"]),
        ("QualysGatewayUrl", ["https://user@gateway.example.com"]),
        ("AlarmEmail", ["nobody", "a@b", "a b@c.d"]),
        ("LogLevel", ["", "loud", "INFO"]),
        ("PermissionsBoundaryArn", ["boundary", "arn:aws:iam::1:policy/x"]),
        ("WasExportSchedule", ["", "daily", "rate()", "rate(1 days)", "rate(2 day)", "rate(0 days)", "rate(6 h)"]),
        ("CarImportSchedule", ["cron(0 3 * * ?)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(0  3 * * ? *)"]),
        ("EnableWasExport", ["", "ENABLED"]),
    ],
)
def test_bad_input_is_refused_with_a_sentence(name: str, parameter: str, values: list[str]) -> None:
    template = Template.read(name)
    given = HUB if name == "centralized-hub" else GOOD
    for value in values:
        # What deploy.sh looks at before it makes anything says the same.
        assert looked_at(template, f"{parameter}={value}") == template.refusals({**given, parameter: value})[:1]
        (refusal,) = set(template.refusals({**given, parameter: value}))
        assert re.match(rf"{parameter}: (Must|Each must) .+\.$", refusal), (value, refusal)


@pytest.mark.parametrize(
    "schedule",
    ["rate(1 minute)", "rate(1 day)", "rate(15 minutes)", "rate(36 hours)", "cron(0 3 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 18 ? * 6#3 2026-2030)", "cron(0 10 1,15 JAN ? 2027)"],
)  # fmt: skip
def test_schedules_of_eventbridge_are_taken(schedule: str) -> None:
    template = Template.read("single-account-native")
    assert template.refusals({**GOOD, "WasExportSchedule": schedule}) == []
    assert looked_at(template, f"WasExportSchedule={schedule}") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ExternalId": "0123456789abcde"}, "ExternalId: Must have 16 to 1224"),
        ({"ExternalId": "0123456789 abcdef"}, "ExternalId: Must have 16 to 1224"),
        ({"SpokeAccountIds": "", "OrganizationId": ""}, "A hub needs spokes"),
        ({"SpokeAccountIds": "11112222333"}, "SpokeAccountIds: Each must be an account"),
        ({"SpokeAccountIds": "111122223333, 444455556666"}, "SpokeAccountIds: Each must be"),
        ({"OrganizationId": "o-1"}, "OrganizationId: Must be empty or"),
        ({"SpokeRoleName": "role/name"}, "SpokeRoleName: Must be the name"),
    ],
)
def test_a_hub_without_proper_spokes_is_refused(changes: dict[str, str], said: str) -> None:
    (refusal,) = Template.read("centralized-hub").refusals({**HUB, **changes})
    assert refusal.startswith(said)


@pytest.mark.parametrize(
    "given",
    [
        {"SpokeAccountIds": "", "OrganizationId": "o-a1b2c3d4e5"},
        {"SpokeAccountIds": "111122223333,444455556666"},
        {"SpokeAccountIds": "111122223333", "OrganizationId": "o-a1b2c3d4e5"},
    ],
)
def test_an_organization_or_accounts_or_both_make_a_hub(given: dict[str, str]) -> None:
    assert Template.read("centralized-hub").refusals({**HUB, **given}) == []


@pytest.mark.parametrize("job", ["WasExport", "WasSnapshot", "HostDetections", "CarImport"])
def test_a_job_that_writes_objects_needs_the_bucket(job: str) -> None:
    template = Template.read("single-account-native")
    refusals = template.refusals({**GOOD, f"Enable{job}": "true", "EnableS3Results": "false"})
    assert len(refusals) == (job != "CarImport")
    # deploy.sh says the same before it makes anything, and knows what the stack was given before.
    given = [f"Enable{job}=true"]
    assert looked_at(template, "EnableS3Results=false", *given) == refusals
    assert looked_at(template, *given, before=["EnableS3Results=false"]) == refusals
    assert looked_at(template, *given) == []
    assert template.refusals({**GOOD, f"Enable{job}": "true"}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"HubEventBusArn": "hub-spokes"},
        {"HubScannerRoleArn": "*"},
        {"HubScannerRoleArn": "arn:aws:iam::012345678912:root"},
        {"ExternalId": "short"},
        {"RoleRegion": "everywhere"},
    ],
)
def test_a_spoke_without_a_proper_hub_is_refused(changes: dict[str, str]) -> None:
    assert len(Template.read("centralized-spoke").refusals({**SPOKE, **changes})) == 1


def test_more_exclusions_than_eventbridge_takes_are_refused() -> None:
    template = Template.read("single-account-native")
    names = [f"a-function-with-a-name-of-forty-letters-{number:02}" for number in range(11)]
    assert looked_at(template, f"ExcludeFunctions={','.join(names[:10])}") == []
    (refusal,) = looked_at(template, f"ExcludeFunctions={','.join(names)}")
    assert "no more than 2048" in refusal


def looked_at(template: Template, *given: str, before: list[str] | None = None) -> list[str]:
    """What check_parameters.py says."""
    check = runpy.run_path(str(FOLDER / "deploy" / "check_parameters.py"))
    return list(check["refusals"](template.text, list(given), before or []))
