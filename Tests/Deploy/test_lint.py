"""cfn-lint and checkov find nothing, and no suppression is left that suppresses nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from templates import NAMES, Template

PROGRAMS = Path(sys.executable).parent


def test_cfn_lint_finds_nothing() -> None:
    paths = [str(Template.read(name).path) for name in NAMES]
    ended = subprocess.run([PROGRAMS / "cfn-lint", *paths], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stdout + ended.stderr


@pytest.mark.timeout(300)
def test_checkov_finds_nothing_with_everything_turned_on(tmp_path: Path) -> None:
    """checkov passes over what a default turns off, so the conditions are taken away."""
    suppressed = set()
    for name in NAMES:
        text = Template.read(name).text
        (tmp_path / f"{name}.yaml").write_text(re.sub(r"(?m)^    Condition: \w+\n", "", text))
        suppressed |= set(re.findall(r"- id: (CKV\w+)", text))
    command = ["checkov", "--directory", str(tmp_path), "--framework", "cloudformation", "--skip-download", "--output", "json"]  # fmt: skip
    quiet = {**os.environ, "LOG_LEVEL": "ERROR"}
    ended = subprocess.run([PROGRAMS / command[0], *command[1:]], env=quiet, capture_output=True, text=True)  # fmt: skip
    report = json.loads(ended.stdout)
    results = report["results"]
    assert [(item["check_id"], item["resource"], item["file_path"]) for item in results["failed_checks"]] == []  # fmt: skip
    assert results["parsing_errors"] == [] and report["summary"]["passed"] > 80
    assert suppressed == {item["check_id"] for item in results["skipped_checks"]}
    assert all(item["check_result"]["suppress_comment"] for item in results["skipped_checks"])
