"""From pages over HTTP to the graph in CAR, as a program under test has to do it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from car import pages
from car.client import CAR
from car.compare import Graph, differences, report
from car.generator import Generator
from car.importer import Importer
from car.reference import expected_graph

from small_qualys import serving


def test_a_subscription_read_page_by_page_is_imported_whole(car: CAR, importer: Importer) -> None:
    generator = Generator(hosts=60, detections=30, qids=250)
    with serving(generator) as address:
        read = expected_graph(pages.read(address, address, "u", "p"))
    importer.full(read, 1000)
    wanted = expected_graph(generator.subscription())
    assert report(differences(wanted, car.graph())) == ""
    assert car.violations() == []
    assert sum(key[0] == "vulnerability" for key in wanted.vertices) > 200


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


def test_reference_and_comparison_work_from_the_shell(car: CAR, importer: Importer, tmp_path) -> None:  # type: ignore[no-untyped-def]
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
