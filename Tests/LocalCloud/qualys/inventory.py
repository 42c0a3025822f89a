"""The gateway's inventory: `POST /rest/2.0/search/am/asset` and `count/am/asset`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import gateway, moments, software
from .gateway import JSON_TYPE
from .hosts import TAGS, Hosts
from .options import Options
from .returns import Refused
from .templates import JSON, Values, dumps, gap, number, template
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

_PARAMETERS = {
    "pageSize", "lastSeenAssetId", "assetLastUpdated", "assetLastUpdatedBefore", "includeFields", "excludeFields",
    "softwareType", "softwareLastUpdated",
}  # fmt: skip


class Inventory:
    """Assets as the gateway knows them, by ascending id."""

    def __init__(self, options: Options, hosts: Hosts) -> None:
        self.options = options
        self.hosts = hosts
        # Software ids that were taken away, by asset number.
        self.gone: dict[int, set[int]] = {}
        self._templates: dict[tuple[int, str | None], bytes] = {}

    def shape(self, i: int) -> int:
        return self.hosts.bits(i) // 32768 % software.SHAPES * 2 + self.hosts.is_host(i)

    def software_of(self, i: int) -> list[dict[str, Any]] | None:
        """The applications that are still on the asset."""
        listed = software.of_shape(self.shape(i) // 2, self.options.seed, self.options.software)
        gone = self.gone.get(i)
        return (
            listed
            if not gone or listed is None
            else [each for each in listed if each["id"] not in gone]
        )

    def render(self, i: int, software_type: str | None) -> bytes:
        key = (self.shape(i), software_type)
        if i in self.gone:
            return self._template(i, software_type) % self._values(i)
        ready = self._templates.get(key)
        if ready is None:
            ready = self._templates[key] = self._template(i, software_type)
        return ready % self._values(i)

    def _template(self, i: int, software_type: str | None) -> bytes:
        listed = self.software_of(i)
        if listed is not None and software_type is not None:
            listed = [each for each in listed if each["softwareType"] == software_type]
        record = _asset(self.shape(i), None if listed is None else {"software": listed})
        return template(record, JSON)

    def _values(self, i: int) -> Values:
        hosts = self.hosts
        return {
            b"id": b"%d" % hosts.asset_id(i),
            b"host": b"%d" % hosts.host_id(i),
            b"n": b"%d" % i,
            b"address": hosts.address(i).encode(),
            b"mac": hosts.mac(i).encode(),
            b"updated": moments.millis(hosts.inventoried(i)).encode(),
            b"created": moments.millis(hosts.created(i)).encode(),
        }


def _asset(shape: int, listed: dict[str, Any] | None) -> dict[str, Any]:
    is_host, bare = shape % 2, shape // 2 % 5 == 4
    account = {"userAccount": [{"name": "root"}, {"name": "rené"}]}
    card = {
        "hostname": "host" + gap("n"),
        "addressIpV4": gap("address"),
        "addressIpV6": None,
        "macAddress": gap("mac"),
    }
    system = {
        "osName": "Linux", "fullName": "Demo Linux 5", "category": "Linux / Server", "productName": "Demo Linux",
        "publisher": "Demo", "edition": None, "version": "5.4", "lifecycle": {"gaDate": None, "stage": "GA"},
    }  # fmt: skip
    port = {"port": 443, "protocol": "TCP", "description": "https", "detectedService": None}
    region = {"code": "eu-central-1", "name": "EU (Frankfurt)"}
    amazon = {
        "ec2": {"accountId": "000000000000", "region": region, "instanceId": "i-" + gap("n")},
        "tags": None,
    }
    asset: dict[str, Any] = {
        "assetId": number("id"),
        "assetUUID": "00000000-0000-4000-8000-" + gap("id"),
        "hostId": number("host") if is_host else None,
        "lastModifiedDate": gap("updated"),
        "agentId": None,
        "createdDate": gap("created"),
        "sensorLastUpdatedDate": gap("updated"),
        "assetType": "HOST",
        "address": None if bare else gap("address"),
        "dnsName": None if bare else "host" + gap("n") + ".example.test",
        "assetName": "HOST" + gap("n") + ".example.test",
        "netbiosName": None,
        "timeZone": None,
        "lastBoot": None,
        "totalMemory": None if bare else 1988,
        "cpuCount": None if bare else 2,
        "isContainerHost": False,
        "operatingSystem": None if bare else system,
        "hardware": None,
        "userAccountListData": None if bare else account,
        "openPortListData": None if bare else {"openPort": [port]},
        "volumeListData": None,
        "networkInterfaceListData": None if bare else {"networkInterface": [card]},
        "softwareListData": listed,
        "cloudProvider": {"aws": amazon, "azure": None, "gcp": None} if shape % 3 == 1 else None,
        "tagList": {"tag": [{"tagId": id, "tagName": name} for id, name in TAGS[:1]]},
        "criticality": None,
        "riskScore": 512,
    }
    if shape % 7 == 3:
        asset["newMember"] = {
            "sequence": -9223372036854775808,
            "list": [True, None, {"deep": "]]> \x01"}],
        }
    return asset


def _search(work: Work) -> Answer:
    given = _checked(work)
    inventory = work.qualys.subscription.inventory
    size = int(given.get("pageSize") or 100)
    last = int(given.get("lastSeenAssetId") or 0)
    found = _found(work, given, last)
    page = list(islice(found, size + 1))
    more = len(page) > size
    page = page[:size]
    if not page:
        return Answer(204)
    chosen = (given.get("includeFields"), given.get("excludeFields"))
    assets = (_trimmed(inventory.render(i, given.get("softwareType")), chosen) for i in page)
    seen = inventory.hosts.asset_id(page[-1])
    if work.bent("last_id_stuck"):
        more, seen = True, last or seen - 1
    head = f'{{"responseMessage":"Valid API Access","count":{len(page)},"responseCode":"SUCCESS"'
    if not (work.bent("has_more_without_last_id")):
        head += f',"lastSeenAssetId":{seen}'
    else:
        more = True
    # On a last page hasMore is sometimes missing.
    if work.bent("has_more_boolean"):
        head += f',"hasMore":{str(more).lower()}'
    elif more or seen % 2 == 0:
        head += "" if work.bent("has_more_missing") else f',"hasMore":{int(more)}'
    body = head.encode() + b',"assetListData":{"asset":[' + b",".join(assets) + b"]}}"
    return Answer(200, [JSON_TYPE], body)


def _count(work: Work) -> Answer:
    count = sum(1 for _ in _found(work, _checked(work), 0))
    body = {"responseMessage": "Valid API Access", "count": count, "responseCode": "SUCCESS"}
    return Answer(200, [JSON_TYPE], dumps(body))


def _checked(work: Work) -> dict[str, str]:
    given = work.parameters
    problem = None
    if unknown := set(given) - _PARAMETERS:
        problem = f"Unknown parameter {sorted(unknown)[0]}"
    elif not 1 <= int(given.get("pageSize") or 100) <= 300:
        problem = "pageSize must be between 1 and 300"
    elif "includeFields" in given and "excludeFields" in given:
        problem = "includeFields and excludeFields exclude each other"
    if problem:
        body = {"responseMessage": problem, "responseCode": "FAILED"}
        raise Refused(Answer(400, [JSON_TYPE], dumps(body)))
    return given


def _found(work: Work, given: dict[str, str], last: int) -> Iterator[int]:
    hosts = work.qualys.subscription.hosts
    numbers = hosts.assets(max(0, last + 1 - hosts.asset_id(0)))
    if "assetLastUpdated" in given:
        since = moments.parse(given["assetLastUpdated"])
        numbers = (i for i in numbers if hosts.inventoried(i) >= since)
    if "assetLastUpdatedBefore" in given:
        before = moments.parse(given["assetLastUpdatedBefore"])
        numbers = (i for i in numbers if hosts.inventoried(i) < before)
    return numbers


def _trimmed(asset: bytes, chosen: tuple[str | None, str | None]) -> bytes:
    include, exclude = chosen
    if include is None and exclude is None:
        return asset
    record = json.loads(asset)
    # Identity and times are always there; lists and objects can be chosen.
    for name, value in list(record.items()):
        is_optional = isinstance(value, (dict, list)) or name.endswith("ListData")
        unwanted = (
            name not in include.split(",")
            if include is not None
            else name in (exclude or "").split(",")
        )
        if is_optional and unwanted:
            del record[name]
    return dumps(record)


gateway.FUNCTIONS["/rest/2.0/search/am/asset"] = _search
gateway.FUNCTIONS["/rest/2.0/count/am/asset"] = _count
