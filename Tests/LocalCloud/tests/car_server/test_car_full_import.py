"""What a full import drops, what an incremental one leaves, and what breaks them off."""

from __future__ import annotations

import http.client
import urllib.error
from random import Random

import pytest

from car.client import CAR
from car.compare import Graph, differences, report, wrongly_off
from car.generator import Generator
from car.importer import Importer
from car.model import EDGES, Members
from car.reference import expected_graph, import_form

START = "/source/qualys/full-import-in-progress"
SMALL = Generator(hosts=30, detections=6, qids=40)


def graph_of(revision: int, size: Generator = SMALL) -> Graph:
    changed = Generator(size.hosts, size.detections, size.qids, revision=revision)
    return expected_graph(changed.subscription())


@pytest.mark.parametrize("members", ["merge", "replace"])
def test_a_full_import_leaves_the_graph_of_the_reference(car: CAR, importer: Importer, members: str) -> None:
    car.settings(members=members)
    large = Generator(hosts=300, detections=20)
    for stamp, revision in ((1000, 0), (2000, 1)):
        wanted = graph_of(revision, large)
        importer.full(wanted, stamp)
        assert report(differences(wanted, car.graph())) == ""
        state = car.state()
        assert (state["model_state_id"], state["full_import_in_progress"]) == (str(stamp), False)
    assert car.violations() == []
    assert len(wanted.vertices) > 1000 and len(wanted.edges) > 6000


@pytest.mark.parametrize("members", ["merge", "replace"])
def test_incremental_imports_leave_what_a_full_one_would(car: CAR, importer: Importer, members: str) -> None:
    car.settings(members=members)
    merged = members == "merge"
    graphs = [graph_of(revision) for revision in range(5)]
    importer.full(graphs[0], 1000)
    for number in range(1, 5):
        mark = car.mark()
        importer.incremental(graphs[number - 1], graphs[number], 1000 + number)
        assert report(differences(graphs[number], car.graph(), graphs[:number], merged)) == ""
        assert report(wrongly_off(car.events(mark), graphs[number - 1], graphs[number])) == ""
    assert car.violations() == []


class Model:
    """A full import in the plainest words: two sets of everything sent, before and since the start."""

    def __init__(self) -> None:
        self.old: set[str] = set()
        self.new: set[str] = set()
        self.running = False

    def send(self, names: set[str]) -> None:
        self.new |= names

    def start(self) -> None:
        self.old |= self.new
        self.new, self.running = set(), True

    def end(self) -> None:
        if self.running:
            self.old, self.running = set(), False


@pytest.mark.parametrize("seed", range(12))
def test_the_end_of_a_full_import_drops_exactly_what_was_not_sent_since_its_start(
    car: CAR, importer: Importer, seed: int
) -> None:
    random, model = Random(seed), Model()
    car.settings(import_polls=0, job_polls=0)
    for step in range(40):
        action = random.choice(("send", "send", "send", "start", "end"))
        if action == "send":
            names = {str(random.randrange(12)) for _ in range(3)}
            model.send(names)
            post_assets(importer, names, step)
        elif action == "start":
            model.start()
            importer.job("POST", START)
        else:
            model.end()
            importer.job("DELETE", START)
        assets = {key for name, key in car.graph().vertices if name == "asset"}
        joined = {key for _, key, _ in car.graph().edges}
        assert assets == joined == model.old | model.new, (step, action)
    assert car.violations() == []


def post_assets(importer: Importer, names: set[str], stamp: int) -> None:
    """Assets, each with an edge to an account of its own."""
    graph = Graph()
    graph.add_vertex("source", {"_key": "qualys", "name": "Qualys"})
    for name in names:
        graph.add_vertex("asset", {"external_id": name, "name": name})
        graph.add_vertex("account", {"external_id": name, "name": name})
        graph.add_edge("asset_account", name, name, {})
    importer.send(graph, stamp)


def test_an_edge_that_is_not_sent_again_goes_though_its_ends_stay(car: CAR, importer: Importer) -> None:
    wanted = graph_of(0)
    importer.full(wanted, 1000)
    fewer = Graph(wanted.vertices, {edge: members for edge, members in wanted.edges.items() if edge[0] != "asset_account"})
    importer.full(fewer, 2000)
    assert report(differences(fewer, car.graph())) == ""


