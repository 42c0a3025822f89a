#!/usr/bin/env python3
"""Refuses what CloudFormation would refuse, before deploy.sh has made anything.

    check_parameters.py TEMPLATE Name=Value...

Says what is wrong and ends with 1. It reads the templates of this folder by their form, one limit a line, because deploy.sh
has to run with Python alone. What is missing is not looked for: deploy.sh gives it, or the stack has it already.
"""

from __future__ import annotations

import re
import sys

Rule = dict[str, str]


def parameters(template: str) -> dict[str, Rule]:
    """The parameters of a template, each with its limits as they stand there."""
    section = re.search(r"(?ms)^Parameters:\n(.*?)^\S", template)
    found: dict[str, Rule] = {}
    for line in section[1].splitlines() if section else ():
        if name := re.fullmatch(r"  (\w+):", line):
            rule = found.setdefault(name[1], {})
        elif limit := re.fullmatch(r"    (\w+): (.*)", line):
            rule[limit[1]] = limit[2].strip("'")
    return found


def refusals(rules: dict[str, Rule], given: list[str]) -> list[str]:
    """A sentence for everything that does not fit."""
    faults = []
    for item in given:
        name, is_pair, value = item.partition("=")
        if not is_pair:
            faults.append(f"{item} has no value; write Name=Value")
        elif name not in rules:
            faults.append(f"{name} is no parameter of this template")
        elif not fits(rules[name], value):
            faults.append(f"{name}: {rules[name].get('ConstraintDescription', 'it does not fit.')}")
    return faults


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


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        faults = refusals(parameters(file.read()), sys.argv[2:])
    print("\n".join(faults))
    sys.exit(1 if faults else 0)
