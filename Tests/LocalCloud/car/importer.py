"""The smallest client that imports correctly: for the tests of the server, and to read how it is done."""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

from .compare import EdgeKey, Graph, VertexKey
from .model import EDGES, KEYED, Members
from .reference import import_form

LARGEST_IMPORT = 2000
_IDS_A_DELETE = 50
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Importer:
    """Imports graphs of one source; raises what goes wrong."""

    def __init__(self, url: str, key: str, password: str, source: str = "qualys") -> None:
        self._url = url
        self._sign = "Basic " + b64encode(f"{key}:{password}".encode()).decode()
        self.source = source
        self._name = quote(source, safe="")

    def full(self, graph: Graph, timestamp: int) -> None:
        """Leaves exactly this graph in CAR."""
        self.wait_until_ready()
        self.job("POST", f"/source/{self._name}/full-import-in-progress")
        self.send(graph, timestamp)
        self.job("DELETE", f"/source/{self._name}/full-import-in-progress")
        self.set_state(str(timestamp))

    def incremental(self, before: Graph, after: Graph, timestamp: int) -> None:
        """Changes what is different: first what is new, then edges off, those that depend on others
        before these, then what is gone."""
        self.wait_until_ready()
        self.send(after, timestamp)
        gone = sorted(before.edges.keys() - after.edges.keys(), key=lambda edge: edge[0].startswith("asset_"))
        for edge in gone:
            self.switch_off(edge)
        self.delete(before.vertices.keys() - after.vertices.keys())
        self.set_state(str(timestamp))

    def wait_until_ready(self) -> None:
        while not json.loads(self.call("GET", "/databases"))["databases"][0]["is_ready"]:
            time.sleep(0.01)

    def send(self, graph: Graph, timestamp: int) -> None:
        """Vertices, then edges, each awaited."""
        envelope, objects = import_form(graph, self.source, timestamp)
        self.wait_for([self.post(envelope)])
        for wanted in (False, True):
            names = [name for name in objects if (name in EDGES) == wanted]
            self.wait_for(
                [
                    self.post({**envelope, name: part})
                    for name in names
                    for part in batches(objects[name], LARGEST_IMPORT)
                ]
            )

    def post(self, envelope: Members) -> str:
        return str(json.loads(self.call("POST", "/imports", envelope))["id"])

    def wait_for(self, ids: list[str]) -> None:
        for some in batches(ids, 20):
            while True:
                answer = json.loads(self.call("GET", "/importstatus?" + urlencode({"ids": ",".join(some)})))
                if answer["error_imports"]:
                    raise ValueError(f"imports failed: {answer['error_imports']}")
                if not answer["incomplete_imports"]:
                    break

    def job(self, method: str, path: str, body: Members | None = None) -> None:
        """Starts a job and awaits its end."""
        job = json.loads(self.call(method, path, body))["job_id"]
        while (status := json.loads(self.call("GET", f"/jobstatus/{job}"))["status"]) != "COMPLETE":
            if status == "ERROR":
                raise ValueError(f"{job} failed")

    def switch_off(self, edge: EdgeKey) -> None:
        name, origin, target = edge
        query = urlencode({"source": self.source, "from": origin, "to": target})
        self.call("PATCH", f"/{name}?{query}", {"active": False})

    def delete(self, vertices: Iterable[VertexKey]) -> None:
        by_name: dict[str, list[str]] = {}
        for name, key in sorted(vertices):
            by_name.setdefault(name, []).append(key)
        for name, keys in by_name.items():
            argument = "keys" if name in KEYED else "external_ids"
            for some in batches(keys, _IDS_A_DELETE):
                query = urlencode({argument: ",".join(some)})
                self.call("DELETE", f"/source/{self._name}/{name}?{query}")

    def state(self) -> str | None:
        """`model_state_id`."""
        state = json.loads(self.call("GET", f"/source/{self._name}")).get("model_state_id")
        return None if state is None else str(state)

    def set_state(self, state: str) -> None:
        self.call("PATCH", "/source?" + urlencode({"key": self.source}), {"model_state_id": state})

    def query(self, text: str) -> dict[str, Any]:
        """The rows of a GraphQL query."""
        url = self._url.replace("/api/car/v2", "/api/car/v3")
        return dict(json.loads(self.call("POST", "/query", {"query": text}, url))["data"])

    def call(self, method: str, path: str, body: Members | None = None, url: str | None = None) -> bytes:
        """Any call; raises `urllib.error.HTTPError` for a refusal."""
        request = urllib.request.Request(
            (url or self._url) + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self._sign, "Content-Type": "application/json"},
            method=method,
        )
        with _DIRECT.open(request, timeout=30) as answer:
            return bytes(answer.read())


def batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
