"""The Terraform modules: formatted, valid, tested by their own tests, and with the parameters of the templates."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from templates import Template
from terraform import SOURCES, Terraform, blocks, command, settings, snake

# A module with tests, the template that it stands for, and the variables that it has beside the template's parameters.
MODULES = [("scanner-native", "centralized-hub", {"name"}), ("scanner-spoke", "centralized-spoke", {"name"})]
ROOTS = ["modules/scanner-native", "modules/scanner-spoke", *(f"examples/{path.name}" for path in (SOURCES / "examples").iterdir())]  # fmt: skip


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return Terraform.copy(tmp_path_factory.mktemp("terraform"))


def test_every_file_is_formatted(terraform: Terraform) -> None:
    done = terraform.run(terraform.root, "fmt", "-check", "-recursive", "terraform")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_modules_and_examples_are_valid(terraform: Terraform) -> None:
    for name in ROOTS:
        done = terraform.run(terraform.folder(name), "validate", "-json")
        assert json.loads(done.stdout)["diagnostics"] == [], name


def test_the_modules_own_tests_pass(terraform: Terraform) -> None:
    """Two at once: each starts the provider anew for every run of a test."""
    begun = [
        subprocess.Popen(
            command("test"), cwd=terraform.folder(f"modules/{name}"), env=settings({}),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for name, _, _ in MODULES
    ]  # fmt: skip
    for process in begun:
        text = process.communicate(timeout=200)[0]
        assert process.returncode == 0 and "Success!" in text, text


@pytest.mark.parametrize(("module", "template", "more"), MODULES)
def test_a_module_has_the_parameters_of_its_template(module: str, template: str, more: set[str]) -> None:
    parameters = {snake(name): rule for name, rule in Template.read(template).parameters.items()}
    variables = dict(variables_of(module))
    assert set(variables) - more == set(parameters)
    for name, rule in parameters.items():
        assert limits_of_variable(name, variables[name]) == limits_of_parameter(module, name, rule)


def test_the_scanners_variables_are_those_of_the_template_of_one_account_and_of_the_hub() -> None:
    one = {snake(name) for name in Template.read("single-account-native").parameters}
    assert {name for name, _ in variables_of("scanner-native", "variables.tf")} == one | {"name"}


def variables_of(module: str, files: str = "variables*.tf") -> Iterator[tuple[str, str]]:
    for path in sorted((SOURCES / "modules" / module).glob(files)):
        yield from blocks(path.read_text(), "variable")


def limits_of_variable(name: str, body: str) -> dict[str, Any]:
    """What a variable says of itself: by one form for each kind of limit, so that it can be read here."""
    members = dict(re.findall(r"^  (\w+) += (.*)$", body, re.MULTILINE))
    condition, message = (re.search(rf"(?m)^    {item} += (.*)$", body) for item in ("condition", "error_message"))
    assert members["nullable"] == "false", name
    found: dict[str, Any] = {"type": members["type"], "description": json.loads(members["description"])}
    if "default" in members:
        found["default"] = json.loads(members["default"])
    if members["type"] == "bool" or condition is None or message is None:
        return found
    test, variable = condition[1], f"var.{name}"
    if listed := re.fullmatch(rf"contains\((\[.*\]), {variable}\)", test):
        found["limit"] = json.loads(listed[1])
    elif between := re.fullmatch(rf"{variable} >= (\d+) && {variable} <= (\d+) && floor\({variable}\) == {variable}", test):  # fmt: skip
        found["limit"] = (int(between[1]), int(between[2]))
    elif pattern := re.match(rf'(?:alltrue\(\[for item in {variable} : )?can\(regex\(("(?:[^"\\]|\\.)*"), (?:item|{variable})\)\)', test):  # fmt: skip
        found["limit"] = json.loads(pattern[1])
        # Go's regular expressions count to a thousand at most.
        if length := re.search(rf"length\({variable}\) <= (\d+)$", test):
            found["limit"] = found["limit"].replace(",}", f",{length[1]}}}")
    else:
        found["limit"] = [int(number) for number in re.findall(rf"length\({variable}\) [<>]= (\d+)", test)]
        assert found["limit"], f"{name}: {test}"
    found["message"] = json.loads(message[1])
    return found


def limits_of_parameter(module: str, name: str, rule: dict[str, Any]) -> dict[str, Any]:
    """The same of a template's parameter, as Terraform has to say it."""
    is_flag = rule.get("AllowedValues") == ["true", "false"]
    is_number = rule["Type"] == "Number" or name == "reserved_concurrency"
    is_list = rule["Type"] == "CommaDelimitedList"
    description = rule["Description"].replace(", with commas between them", "") if is_list else rule["Description"]
    found: dict[str, Any] = {
        "type": "bool" if is_flag else "number" if is_number else "list(string)" if is_list else "string",
        "description": description,
    }
    if "Default" in rule:
        default = rule["Default"]
        found["default"] = [] if is_list else json.loads(str(default)) if is_flag or is_number else default
    if is_flag:
        return found
    lengths = [rule[bound] for bound in ("MinLength", "MaxLength") if bound in rule]
    found["message"] = rule.get("ConstraintDescription", f"Must have at most {lengths[-1:]} characters.".translate({91: None, 93: None}))  # fmt: skip
    if "AllowedValues" in rule:
        found["limit"] = rule["AllowedValues"]
    elif rule["Type"] == "Number":
        found["limit"] = (rule["MinValue"], rule["MaxValue"])
    elif "AllowedPattern" in rule:
        # A list is empty when nothing is in it, not when an empty text is. Go's patterns do not look ahead.
        pattern = rule["AllowedPattern"].replace(r"(?!.*\*\*)", "")
        found["limit"] = pattern.removeprefix("^$|") if is_list else pattern
    else:
        found["limit"] = lengths
    if (module, name) == ("scanner-native", "external_id"):
        # Needed by a hub alone, which this module need not be.
        found |= {"default": "", "description": f"(Optional) {description}", "limit": f"^$|{found['limit']}"}
    return found


def test_modules_name_no_partition_no_wildcard_action_and_take_no_secret() -> None:
    for path in SOURCES.rglob("*.tf"):
        text = path.read_text()
        assert "arn:aws:" not in text, path
        for action in re.findall(r'Action\s+= (.*)', text):
            assert "*" not in action or action in ('"s3:*"', '"sqs:*"'), path
        for name, body in blocks(text, "variable"):
            assert not re.search("token|password|secret$", name) and "description" in body, path
        for name, body in blocks(text, "output"):
            assert "description" in body, path
    denied = re.findall(r'Effect\s+= "Deny".*?Action\s+= (\S+)', "".join(path.read_text() for path in SOURCES.rglob("*.tf")), re.S)  # fmt: skip
    assert sorted(set(denied)) == ['"s3:*"', '"sqs:*"']
