#!/usr/bin/env python3
"""Refuses what CloudFormation would refuse, before deploy.sh has made anything.

    check_parameters.py TEMPLATE Name=Value...

Says what is wrong and ends with 1. Standard input has what the stack was given before, one Name=Value a line; what is given
now wins. It reads the templates by their form, one limit a line, because deploy.sh has to run with Python alone. What is
missing is not looked for: deploy.sh gives it, or the stack has it already.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

Rule = dict[str, str]
_EQUALS = re.compile(r"!Equals \[!Ref (\w+), '(\w+)'\]")


def section(template: str, name: str) -> dict[str, list[str]]:
    """The lines of each item of a section, by the item's name."""
    text = re.search(rf"(?ms)^{name}:\n(.*?)^\S", template)
    found: dict[str, list[str]] = {}
    for line in text[1].splitlines() if text else ():
        if item := re.fullmatch(r"  (\w+):", line):
            found[item[1]] = []
        elif found:
            found[next(reversed(found))].append(line)
    return found


def parameters(template: str) -> dict[str, Rule]:
    """The parameters of a template, each with its limits as they stand there."""
    return {
        name: {limit[1]: limit[2].strip("'") for line in lines if (limit := re.fullmatch(r"    (\w+): (.*)", line))}
        for name, lines in section(template, "Parameters").items()
    }


def refusals(template: str, given: list[str], before: list[str] = []) -> list[str]:
    """A sentence for everything that does not fit."""
    rules = parameters(template)
    faults = []
    for item in given:
        name, is_pair, value = item.partition("=")
        if not is_pair:
            faults.append(f"{item} has no value; write Name=Value")
        elif name not in rules:
            faults.append(f"{name} is no parameter of this template")
        elif not fits(rules[name], value):
            faults.append(f"{name}: {rules[name].get('ConstraintDescription', 'it does not fit.')}")
        elif name == "ExcludeFunctions" and not has_room(value):
            faults.append(f"{name}: EventBridge takes no more than 2048 characters, and each name stands there three times.")
    defaults = [f"{name}={rule['Default']}" for name, rule in rules.items() if "Default" in rule]
    return faults or list(broken_rules(template, dict(item.split("=", 1) for item in defaults + before + given)))


def fits(rule: Rule, value: str) -> bool:
    if rule["Type"] == "Number":
        is_whole = re.fullmatch(r"-?[0-9]+", value) is not None
        return is_whole and int(rule["MinValue"]) <= int(value) <= int(rule["MaxValue"])
    if "AllowedValues" in rule and value not in re.findall(r"[\w.-]+", rule["AllowedValues"]):
        return False
    if not int(rule.get("MinLength", 0)) <= len(value) <= int(rule.get("MaxLength", len(value))):
        return False
    items = value.split(",") if rule["Type"] == "CommaDelimitedList" else [value]
    return all(re.fullmatch(rule.get("AllowedPattern", r"(?s).*"), item) for item in items)


def has_room(names: str) -> bool:
    """Whether EventBridge takes the pattern, of which all else is less than 350 characters."""
    return sum(3 * len(name) + 33 for name in names.split(",")) <= 1700


def broken_rules(template: str, values: dict[str, str]) -> Iterator[str]:
    """Rules of the form: where one of these is set, that has to be. Those without a condition are for CloudFormation."""
    for lines in section(template, "Rules").values():
        condition, _, assertion = "\n".join(lines).partition("    Assertions:")
        if not any(values.get(name) == value for name, value in _EQUALS.findall(condition)):
            continue
        if not all(values.get(name) == value for name, value in _EQUALS.findall(assertion)):
            yield assertion.partition("AssertDescription: ")[2].strip()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        faults = refusals(file.read(), sys.argv[2:], [line for line in sys.stdin.read().splitlines() if "=" in line])
    print("\n".join(f"deploy: {fault}" for fault in faults), end="\n" if faults else "", file=sys.stderr)
    sys.exit(1 if faults else 0)
