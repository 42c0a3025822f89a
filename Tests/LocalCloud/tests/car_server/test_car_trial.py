"""A trial lets correct imports pass and finds what is wrong with others."""

from __future__ import annotations

import pytest

from car.client import CAR
from car.compare import Graph
from car.generator import Generator
from car.importer import Importer
from car.trial import Trial


@pytest.fixture
def trial(car: CAR) -> Trial:
    """Every time the data are read they are a revision further."""
    revisions = iter(range(100))
    return Trial(car, lambda: Generator(hosts=20, detections=5, qids=30, revision=next(revisions)).subscription())


def test_correct_imports_have_no_problems(trial: Trial, importer: Importer) -> None:
    importer.full(trial.expect(), 1000)
    assert trial.problems() == ""
    for stamp in (1001, 1002, 1003):
        importer.incremental(trial.history[-1], trial.expect(), stamp)
        assert trial.problems(incremental=True) == ""
    importer.full(trial.expect(), 2000)
    assert trial.problems() == ""


def test_an_import_that_never_switches_off_has_problems(trial: Trial, importer: Importer) -> None:
    importer.full(trial.expect(), 1000)
    trial.problems()
    importer.incremental(Graph(), trial.expect(), 1001)
    assert "should not be active" in trial.problems(incremental=True)


def test_switching_everything_off_and_on_again_is_a_problem(trial: Trial, importer: Importer) -> None:
    importer.full(trial.expect(), 1000)
    trial.problems()
    wanted = trial.expect()
    importer.incremental(trial.history[-1], Graph(dict(wanted.vertices), {}), 1001)
    assert "was off though it is live" in trial.problems_of_a_failure(incremental=True)
    importer.send(wanted, 1002)
    assert "was off though it is live" in trial.problems(incremental=True)


def test_what_is_left_open_is_a_problem(trial: Trial, importer: Importer) -> None:
    importer.job("POST", "/source/qualys/full-import-in-progress")
    importer.send(trial.expect(), 1000)
    problems = trial.problems()
    assert "a full import is still in progress" in problems and "there is no model_state_id" in problems


def test_a_state_that_moved_on_in_a_failed_run_is_a_problem(trial: Trial, importer: Importer) -> None:
    importer.full(trial.expect(), 1000)
    assert trial.problems() == ""
    wanted = trial.expect()
    assert trial.problems_of_a_failure(incremental=True) == ""
    importer.set_state("2000")
    assert "model_state_id moved on, yet" in trial.problems_of_a_failure(incremental=True)
    importer.incremental(trial.history[-1], wanted, 2001)
    assert trial.problems_of_a_failure(incremental=True) == ""
