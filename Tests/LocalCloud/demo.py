"""`make demo`: a function is changed, scanned and reported, all on this machine.

Everything is real but AWS, which the local cloud stands in for, and QScanner, for which a stand-in
is used unless `layer/qscanner` (or `layer/qscanner.gz`) and QUALYS_ACCESS_TOKEN are there.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from localcloud import events
from demo_jobs import show_jobs
from localcloud.client import LocalCloud
from localcloud.resources import zip_bytes
from localcloud.rie import RuntimeInterfaceEmulator
from localcloud.scanner import StandInScanner

ROOT = Path(__file__).resolve().parents[2]
BUCKET, TABLE, TOPIC, QUEUE = "scan-results", "scan-cache", "scan-findings", "findings-inbox"

PYTHON_APP = {
    "app.py": "def handler(event, context):\n    return 'hello'\n",
    "requirements.txt": "requests==2.19.0\npyyaml==5.3\n",
    "settings.cfg": "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
}
NODE_APP = {
    "index.js": "exports.handler = async () => 'hello'\n",
    "package.json": '{"name": "shop", "dependencies": {"lodash": "4.17.20"}}\n',
    "node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.20"}\n',
}


class Demo:
    """One run, in a folder of its own."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.account = cloud.root.account
        self.aws_cli = [str(Path(sys.executable).with_name("aws")), "--output", "json"]
        self.environment = {**os.environ, **cloud.env()}

    def aws(self, *words: str) -> Any:
        """The real AWS CLI; its answer."""
        # Version 1 of the CLI has an address of its own for SQS, whatever AWS_ENDPOINT_URL says.
        endpoint = ["--endpoint-url", self.cloud.endpoint] if words[0] == "sqs" else []
        done = subprocess.run(
            [*self.aws_cli, *words, *endpoint], env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"aws {' '.join(words[:2])} failed: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else None

    def create_resources(self, token: str, pod: str) -> dict[str, str]:
        """Secret, bucket, topic with a queue, and table; the settings that name them."""
        # By a file: an argument could be read by everybody on the machine.
        secret_file = self.folder / "secret.json"
        secret_file.touch(mode=0o600)
        secret_file.write_text(json.dumps({"qualys_pod": pod, "qualys_access_token": token}))
        secret = self.aws(
            "secretsmanager", "create-secret", "--name", "qualys", "--secret-string", f"file://{secret_file}"
        )["ARN"]
        secret_file.unlink()
        self.aws("s3api", "create-bucket", "--bucket", BUCKET)
        topic = self.aws("sns", "create-topic", "--name", TOPIC)["TopicArn"]
        self.aws("sqs", "create-queue", "--queue-name", QUEUE)
        self.queue_url = f"{self.cloud.endpoint}/{self.account}/{QUEUE}"
        queue = topic.replace(":sns:", ":sqs:").replace(TOPIC, QUEUE)
        self.aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", queue)
        self.aws(
            "dynamodb", "create-table", "--table-name", TABLE, "--billing-mode", "PAY_PER_REQUEST",
            "--attribute-definitions", "AttributeName=function_arn,AttributeType=S",
            "--key-schema", "AttributeName=function_arn,KeyType=HASH",
        )  # fmt: skip
        return {
            "QUALYS_SECRET_ARN": secret,
            "RESULTS_S3_BUCKET": BUCKET,
            "SNS_TOPIC_ARN": topic,
            "SCAN_CACHE_TABLE": TABLE,
        }

    def create_functions(self) -> list[str]:
        """Three functions: Python, Node and an image."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ],
        }
        role = self.aws(
            "iam", "create-role", "--role-name", "app", "--assume-role-policy-document", json.dumps(trust)
        )["Role"]["Arn"]
        for name, runtime, handler, files in (
            ("orders-python", "python3.12", "app.handler", PYTHON_APP),
            ("shop-node", "nodejs20.x", "index.handler", NODE_APP),
        ):
            package = self.folder / f"{name}.zip"
            package.write_bytes(zip_bytes(files))
            self.aws(
                "lambda", "create-function", "--function-name", name, "--runtime", runtime,
                "--handler", handler, "--role", role, "--zip-file", f"fileb://{package}",
            )  # fmt: skip
        image = f"{self.account}.dkr.ecr.us-east-1.amazonaws.com/reports:1"
        self.aws(
            "lambda", "create-function", "--function-name", "reports-image", "--package-type", "Image",
            "--role", role, "--code", f"ImageUri={image}",
        )  # fmt: skip
        return ["orders-python", "shop-node", "reports-image"]

    def scan(self, emulator: RuntimeInterfaceEmulator, name: str) -> dict[str, Any]:
        """Sends the CloudTrail event of a changed function, and says what the scanner answered."""
        began = time.monotonic()
        _, body = emulator.invoke(events.code_updated(name))
        answer = json.loads(body)
        seconds = time.monotonic() - began
        if "errorType" in answer:
            print("\n".join(emulator.process.lines), file=sys.stderr)
            sys.exit(f"{name}: {answer['errorType']}: {answer['errorMessage']}")
        say(name, f"{answer['status']} in {seconds:.2f} s", headline=True)
        return answer

    def show_traces(self, name: str, answer: dict[str, Any]) -> None:
        """What the scan left, as the AWS CLI reads it."""
        arn = f"arn:aws:lambda:us-east-1:{self.account}:function:{name}"
        tags = self.aws("lambda", "list-tags", "--resource", arn)["Tags"]
        say("tags", ", ".join(f"{key}={value}" for key, value in sorted(tags.items())))
        prefix = answer["results"].removeprefix(f"s3://{BUCKET}/").removesuffix(".json")
        objects = self.aws("s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", prefix)["Contents"]
        for each in objects:
            say("s3", f"{each['Key']} ({each['Size']} bytes)")
        message = self.aws("sqs", "receive-message", "--queue-url", self.queue_url)["Messages"][0]
        self.aws(
            "sqs", "delete-message", "--queue-url", self.queue_url, "--receipt-handle", message["ReceiptHandle"]
        )
        published = json.loads(json.loads(message["Body"])["Message"])
        counts = published["vulnerability_summary"]
        found = ", ".join(f"{count} {severity}" for severity, count in counts.items()) if counts else "not known"
        say("message", f"vulnerabilities: {found}; secrets: {published['secrets_found']}")
        row = self.aws(
            "dynamodb", "get-item", "--table-name", TABLE, "--key", json.dumps({"function_arn": {"S": arn}})
        )["Item"]
        say("row", f"{row['scan_status']['S']} at {row['scan_timestamp']['S']}, good until {day(row['ttl']['N'])}")


def qscanner(folder: Path, endpoint: str) -> tuple[Path, str]:
    """The real QScanner when it is there with a token, else the stand-in; and the token."""
    token = os.environ.get("QUALYS_ACCESS_TOKEN", "")
    packed, unpacked = ROOT / "layer" / "qscanner.gz", ROOT / "layer" / "qscanner"
    if not token or not (packed.exists() or unpacked.exists()):
        print("QScanner: a STAND-IN that knows three packages; for the real one see the README, \"The layer\".")
        return StandInScanner(folder / "stand-in", endpoint).path, "a-token-for-the-stand-in"
    binary = folder / "qscanner-binary"
    if unpacked.exists():
        shutil.copyfile(unpacked, binary)
    else:
        with gzip.open(packed) as source, binary.open("wb") as target:
            shutil.copyfileobj(source, target)
    binary.chmod(0o755)
    # The scanner gives QScanner no AWS endpoint, as in AWS there is none to give.
    wrapper = folder / "qscanner"
    wrapper.write_text(f'#!/bin/sh\nAWS_ENDPOINT_URL={endpoint} exec {binary} "$@"\n')
    wrapper.chmod(0o755)
    print("QScanner: the real one, from layer/.")
    return wrapper, token


def say(name: str, text: str, headline: bool = False) -> None:
    print(f"\n{name:<15} {text}" if headline else f"  {name:<13} {text}", flush=True)


def day(seconds: str) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(int(seconds)))


def main(bootstrap: str) -> None:
    with tempfile.TemporaryDirectory(prefix="demo-") as scratch, LocalCloud.start() as cloud:
        folder = Path(scratch)
        demo = Demo(cloud, folder)
        print("AWS:      a local STAND-IN (moto), which checks every signature; account", demo.account)
        path, token = qscanner(folder, cloud.endpoint)
        print("Lambda:   AWS's own Runtime Interface Emulator, running the release bootstrap\n")
        print("Creating secret, bucket, topic, queue, table and three functions with the AWS CLI ...", flush=True)
        settings = demo.create_resources(token, os.environ.get("QUALYS_POD") or "US2")
        names = demo.create_functions()
        environment = {
            **cloud.env(),
            **settings,
            "AWS_LAMBDA_FUNCTION_NAME": "qualys-scanner",
            "QSCANNER_PATH": str(path),
            "PATH": os.environ["PATH"],
        }
        with RuntimeInterfaceEmulator(bootstrap, environment) as emulator:
            for name in names:
                demo.show_traces(name, demo.scan(emulator, name))
            cloud.clear_calls()
            answer = demo.scan(emulator, names[0])
            say("same code", f"nothing was scanned; the results are still {answer['results']}")
            say("aws calls", ", ".join(call["action"] for call in cloud.calls()))
            say("memory", f"bootstrap: {emulator.bootstrap_peak_memory_kb / 1024:.0f} MB at the most", headline=True)
        print("\nQualys:   a local STAND-IN with a subscription that is made up; the jobs that a schedule starts")
        show_jobs(bootstrap, cloud, settings, folder, say)
    print("\nEverything is stopped and removed again.")


if __name__ == "__main__":
    main(sys.argv[1])
