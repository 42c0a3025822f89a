"""Pages of made-up, odd subscriptions as imports, held against the reference object by object."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from car.compare import Graph, differences, report
from car.generator import Generator
from car.model import EDGES, KEYED, ends, vertex_id
from car.pages import Subscription
from car.reference import expected_graph
from car.schema import IMPORT_SCHEMA, faults


def imported(qualysctl: Path, pages: Path, output: Path) -> Graph:
    """What the program makes of pages, and says that it refuses; every import has to fit the schema, and no object may
    come twice."""
    output.mkdir()
    ended = subprocess.run(
        [qualysctl, "import-pages", pages, output, "--keep"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    graph = Graph(refused=int(ended.stdout.partition("refused ")[2]))
    for path in sorted(output.glob("*.json"), key=lambda path: int(path.name.split("-")[0])):
        envelope = json.loads(path.read_bytes())
        assert list(faults(envelope, IMPORT_SCHEMA)) == [], path
        objects = {name: value for name, value in envelope.items() if isinstance(value, list)}
        assert sum(map(len, objects.values())) <= 2000
        graph.vertices["source", envelope["source"]["_key"]] = envelope["source"]
        graph.vertices["report", envelope["report"]["_key"]] = envelope["report"]
        for name, items in objects.items():
            for item in items:
                if name in EDGES:
                    pair = ends(name, item)
                    assert (name, *pair) not in graph.edges, (name, pair)
                    for end, key in zip(EDGES[name], pair, strict=True):
                        assert (end, key) in graph.vertices, (name, pair)
                    graph.add_edge(name, *pair, item)
                else:
                    key = name, vertex_id(name, item)
                    assert key not in graph.vertices, key
                    graph.vertices[key] = item
    assert KEYED
    return graph


@pytest.mark.parametrize("seed", range(12))
def test_odd_subscriptions_give_the_graph_of_the_reference(qualysctl: Path, tmp_path: Path, seed: int) -> None:
    pages = tmp_path / "pages"
    Generator(hosts=150, detections=40, odd=seed / 11, seed=seed, software=8).write(pages)
    expected = expected_graph(Subscription.of_folder(pages))
    graph = imported(qualysctl, pages, tmp_path / "imports")
    assert report(differences(expected, graph)) == ""
    assert graph.refused == expected.refused
    assert expected.refused > 0 or seed == 0


def test_the_same_pages_make_the_same_imports(qualysctl: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    Generator(hosts=60, detections=20).write(pages)
    graphs = [imported(qualysctl, pages, tmp_path / name) for name in ("first", "second")]
    files = [
        [json.loads(path.read_bytes()) for path in sorted((tmp_path / name).glob("*.json"))] for name in ("first", "second")
    ]
    for imports in files:
        for one in imports:
            one.pop("report")
            for items in one.values():
                for item in items if isinstance(items, list) else ():
                    item.pop("report", None), item.pop("timestamp", None)
    assert files[0] == files[1]
    assert graphs[0].edges == graphs[1].edges
