"""Prints a log group's events as they come, each once: follow_log.py GROUP

`aws logs tail` is not in every version of the AWS CLI. Events may come late and in any order, so each look goes back a
minute, and passes over what it has seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

BACK_MS = 60_000


def main(group: str) -> None:
    since = int(time.time() * 1000) - 10 * BACK_MS
    seen: dict[str, int] = {}
    while True:
        for event in events(group, since):
            if event["eventId"] not in seen:
                seen[event["eventId"]] = event["timestamp"]
                print(event["message"].rstrip("\n"), flush=True)
        since = max([since, *(moment - BACK_MS for moment in seen.values())])
        seen = {name: moment for name, moment in seen.items() if moment >= since}
        time.sleep(2)


def events(group: str, since: int) -> list[dict]:
    command = ["aws", "logs", "filter-log-events", "--log-group-name", group, "--start-time", str(since), "--output", "json"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(1)
    return sorted(json.loads(answer.stdout)["events"], key=lambda event: event["timestamp"])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
