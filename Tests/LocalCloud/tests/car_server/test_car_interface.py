"""The server answers every call as CAR does, and writes down what no correct client sends."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from car.client import CAR
from car.importer import Importer

STAMP = 1714979289000
ENVELOPE: dict[str, Any] = {
    "source": {"_key": "qualys", "name": "Qualys"},
    "report": {"_key": str(STAMP), "timestamp": STAMP, "type": "Qualys", "description": "Qualys reports"},
}
OF_THE_IMPORT = {"report": str(STAMP), "timestamp": STAMP, "source": "qualys", "active": True}
VERTICES: dict[str, Any] = {
    "asset": [{"external_id": "1", "name": "a", "source": "qualys"}, {"external_id": "2", "name": "b"}],
    "hostname": [{"_key": "a.test", "host_name": "a.test"}],
    "vulnerability": [{"external_id": "38901", "name": "v", "base_score": 5}],
}
EDGES: dict[str, Any] = {
    "asset_hostname": [{"_from_external_id": "1", "_to": "hostname/a.test", **OF_THE_IMPORT}],
    "asset_vulnerability": [
        {"_from_external_id": one, "_to_external_id": "38901", "risk_score": 6, **OF_THE_IMPORT} for one in "12"
    ],
}


def status(importer: Importer, method: str, path: str, body: Any = None) -> int:
    try:
        importer.call(method, path, body)
    except urllib.error.HTTPError as refused:
        return refused.code
    return 200


def send(importer: Importer, **collections: Any) -> str:
    """Posts an import and asks about it until it has ended."""
    name = importer.post({**ENVELOPE, **collections})
    importer.wait_for([name])
    return name


def fill(importer: Importer) -> None:
    send(importer, **VERTICES)
    send(importer, **EDGES)


def without_risk() -> dict[str, Any]:
    return {name: value for name, value in EDGES["asset_vulnerability"][0].items() if name != "risk_score"}


def ids(car: CAR, collection: str) -> list[str]:
    return sorted(key for name, key in car.graph().vertices if name == collection)


def edges(car: CAR) -> list[str]:
    return sorted("{} {} {}".format(*edge) for edge in car.graph().edges)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic Y2FyLWtleTpjYXItcGFzc3dvcmQ=", 200),
        ("car-token car-token-value", 200),
        ("car-token other", 401),
        ("Bearer car-token-value", 401),
        ("Basic Y2FyLWtleTpvdGhlcg==", 401),
        ("", 401),
    ],
)
def test_only_key_and_password_or_the_token_are_let_in(car: CAR, header: str, expected: int) -> None:
    request = urllib.request.Request(f"{car.url}/databases", headers={"Authorization": header})
    try:
        assert urllib.request.urlopen(request).status == expected
    except urllib.error.HTTPError as refused:
        assert refused.code == expected


@pytest.mark.parametrize(
    ("database", "method", "body"),
    [
        ("absent", "POST", None),
        ("no_graph", "PATCH", {"graph_name": "assets"}),
        ("no_indexes", "PATCH", {"collections_without_indexes": ["asset"]}),
    ],
)
def test_a_database_that_lacks_something_is_made_ready_by_a_job(
    car: CAR, importer: Importer, database: str, method: str, body: Any
) -> None:
    car.settings(database=database)
    first = status(importer, "GET", "/databases")
    assert first == (400 if database == "absent" else 200)
    if first == 200:
        assert not json.loads(importer.call("GET", "/databases"))["databases"][0]["is_ready"]
    importer.job(method, "/databases", body)
    importer.wait_until_ready()
    assert car.violations() == []


def test_a_database_can_take_a_while_to_be_ready(car: CAR, importer: Importer) -> None:
    car.settings(database="starting", starting_polls=3)
    assert status(importer, "POST", "/imports", ENVELOPE) == 503
    importer.wait_until_ready()
    assert car.actions().count("GetDatabases") == 4
    assert car.violations() == ["database not ready: Import of a database that is not ready"]


def test_jobs_and_imports_take_as_many_questions_as_they_are_told(car: CAR, importer: Importer) -> None:
    car.settings(job_polls=2, import_polls=3)
    importer.job("POST", "/source/qualys/full-import-in-progress")
    assert car.actions().count("GetJobStatus") == 3
    send(importer, **VERTICES)
    assert car.actions().count("GetImportStatus") == 4


def test_an_import_is_not_in_the_graph_before_it_is_done(car: CAR, importer: Importer) -> None:
    send(importer)
    importer.post({**ENVELOPE, **VERTICES})
    assert car.state()["vertices"] == {"report": 1}
    car.settle()
    assert car.state()["vertices"] == {"report": 1, "asset": 2, "hostname": 1, "vulnerability": 1}


def test_vertices_and_edges_are_kept_and_members_merged(car: CAR, importer: Importer) -> None:
    fill(importer)
    send(importer, asset=[{"external_id": "1", "name": "new", "description": "d"}])
    send(importer, asset=[{"external_id": "1", "name": "newer"}])
    send(importer, asset_vulnerability=[without_risk()])
    assert car.graph().vertices["asset", "1"] == {
        "external_id": "1",
        "name": "newer",
        "description": "d",
        "source": "qualys",
    }
    assert edges(car) == ["asset_hostname 1 a.test", "asset_vulnerability 1 38901", "asset_vulnerability 2 38901"]
    assert car.graph().edges["asset_vulnerability", "1", "38901"] == {"risk_score": 6, "source": "qualys"}
    assert car.violations() == []


def test_vertices_can_be_replaced_instead(car: CAR, importer: Importer) -> None:
    car.settings(members="replace")
    fill(importer)
    send(importer, asset=[{"external_id": "1", "name": "new"}])
    assert car.graph().vertices["asset", "1"] == {"external_id": "1", "name": "new"}
    send(importer, asset_vulnerability=[without_risk()])
    assert car.graph().edges["asset_vulnerability", "1", "38901"] == {"source": "qualys"}


@pytest.mark.parametrize(
    ("collection", "item"),
    [
        ("asset", {"external_id": 1, "name": "a"}),
        ("asset", {"external_id": "1"}),
        ("asset", {"external_id": "1", "name": "a", "source": "other"}),
        ("asset", {"external_id": "1", "name": None}),
        ("ipaddress", {"_key": "fe80::1%eth0"}),
        ("ipaddress", {"_key": "FE80::1"}),
        ("macaddress", {"_key": "02:00:00:00:00"}),
        ("hostname", {"_key": "a|b", "host_name": "a"}),
        ("hostname", {"_key": "a"}),
        ("geolocation", {"external_id": "x", "longitude": 1}),
        ("vulnerability", {"external_id": "1", "name": "v", "base_score": 10.5}),
        ("vulnerability", {"external_id": "1", "name": "v", "base_score": "5"}),
        ("gadget", {"external_id": "1"}),
        ("asset_hostname", {"_from_external_id": "1", "_to": "a.test", **OF_THE_IMPORT}),
        ("asset_vulnerability", {"_from_external_id": "1", "_to": "38901", **OF_THE_IMPORT}),
        ("asset_vulnerability", {"_from_external_id": "1", "_to_external_id": "38901"}),
        ("asset_vulnerability", {"_from_external_id": "1", "_to_external_id": "38901", **OF_THE_IMPORT, "report": "1"}),
    ],
)
def test_an_object_that_breaks_the_schema_fails_its_import(
    car: CAR, importer: Importer, collection: str, item: dict[str, Any]
) -> None:
    fill(importer)
    before = car.graph()
    with pytest.raises(ValueError, match="imports failed"):
        send(importer, **{collection: [item]})
    kinds = {one.partition(" ")[0] + one.split(" ")[1] for one in car.violations()}
    assert kinds == {f"schema:{collection}:"}
    after = car.graph()
    assert (after.vertices, after.edges) == (before.vertices, before.edges)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**ENVELOPE, "asset": [{"external_id": str(n), "name": "a"} for n in range(2000)]}, 200),
        ({**ENVELOPE, "asset": [{"external_id": str(n), "name": "a"} for n in range(2001)]}, 413),
        ({"source": ENVELOPE["source"]}, 400),
        ({**ENVELOPE, "source": {"_key": "a b", "name": "Qualys"}}, 400),
        ({**ENVELOPE, "asset": {}}, 400),
        ([], 400),
    ],
)
def test_an_import_that_is_too_large_or_malformed_is_refused(
    car: CAR, importer: Importer, body: Any, expected: int
) -> None:
    assert status(importer, "POST", "/imports", body) == expected
    assert len(car.violations()) == (expected != 200)


def test_an_edge_without_its_ends_is_a_dangling_reference(car: CAR, importer: Importer) -> None:
    send(importer, asset=VERTICES["asset"])
    send(importer, **EDGES)
    assert [one.partition(":")[0] for one in car.violations()] == ["dangling reference"] * 3
    assert edges(car) == []


def test_edges_sent_before_the_vertices_are_done_are_a_violation(car: CAR, importer: Importer) -> None:
    importer.post({**ENVELOPE, **VERTICES})
    importer.post({**ENVELOPE, **EDGES})
    assert [one.partition(":")[0] for one in car.violations()] == ["edges before vertices"]


def test_the_state_of_a_source_is_kept(car: CAR, importer: Importer) -> None:
    assert status(importer, "GET", "/source/qualys") == 404
    assert status(importer, "PATCH", "/source?key=qualys", {"model_state_id": "1"}) == 404
    send(importer)
    assert importer.state() is None
    importer.set_state("1714979289000.0")
    assert importer.state() == "1714979289000.0"
    importer.set_state("")
    assert importer.state() == ""
    assert status(importer, "PATCH", "/source?key=qualys", {"model_state_id": "yesterday"}) == 400


def test_names_of_sources_are_decoded(car: CAR) -> None:
    name = "a%20:b;(c)'$*"
    with_odd_name = Importer(car.url, car.key, car.password, name)
    source = {**ENVELOPE["source"], "_key": name}
    with_odd_name.wait_for([with_odd_name.post({**ENVELOPE, "source": source})])
    with_odd_name.set_state("5")
    assert (with_odd_name.state(), car.state(name)["model_state_id"]) == ("5", "5")


def test_a_state_that_claims_too_much_is_a_violation(car: CAR, importer: Importer) -> None:
    send(importer)
    importer.post({**ENVELOPE, **VERTICES})
    importer.set_state("1")
    importer.job("POST", "/source/qualys/full-import-in-progress")
    importer.set_state("2")
    importer.set_state("")
    assert [one.partition(":")[0] for one in car.violations()] == ["state too early"] * 2


def test_an_edge_is_switched_by_the_ids_of_its_ends(car: CAR, importer: Importer) -> None:
    fill(importer)
    mark = car.mark()
    importer.switch_off(("asset_hostname", "1", "a.test"))
    importer.switch_off(("asset_hostname", "1", "a.test"))
    assert edges(car) == ["asset_vulnerability 1 38901", "asset_vulnerability 2 38901"]
    send(importer, asset_hostname=EDGES["asset_hostname"])
    assert "asset_hostname 1 a.test" in edges(car)
    assert [(one["event"], one["edge"]) for one in car.events(mark)] == [
        ("off", "asset_hostname"),
        ("on", "asset_hostname"),
    ]
    assert status(importer, "PATCH", "/asset_hostname?source=qualys&from=1&to=hostname/a.test", {"active": False}) == 404
    assert status(importer, "PATCH", "/asset_hostname?source=qualys&from=1", {"active": False}) == 400


def test_a_resource_is_changed_by_its_id(car: CAR, importer: Importer) -> None:
    fill(importer)
    assert status(importer, "PATCH", "/vulnerability?external_id=38901", {"name": "better"}) == 200
    assert car.graph().vertices["vulnerability", "38901"]["name"] == "better"
    assert status(importer, "PATCH", "/vulnerability?external_id=1", {"name": "x"}) == 404


def test_a_deleted_vertex_takes_its_edges_away(car: CAR, importer: Importer) -> None:
    fill(importer)
    importer.delete([("asset", "1"), ("asset", "77"), ("hostname", "a.test")])
    assert (ids(car, "asset"), ids(car, "hostname")) == (["2"], [])
    assert edges(car) == ["asset_vulnerability 2 38901"]
    assert car.violations() == []
    assert status(importer, "DELETE", "/source/qualys/hostname?external_ids=a") == 400


@pytest.mark.parametrize("query", ["", "?external_ids=", "?external_ids=,"])
def test_a_delete_without_ids_empties_the_collection_and_is_a_violation(
    car: CAR, importer: Importer, query: str
) -> None:
    fill(importer)
    assert status(importer, "DELETE", f"/source/qualys/asset{query}") == 200
    assert ids(car, "asset") == [] and edges(car) == []
    assert [one.partition(":")[0] for one in car.violations()] == ["whole collection deleted"]


def test_sources_do_not_touch_each_other(car: CAR, importer: Importer) -> None:
    fill(importer)
    other = Importer(car.url, car.key, car.password, "other")
    other.job("POST", "/source/other/full-import-in-progress")
    other.job("DELETE", "/source/other/full-import-in-progress")
    other.delete([("asset", "1")])
    assert len(edges(car)) == 3


@pytest.mark.parametrize(("extra", "expected"), [(0, 200), (1, 414)])
def test_a_request_line_above_8_KB_is_refused(car: CAR, importer: Importer, extra: int, expected: int) -> None:
    path = "/source/qualys/asset?external_ids="
    line = f"DELETE /api/car/v2{path} HTTP/1.1"
    assert status(importer, "DELETE", path + "1" * (8192 - len(line) + extra)) == expected


QUERIES = {
    'query { asset_hostname(where: {asset_id: {_eq: "qualys/1"}}) { source, asset_id, hostname_id } }': {
        "asset_hostname": [{"source": "qualys", "asset_id": "qualys/1", "hostname_id": "hostname/a.test"}]
    },
    '{ v: asset_vulnerability(where: {asset_id: {_in: ["qualys/1", "qualys/2"]}}, limit: 1, offset: 1) { asset_id risk_score } }': {
        "v": [{"asset_id": "qualys/2", "risk_score": 6}]
    },
    'query all { asset(where: {source: {_eq: "qualys"}}) { external_id name } }': {
        "asset": [{"external_id": "1", "name": "a"}, {"external_id": "2", "name": "b"}]
    },
    'query { asset(where: {_or: [{name: {_gt: "a"}}, {_not: {external_id: {_neq: "5"}}}]}) { id } hostname { _key } }': {
        "asset": [{"id": "qualys/2"}],
        "hostname": [{"_key": "a.test"}],
    },
    'query { asset(order_by: {name: desc}) { name } }': {"asset": [{"name": "b"}, {"name": "a"}]},
    'query { asset(where: {name: {_eq: "\\u0061"}}) { name } }': {"asset": [{"name": "a"}]},
}


@pytest.mark.parametrize("text", QUERIES)
def test_a_query_reads_edges_and_vertices(car: CAR, importer: Importer, text: str) -> None:
    fill(importer)
    assert importer.query(text) == QUERIES[text]


def test_a_query_sees_edges_that_are_off_only_when_it_asks_for_them(car: CAR, importer: Importer) -> None:
    fill(importer)
    importer.switch_off(("asset_vulnerability", "1", "38901"))
    assert importer.query("{ asset_vulnerability { asset_id } }") == {
        "asset_vulnerability": [{"asset_id": "qualys/2"}]
    }
    assert importer.query("{ asset_vulnerability(where: {active: {_eq: false}}) { asset_id } }") == {
        "asset_vulnerability": [{"asset_id": "qualys/1"}]
    }


def test_a_query_without_a_row_is_404_or_an_empty_list(car: CAR, importer: Importer) -> None:
    text = 'query { asset_hostname(where: {asset_id: {_eq: "qualys/9"}}) { hostname_id } }'
    with pytest.raises(urllib.error.HTTPError, match="404"):
        importer.query(text)
    car.settings(none_found=200)
    assert importer.query(text) == {"asset_hostname": []}


@pytest.mark.parametrize(
    "text",
    ["query {", "{ gadget { id } }", "{ asset { size } }", "{ asset(where: {name: {_ilike: 1}}) { id } }", "{ asset(first: 1) { id } }", "%"],
)
def test_a_query_that_is_not_understood_is_an_error(car: CAR, importer: Importer, text: str) -> None:
    fill(importer)
    with pytest.raises(urllib.error.HTTPError) as refused:
        importer.query(text)
    assert refused.value.code == 400 and "errors" in json.load(refused.value)


def test_a_server_can_understand_nothing_but_the_plain_query(car: CAR, importer: Importer) -> None:
    fill(importer)
    car.settings(query_form="plain")
    plain, *others = QUERIES
    assert importer.query(plain) == QUERIES[plain]
    for text in others:
        with pytest.raises(urllib.error.HTTPError, match="400"):
            importer.query(text)


def test_schema_and_extensions_are_given(car: CAR, importer: Importer) -> None:
    v3 = car.url.replace("v2", "v3")
    schema = json.loads(importer.call("GET", "/importSchema?version=v2", url=v3))["schema"]
    assert schema["properties"]["asset"]["items"]["required"] == ["external_id", "name"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        importer.call("GET", "/carSchema/mine", url=v3)
    importer.call("POST", "/carSchema", {"_key": "mine", "vertices": []}, url=v3)
    assert json.loads(importer.call("GET", "/carSchema/mine", url=v3)) == {"_key": "mine", "vertices": []}


def test_a_call_that_there_is_not_is_written_down(car: CAR, importer: Importer) -> None:
    assert status(importer, "PUT", "/databases") == 404
    assert car.violations() == ["unknown call: PUT /api/car/v2/databases"]


def test_only_counts_are_kept_for_measurements(car: CAR, importer: Importer) -> None:
    car.settings(hold="counts")
    fill(importer)
    assert car.whole_state()["totals"] == {
        "asset": 2,
        "hostname": 1,
        "vulnerability": 1,
        "asset_hostname": 1,
        "asset_vulnerability": 2,
    }


def test_chunked_imports_are_read(car: CAR, importer: Importer) -> None:
    body = json.dumps({**ENVELOPE, **VERTICES}).encode()
    request = urllib.request.Request(
        f"{car.url}/imports",
        data=iter([body[:100], body[100:]]),
        headers={"Authorization": f"car-token {car.token}", "Content-Type": "application/json"},
        method="POST",
    )
    assert urllib.request.urlopen(request).status == 201
    assert ids(car, "asset") == ["1", "2"]


def test_ids_are_decoded_before_they_are_parted(car: CAR, importer: Importer) -> None:
    """So an id with a comma cannot be deleted, and who tries deletes others."""
    send(importer, account=[{"external_id": one, "name": one} for one in ("a,b", "a", "b")])
    importer.call("DELETE", f"/source/qualys/account?external_ids={quote('a,b', safe='')}")
    assert ids(car, "account") == ["a,b"]


def test_a_client_that_asks_before_it_sends_a_body_is_told_to_go_on(car: CAR) -> None:
    host, _, rest = car.url.removeprefix("http://").partition(":")
    body = json.dumps({**ENVELOPE, **VERTICES}).encode()
    head = f"POST /api/car/v2/imports HTTP/1.1\r\nHost: {host}\r\nAuthorization: car-token {car.token}\r\n"
    head += f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(rest.partition("/")[0])), timeout=5) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