def test_members_that_a_full_import_does_not_send_are_gone(car: CAR, importer: Importer) -> None:
    wanted = graph_of(0)
    importer.full(wanted, 1000)
    bare = Graph(dict(wanted.vertices), wanted.edges)
    key = next(key for key in wanted.vertices if key[0] == "vulnerability")
    bare.vertices[key] = {"external_id": key[1], "name": "n", "source": "qualys"}
    importer.full(bare, 2000)
    assert report(differences(bare, car.graph())) == ""


def test_a_second_start_forgets_what_was_sent_since_the_first(car: CAR, importer: Importer) -> None:
    importer.job("POST", START)
    importer.send(graph_of(0), 1000)
    importer.job("POST", START)
    importer.send(graph_of(1), 2000)
    importer.job("DELETE", START)
    assert report(differences(graph_of(1), car.graph())) == ""


def test_what_a_killed_run_left_under_way_ends_before_the_next_begins(car: CAR, importer: Importer) -> None:
    importer.job("POST", START)
    envelope, objects = import_form(graph_of(0), "qualys", 1000)
    importer.post({**envelope, "asset": objects["asset"]})
    importer.full(graph_of(1), 2000)
    assert report(differences(graph_of(1), car.graph())) == ""
    assert car.violations() == []


def test_an_end_before_all_imports_are_done_is_a_violation(car: CAR, importer: Importer) -> None:
    importer.job("POST", START)
    envelope, objects = import_form(graph_of(0), "qualys", 1000)
    importer.post({**envelope, "asset": objects["asset"]})
    importer.job("DELETE", START)
    assert [one.partition(":")[0] for one in car.violations()] == ["ended too early"]


@pytest.mark.parametrize("again", [False, True])
def test_an_import_whose_answer_got_lost_is_awaited_by_sending_it_again(car: CAR, importer: Importer, again: bool) -> None:
    importer.job("POST", START)
    envelope, objects = import_form(graph_of(0), "qualys", 1000)
    car.fault("drop_after", "Import")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        importer.post({**envelope, "asset": objects["asset"]})
    if again:
        importer.wait_for([importer.post({**envelope, "asset": objects["asset"]})])
    importer.job("DELETE", START)
    assert [one.partition(":")[0] for one in car.violations()] == ([] if again else ["ended too early"])


@pytest.mark.parametrize("kind", ["status", "status_after", "drop_before", "drop_after", "import_half", "job_error"])
def test_a_run_broken_off_at_any_call_is_healed_by_the_next_full_import(
    car: CAR, importer: Importer, kind: str
) -> None:
    """The server's side of it: whatever came through of a run, the next full one leaves its own graph."""
    car.settings(import_polls=0, job_polls=0)
    wanted = graph_of(1)
    for call in range(0, 40, 3):
        car.fault(kind, skip=call)
        try:
            importer.full(graph_of(0), 1000)
        except (http.client.HTTPException, urllib.error.HTTPError, ValueError, ConnectionError):
            pass
        car.clear_faults()
        importer.full(wanted, 2000)
        assert report(differences(wanted, car.graph())) == "", call


def test_switching_off_what_is_live_is_seen_even_if_it_comes_back(car: CAR, importer: Importer) -> None:
    wanted = graph_of(0)
    importer.full(wanted, 1000)
    mark = car.mark()
    edge = next(edge for edge in wanted.edges if edge[0] == "asset_hostname")
    importer.switch_off(edge)
    importer.delete([("account", "root")])
    importer.send(wanted, 2000)
    assert report(differences(wanted, car.graph())) == ""
    seen = wrongly_off(car.events(mark), wanted, wanted)
    assert f"asset_hostname {edge[1]!r} -> {edge[2]!r} was off though it is live" in seen
    assert "account 'root' was deleted though it is live" in seen
    touched = [edge for edge in wanted.edges if "account" in EDGES[edge[0]] and "root" in edge]
    assert len(seen) == 2 + len(touched)
    came_back = [event for event in car.events(mark) if event["event"] == "on"]
    assert len(came_back) == len(seen)


def test_the_drop_at_the_end_of_a_full_import_is_an_event(car: CAR, importer: Importer) -> None:
    wanted = graph_of(0)
    importer.full(wanted, 1000)
    mark = car.mark()
    members: Members = {}
    importer.full(Graph({("source", "qualys"): wanted.vertices["source", "qualys"]}, members), 2000)
    seen = wrongly_off(car.events(mark), wanted, wanted)
    assert len(seen) == len(wanted.vertices) - 1 + len(wanted.edges)
