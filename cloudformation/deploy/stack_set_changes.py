"""What has to be done with a StackSet: stack_set_changes.py TEMPLATE Name=Value...

Reads what describe-stack-set said, or nothing; prints create, update or none, and the parameters in the form of the CLI.
"""

from __future__ import annotations

import json
import sys


def main(template: str, *given: str) -> None:
    now = json.loads(sys.stdin.read().strip() or "{}").get("StackSet")
    with open(template, encoding="utf-8") as file:
        body = file.read()
    before = {item["ParameterKey"]: item["ParameterValue"] for item in (now or {}).get("Parameters", [])}
    known = {name: value for name, value in before.items() if f"\n  {name}:\n" in body}
    after = known | dict(item.split("=", 1) for item in given)
    same = now and before == after and now["TemplateBody"].strip() == body.strip()
    print("none" if same else "update" if now else "create")
    print(json.dumps([{"ParameterKey": name, "ParameterValue": value} for name, value in after.items()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
