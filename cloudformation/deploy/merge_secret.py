"""What a secret has to be: merge_secret.py NAME VARIABLE=FIELD...

Reads the secret as it is, or nothing, and prints it with the pod and what stands in the environment, or nothing where that
changes nothing. Other fields stay.
"""

from __future__ import annotations

import json
import os
import sys


def merged(name: str, text: str, given: dict[str, str]) -> str:
    try:
        old = json.loads(text or "{}")
    except ValueError:
        old = None
    if not isinstance(old, dict):
        sys.exit(f"deploy: the secret {name} is no JSON object: correct it, or name another with SECRET_NAME")
    new = {**old, **given}
    if not new.get("qualys_access_token"):
        sys.exit(f"deploy: QUALYS_ACCESS_TOKEN is not in the environment, and not yet in a secret {name}")
    return "" if new == old else json.dumps(new)


if __name__ == "__main__":
    variables = dict(field.split("=") for field in sys.argv[2:])
    given = {field: os.environ[name] for name, field in variables.items() if os.environ.get(name)}
    print(merged(sys.argv[1], sys.stdin.read(), {"qualys_pod": os.environ["QUALYS_POD"], **given}), end="")
