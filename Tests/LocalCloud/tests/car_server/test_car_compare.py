"""The comparison sees every difference that counts, and none that does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from car.compare import Graph, differences, report
from car.generator import Generator
from car.reference import expected_graph

SIZE = {"hosts": 40, "detections": 6, "qids": 60}


def expected(revision: int = 0) -> Graph:
    return expected_graph(Generator(**SIZE, revision=revision).subscription())


def actual(of: Graph) -> Graph:
    """A graph as the server would hold it."""
    text = {"type": "Qualys", "description": "Qualys reports", "timestamp": 1, "_key": "1"}
    graph = Graph.read("\n".join(of.lines()))
    graph.vertices["report", "1"] = text
    graph.vertices["source", "qualys"]["description"] = "any"
    return graph


def vertex(graph: Graph, collection: str, member: str = "source") -> dict[str, Any]:
    return next(value for key, value in graph.vertices.items() if key[0] == collection and member in value)


def rename(collection: str, member: str, value: Any) -> Callable[[Graph], None]:
    return lambda graph: vertex(graph, collection, member).update({member: value})


def drop(collection: str) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        for part in (graph.vertices, graph.edges):
            for key in [key for key in part if key[0] == collection][:1]:
                del part[key]  # type: ignore[attr-defined]

    return change


CHANGES = {
    "is missing": drop("asset"),
    "-> '": drop("asset_vulnerability"),
    "has name \"other\", expected": rename("vulnerability", "name", "other"),
    "has base_score": rename("vulnerability", "base_score", "7.5"),
    "has diagnosis": rename("vulnerability", "diagnosis", "1 and more"),
    "has size": lambda graph: vertex(graph, "asset").update(size=1),
    "has no source": lambda graph: vertex(graph, "user").pop("source"),
    "should not be there": lambda graph: graph.add_vertex("asset", {"external_id": "1", "name": "x"}),
    "should not be active": lambda graph: graph.add_edge("asset_application", "70000001", "1", {}),
    "expected {\"risk_score\"": lambda graph: next(
        value for key, value in graph.edges.items() if key[0] == "asset_vulnerability" and "risk_score" in value
    ).update(risk_score=1),
    "there is no report": drop("report"),
    "the sources are": drop("source"),
    "source 'qualys' has": rename("source", "product_link", "http://x.test"),
    "report '1' has": rename("report", "type", "other"),
}


@pytest.mark.parametrize("before", [None, []])
@pytest.mark.parametrize("words", CHANGES)
def test_every_kind_of_difference_is_told(words: str, before: list[Graph] | None) -> None:
    wanted = expected()
    assert differences(wanted, actual(wanted), before) == []
    changed = actual(wanted)
    CHANGES[words](changed)
    told = differences(wanted, changed, before)
    assert told and words in report(told)


def test_only_letters_and_digits_of_html_count() -> None:
    wanted = expected()
    changed = actual(wanted)
    for members in changed.vertices.values():
        for name in {"diagnosis", "consequence", "solution"} & members.keys():
            members[name] = "**" + members[name].replace(" ", "\n\n") + "**"
    assert differences(wanted, changed) == []


def test_after_an_incremental_import_what_no_asset_reaches_does_not_count() -> None:
    wanted = expected()
    changed = actual(wanted)
    for name in "pq":
        changed.add_vertex("user", {"external_id": name})
        changed.add_vertex("account", {"external_id": name, "name": name})
        changed.add_edge("user_account", name, name, {})
    assert len(differences(wanted, changed)) == 6
    assert differences(wanted, changed, [wanted]) == []
    asset = next(key for name, key in wanted.vertices if name == "asset")
    changed.add_edge("asset_account", asset, "p", {})
    assert len(differences(wanted, changed, [wanted])) == 4


def test_shared_members_may_be_those_of_any_asset_that_has_them() -> None:
    wanted, before = expected(1), expected(0)
    key = next(
        key
        for key, values in wanted.choices.items()
        if key[2] == "description" and before.choices[key] - values and len(values) > 1
    )
    found = wanted.vertices[key[0], key[1]].get("description")
    for value in wanted.choices[key] | before.choices[key]:
        changed = actual(wanted)
        changed.vertices[key[0], key[1]].pop("description", None)
        if value is not None:
            changed.vertices[key[0], key[1]]["description"] = value
        assert differences(wanted, changed, [before]) == []
        assert bool(differences(wanted, changed)) == (value != found)
    changed.vertices[key[0], key[1]]["description"] = "of nobody"
    assert len(differences(wanted, changed, [before])) == 1


def test_a_pairing_may_stay_on_while_an_asset_has_both_ends() -> None:
    wanted = expected()
    pair = next(key for key in wanted.edges if key[0] == "ipaddress_macaddress")
    now = copy.deepcopy(wanted)
    del now.edges[pair]
    assert differences(now, actual(wanted), [wanted]) == []
    assert len(differences(now, actual(wanted), [now])) == 1
    for edge in [key for key in now.edges if key[0] == "asset_ipaddress" and key[2] == pair[1]]:
        del now.edges[edge]
    told = report(differences(now, actual(wanted), [wanted]))
    assert "ipaddress_macaddress" in told and "asset_ipaddress" in told


def test_members_that_lost_their_value_stay_where_the_server_merges() -> None:
    before = expected()
    wanted = copy.deepcopy(before)
    vertex(wanted, "asset", "asset_type").pop("asset_type")
    edge = next(value for value in wanted.edges.values() if "risk_score" in value)
    edge.pop("risk_score")
    assert len(differences(wanted, actual(before), [before])) == 2
    assert differences(wanted, actual(before), [before], merged=True) == []


def test_a_long_list_is_cut() -> None:
    wanted = expected()
    told = differences(wanted, Graph())
    assert report(told, 3).count("\n") == 3 and f"and {len(told) - 3} more" in report(told, 3)
    assert json.loads(next(iter(wanted.lines())))
