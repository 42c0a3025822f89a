"""What happens to the data during a run shows at every endpoint that it concerns, and at no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from qualys_calls import (
    DETECTIONS,
    HOST_ASSETS,
    HOST_LIST,
    JSON,
    SEARCH,
    call,
    every,
    fo,
    inventory,
    search,
    token,
)

from qualys.client import QualysServer

NOW, LATER = "2024-05-06T12:00:00Z", "2024-05-07T00:30:00Z"


@pytest.fixture
def later(qualys: QualysServer) -> QualysServer:
    """Half a day on: what changes now is newer than all there was."""
    names = ("asset/host", "vm/detection")
    qualys.set(limits={name: {"rate": 0, "concurrency": 0} for name in names})
    qualys.change("set_now", now=LATER)
    return qualys


def newer(server: QualysServer) -> tuple[list[int], list[int], list[int]]:
    """Asset ids that are newer than before, by each of the three clocks."""
    processed = [row["asset"] for row in server.truth("hosts", vm_processed_after=LATER)]
    updated = [a["id"] for a in every(server, HOST_ASSETS, ("updated", "GREATER", NOW))]
    reply = inventory(server, token(server), f"?assetLastUpdated={LATER}")
    listed = json.loads(reply.body)["assetListData"]["asset"] if reply.status == 200 else []
    return processed, updated, [asset["assetId"] for asset in listed]


def statuses_of(server: QualysServer, host: int, **parameters: Any) -> list[str | None]:
    root = fo(server, DETECTIONS, ids=host, **parameters).xml
    return [each.findtext("STATUS") for each in root.iterfind(".//DETECTION")]


def test_nothing_is_newer_before_anything_happens(later: QualysServer) -> None:
    assert newer(later) == ([], [], [])


def test_a_fixed_detection_moves_the_clock_of_the_scan_alone(later: QualysServer) -> None:
    host = next(row for row in later.truth("hosts") if row["detections"] > 2)
    done = later.change("fix_detection", host=host["host"])
    assert newer(later) == ([host["asset"]], [], [])
    assert len(statuses_of(later, host["host"])) == host["detections"] - done["fixed"]
    fixed = fo(
        later, DETECTIONS, ids=host["host"], status="Fixed", detection_updated_since=LATER
    ).xml
    assert [each.findtext("LAST_FIXED_DATETIME") for each in fixed.iterfind(".//DETECTION")] == [
        LATER
    ]
    assert fixed.findtext(".//DETECTION/QID") == str(done["qid"])
    with pytest.raises(ValueError, match="no such host"):
        later.change("fix_detection", host=1)


def test_an_address_moves_in_the_portal_and_an_application_in_the_inventory(
    later: QualysServer,
) -> None:
    has_address = next(
        a for a in later.truth("assets")
        if "qwebHostId" in a and any("gatewayAddress" in i["HostAssetInterface"] for i in a["networkInterface"].get("list", []))
    )  # fmt: skip
    later.change("move_address", asset=has_address["id"], to="10.77.0.1")
    moved = next(a for a in later.truth("assets") if a["id"] == has_address["id"])
    assert moved["networkInterface"]["list"][0]["HostAssetInterface"]["address"] == "10.77.0.1"
    other = next(
        a for a in later.truth("applications")
        if a["assetId"] != has_address["id"] and len((a["softwareListData"] or {}).get("software", [])) > 1
    )  # fmt: skip
    gone = later.change("remove_application", asset=other["assetId"])["software"]
    left = next(a for a in later.truth("applications") if a["assetId"] == other["assetId"])
    before = [each["id"] for each in other["softwareListData"]["software"]]
    assert [each["id"] for each in left["softwareListData"]["software"]] == [
        id for id in before if id != gone
    ]
    assert newer(later) == ([], [has_address["id"]], [other["assetId"]])


def test_hosts_come_and_go(later: QualysServer) -> None:
    first, second, *_ = later.truth("hosts")
    added = later.change("add_host")
    assert newer(later) == ([added["asset"]],) * 3
    assert statuses_of(later, added["host"], show_igs=1, status="New,Active,Re-Opened,Fixed")
    later.change("delete_host", host=first["host"])
    later.change("purge_host", host=second["host"])
    hosts = [row["host"] for row in later.truth("hosts")]
    assert not {first["host"], second["host"]} & set(hosts) and hosts[-1] == added["host"]
    listed = fo(later, HOST_LIST, truncation_limit=0, ids=f"{first['host']}-{second['host']}").xml
    assert listed.find("RESPONSE/HOST_LIST") is None
    assets = {asset["id"]: asset for asset in every(later, HOST_ASSETS, limitResults=1000)}
    assert first["asset"] not in assets and "qwebHostId" not in assets[second["asset"]]
    assert assets.keys() == {asset["assetId"] for asset in later.truth("applications")}


def test_a_host_can_be_touched_by_each_clock(later: QualysServer) -> None:
    asset = later.truth("hosts")[3]["asset"]
    for number, clock in enumerate(("processed", "updated", "inventoried")):
        later.change("touch_host", asset=asset, clock=clock)
        assert [len(found) for found in newer(later)] == [
            int(place <= number) for place in range(3)
        ]


def test_web_applications_come_and_go(later: QualysServer) -> None:
    first, second, third, *_ = (row["id"] for row in later.truth("webapps"))
    added = later.change("add_webapp")["id"]
    later.change("remove_webapp", id=first)
    later.change("retire_webapp", id=second)
    later.change("touch_webapp", id=third, name="Another name")
    ids = [each["id"] for each in every(later, SEARCH + "webapp")]
    assert first not in ids and second in ids and ids[-1] == added
    assert all(
        each["webApp"]["id"] != first
        for each in every(later, SEARCH + "finding", limitResults=1000)
    )
    codes = [
        call(later, "GET", f"/qps/rest/3.0/get/was/webapp/{id}", headers=JSON).response[
            "responseCode"
        ]
        for id in (first, second, third, added)
    ]
    assert codes == ["OBJECT_NOT_FOUND", "OBJECT_NOT_FOUND", "SUCCESS", "SUCCESS"]
    newest = list(every(later, SEARCH + "webapp", ("updatedDate", "GREATER", NOW)))
    assert [(each["id"], each["name"], each["updatedDate"]) for each in newest] == [
        (third, "Another name", LATER)
    ]


def test_findings_come_change_and_go(later: QualysServer) -> None:
    webapp = later.truth("webapps")[0]["id"]
    added = later.change("add_finding", webapp=webapp)["id"]
    newest = list(
        every(
            later,
            SEARCH + "finding",
            ("webApp.id", "EQUALS", webapp),
            ("lastDetectedDate", "GREATER", NOW),
        )
    )
    assert [each["id"] for each in newest] == [added]
    later.change("change_finding", id=added, status="FIXED")
    fixed = search(
        later, SEARCH + "finding", ("id", "EQUALS", added), ("status", "EQUALS", "FIXED")
    ).response
    assert fixed["count"] == 1
    later.change("remove_finding", id=added)
    assert search(later, SEARCH + "finding", ("id", "EQUALS", added)).response["count"] == 0


def test_scans_finish_while_somebody_looks(later: QualysServer) -> None:
    running = next(scan for scan in later.truth("scans") if scan["status"] == "RUNNING")
    later.change("finish_scan", id=running["id"])
    new = later.change("add_scan", launched="2024-05-06T23:50:00Z", bytes=50_000)["id"]
    rows = later.truth("scans", finished_since=LATER, finished_until="2024-05-07T01:00:00Z")
    assert [(row["id"], row["finished"]) for row in rows] == [(running["id"], LATER), (new, LATER)]
    assert 49_000 < rows[1]["bytes"] < 52_000
    later.change("retire_scan", id=new)
    gone = call(later, "GET", f"/qps/rest/3.0/download/was/wasscan/{new}", headers=JSON)
    assert gone.response["responseCode"] == "OBJECT_NOT_FOUND"


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(qualys: QualysServer) -> None:
    whole = fo(qualys, DETECTIONS, truncation_limit=0, show_igs=1).body
    address = qualys.api_url.encode()
    for seed, same in ((1, True), (2, False)):
        with QualysServer.start(now=qualys.now, hosts=400, seed=seed) as other:
            body = fo(other, DETECTIONS, truncation_limit=0, show_igs=1).body
            assert (body.replace(other.api_url.encode(), address) == whole) == same


def test_unknown_changes_and_truths_are_refused(qualys: QualysServer) -> None:
    with pytest.raises(ValueError, match="unknown change"):
        qualys.change("explode")
    with pytest.raises(ValueError, match="no such truth"):
        qualys.truth("lies")
