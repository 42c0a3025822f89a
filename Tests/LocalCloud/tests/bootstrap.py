#!/usr/bin/env python3
"""A function for the self tests: answers with what it got, or does what the event says."""

import json
import os
import sys
import time
import urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
JSON = {"Content-Type": "application/json"}


def post(path: str, body: object, headers: dict[str, str]) -> None:
    data = json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers)).read()


def main() -> None:
    error = {"errorMessage": "no", "errorType": "Test.Failed", "stackTrace": []}
    error_headers = {**JSON, "Lambda-Runtime-Function-Error-Type": "Test.Failed"}
    if os.environ.get("INIT") == "fail":
        post("/init/error", error, error_headers)
        sys.exit(1)
    while True:
        with urllib.request.urlopen(BASE + "/invocation/next") as answer:
            request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(answer)
        print(
            json.dumps({"level": "INFO", "message": "event", "requestId": request_id}), flush=True
        )
        if event == {"do": "die"}:
            sys.exit(3)
        if event == {"do": "fail"}:
            post(f"/invocation/{request_id}/error", error, error_headers)
        elif event == {"do": "fail badly"}:
            post(f"/invocation/{request_id}/error", {}, JSON)
        elif event == {"do": "work"}:
            end = time.process_time() + 0.2
            while time.process_time() < end:
                pass
            post(f"/invocation/{request_id}/response", {"memory": len(b"x" * 30_000_000)}, JSON)
        else:
            post(f"/invocation/{request_id}/response", {"got": event}, JSON)


if __name__ == "__main__":
    main()
