"""From pages over HTTP to the graph in CAR, as a program under test has to do it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from car import pages
from car.client import CAR
from car.compare import Graph
from car.generator import Generator
from car.importer import Importer
from car.reference import expected_graph
from car.trial import Trial
from qualys.client import QualysServer


@pytest.fixture(scope="module")
def running_qualys() -> Iterator[QualysServer]:
    with QualysServer.start(hosts=60, detections=30, kb=250, rate=0, concurrency=0) as qualys:
        yield qualys


@pytest.fixture
def qualys(running_qualys: QualysServer) -> QualysServer:
    running_qualys.reset()
    return running_qualys


def read(qualys: QualysServer, page_size: int = 1000) -> pages.Subscription:
    return pages.read(qualys.api_url, qualys.gateway_url, qualys.username, qualys.password, page_size)


def test_a_subscription_is_the_same_whatever_the_pages(qualys: QualysServer) -> None:
    small, large = expected_graph(read(qualys, 7)), expected_graph(read(qualys))
    assert list(small.lines()) == list(large.lines())
    assert large.counts()["vulnerability"] > 200 and large.counts()["asset"] == 60


def test_imports_follow_the_changes_of_a_subscription(
    qualys: QualysServer, car: CAR, importer: Importer
) -> None:
    trial = Trial(car, lambda: read(qualys))
    importer.full(trial.expect(), 1000)
    assert trial.problems() == ""
    hosts = [asset for asset in read(qualys).host_assets if asset.get("qwebHostId")]
    detections = [edge for edge in sorted(trial.history[0].edges) if edge[0] == "asset_vulnerability"]
    detected = sorted({asset for _, asset, _ in detections})
    used = next(edge for edge in sorted(trial.history[0].edges) if edge[0] == "asset_application")
    host_of = {str(asset["id"]): asset["qwebHostId"] for asset in hosts}
    changes: list[tuple[str, dict[str, Any]]] = [
        ("add_host", {}),
        ("fix_detection", {"host": host_of[detections[0][1]], "qid": int(detections[0][2])}),
        ("remove_application", {"asset": int(used[1]), "software": int(used[2])}),
        ("move_address", {"asset": int(detected[1]), "to": "10.99.0.1"}),
        ("purge_host", {"host": host_of[detected[2]]}),
        ("delete_host", {"asset": int(detected[3])}),
    ]
    for stamp, (change, arguments) in enumerate(changes, 1001):
        qualys.change(change, **arguments)
        importer.incremental(trial.history[-1], trial.expect(), stamp)
        assert trial.problems(incremental=True) == "", change
        older, newer = trial.history[-2:]
        assert (older.vertices, older.edges) != (newer.vertices, newer.edges), change
    importer.full(trial.expect(), 2000)
    assert trial.problems() == ""


@pytest.mark.parametrize(
    "answer",
    [
        '{"ServiceResponse": {"responseCode": "INVALID_CREDENTIALS"}}',
        '{"ServiceResponse": {"responseCode": "OTHER_ERROR", "data": []}}',
    ],
)
def test_an_error_in_an_answer_is_not_an_empty_subscription(answer: str) -> None:
    with pytest.raises(ValueError, match="hostasset answered"):
        pages.Subscription.of_pages([answer])
    with pytest.raises(ValueError, match="has expired"):
        pages.Subscription.of_pages(detections=["<SIMPLE_RETURN><RESPONSE><TEXT>has expired</TEXT></RESPONSE></SIMPLE_RETURN>"])
    with pytest.raises(ValueError, match="FAILED"):
        pages.Subscription.of_pages(applications=['{"responseCode": "FAILED"}'])


def test_reference_and_comparison_work_from_the_shell(car: CAR, importer: Importer, tmp_path: Path) -> None:
    Generator(hosts=5).write(tmp_path / "pages")
    printed = run("car.reference", "--folder", str(tmp_path / "pages"))
    (tmp_path / "expected").write_text(printed.stdout)
    importer.full(Graph.read(printed.stdout), 1000)
    (tmp_path / "actual").write_text("\n".join(car.graph().lines()))
    same = run("car.compare", str(tmp_path / "expected"), str(tmp_path / "actual"))
    assert (same.returncode, same.stdout) == (0, "the graphs are equal\n")
    (tmp_path / "actual").write_text("")
    other = run("car.compare", str(tmp_path / "expected"), str(tmp_path / "actual"))
    assert other.returncode == 1 and "is missing" in other.stdout


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, timeout=30)
