"""Host assets (AM 2.0), and which of them have detections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import moments
from .criteria import BOOLEAN, DATE, INTEGER, TEXT, WORD, Criterion
from .detections import Detections
from .hosts import KINDS, TAGS, Hosts
from .options import Options
from .records import Records
from .templates import Values, gap, number

_TRACKING = {
    "IP": "IP",
    "AGENT": "QAGENT",
    "DNS": "DNSNAME",
    "NETBIOS": "NETBIOS",
    "EC2": "INSTANCE_ID",
}
_LISTS = 16


def _list(name: str, items: list[Any]) -> dict[str, Any]:
    """A list as AM writes it: no count."""
    return {"list": [{name: item} if name else item for item in items]}


class HostAssets(Records):
    """One for each asset, terminated ones among them: they have no qwebHostId."""

    name = "HostAsset"
    schema = "2.0/am/hostasset"
    kinds = {
        "qwebHostId": INTEGER, "id": INTEGER, "name": TEXT, "created": DATE, "updated": DATE, "type": WORD, "os": TEXT,
        "dnsHostName": TEXT, "address": TEXT, "netbiosName": TEXT, "netbiosNetworkID": TEXT, "networkGuid": TEXT,
        "trackingMethod": WORD, "port": INTEGER, "installedSoftware": TEXT, "tagName": TEXT, "tagId": INTEGER,
        "lastVulnScan": DATE, "lastComplianceScan": DATE, "informationGatheredUpdated": DATE, "vulnsUpdated": DATE,
        "agentUuid": TEXT,
    }  # fmt: skip

    def __init__(self, options: Options, hosts: Hosts, detections: Detections) -> None:
        super().__init__(options)
        self.hosts = hosts
        self.detections = detections

    def _number(self, id: int) -> int:
        return id - self.hosts.asset_id(0)

    def ids(self, after: int = 0) -> Iterator[int]:
        first = self.hosts.asset_id(0)
        return (first + i for i in self.hosts.assets(max(0, after + 1 - first)))

    def has(self, id: int) -> bool:
        return self.hosts.exists(self._number(id))

    def narrowed(self, criterion: Criterion) -> list[int] | None:
        if criterion.field != "qwebHostId" or criterion.operator.upper() not in ("EQUALS", "IN"):
            return None
        numbers = (self.hosts.number_of_host(int(part)) for part in criterion.value.split(","))
        return sorted({self.hosts.asset_id(i) for i in numbers if i is not None})

    def field(self, id: int, name: str) -> Any:
        hosts, i = self.hosts, self._number(id)
        match name:
            case "id":
                return id
            case "qwebHostId":
                return hosts.host_id(i) if hosts.is_host(i) else None
            case "name" | "dnsHostName":
                return hosts.name(i)
            case "updated":
                return hosts.updated(i)
            case "created":
                return hosts.created(i)
            case "lastVulnScan":
                return hosts.scanned(i)
            case "vulnsUpdated":
                return hosts.processed(i)
            case "address":
                return hosts.address(i)
            case "os":
                return hosts.os(i)
            case "type":
                return "HOST"
            case "trackingMethod":
                return _TRACKING[hosts.tracking(i)]
            case "tagId":
                return hosts.tags(i)[0][0] if hosts.tags(i) else None
            case "tagName":
                return hosts.tags(i)[0][1] if hosts.tags(i) else None
        return None

    def shape(self, id: int) -> int:
        """Kind, whether it is a host, and which of the odd lists it has."""
        i = self._number(id)
        odd = self.hosts.bits(i) // 2048 % _LISTS
        return (odd * 2 + self.hosts.is_host(i)) * KINDS + self.hosts.kind(i)

    def values(self, id: int, form: str) -> Values:
        hosts, i = self.hosts, self._number(id)
        first = self.detections.of_list(self.detections.list_of(i))
        return {
            b"id": b"%d" % id,
            b"host": b"%d" % hosts.host_id(i),
            b"n": b"%d" % i,
            b"address": hosts.address(i).encode(),
            b"mac": hosts.mac(i).encode(),
            b"created": moments.text(hosts.created(i)).encode(),
            b"updated": moments.text(hosts.updated(i)).encode(),
            b"scanned": moments.text(hosts.scanned(i)).encode(),
            b"qid": b"%d" % (first[0].qid if first else 45901),
            b"unique": b"%d" % (self.detections.unique_id(i, first[0]) if first else 0),
            b"second": b"2001:db8:1::%x" % i,
        }

    def record(self, shape: int, view: str) -> dict[str, Any]:
        odd, is_host, kind = shape // KINDS // 2, shape // KINDS % 2, shape % KINDS
        if view == "ids":
            return {"id": number("id"), "qwebHostId": number("host")}
        record: dict[str, Any] = {
            "id": number("id"), "name": _name(odd), "created": gap("created"), "modified": gap("updated"),
            "type": "HOST", "tags": _list("TagSimple", [{"id": id, "name": name} for id, name in TAGS[: kind % 4]]),
            "sourceInfo": _sources(odd),
        }  # fmt: skip
        if is_host:
            record["qwebHostId"] = number("host")
            record |= _described(odd, kind)
        else:
            record["trackingMethod"] = "INSTANCE_ID"
        record["networkInterface"] = _interfaces(odd)
        if odd % 4 != 3:
            record["account"] = _accounts(odd)
        if odd == 9:
            record["account"] = {}
        if is_host:
            record |= {
                "isDockerHost": "false", "lastVulnScan": gap("scanned"),
                "software": _list("HostAssetSoftware", [{"name": "Demo Server", "version": "9.1"}]),
                "vuln": _list("HostAssetVuln", [{"qid": number("qid"), "hostInstanceVulnId": number("unique")}]),
            }  # fmt: skip
        if odd % 8 == 6:
            record |= {
                "internalSequence": 18446744073709551616,
                "newMember": {"list": [None, 1e-7]},
            }
        return record


def _name(odd: int) -> str:
    return {3: " HOST" + gap("n") + ".Example.TEST ", 7: "", 11: "Größe-" + gap("n")}.get(
        odd, "HOST" + gap("n") + ".example.test"
    )


def _described(odd: int, kind: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "os": ('Linux 5.x & "friends"', "Windows Server 2019", "")[kind % 3]
    }
    if odd % 3:
        described["dnsHostName"] = "Host" + gap("n") + ".Example.test"
    if odd % 4 == 1:
        described |= {"fqdn": "host" + gap("n") + ".example.test", "cloudProvider": "AWS"}
    if odd % 5 == 1:
        described["netbiosName"] = "HOST" + gap("n")
    described["agentInfo"] = {
        "agentId": "11111111-2222-3333-4444-" + gap("n"),
        "status": "STATUS_ACTIVE",
    }
    if odd != 4:
        described["address"] = gap("address")
    described |= {
        "trackingMethod": ("IP", "QAGENT", "DNSNAME")[kind % 3],
        "networkGuid": "66bd43e1-0000-4000-8000-000000000001",
        "manufacturer": "Demo & Co",
        "model": "t3.small",
        "timezone": "+00:00",
        "lastSystemBoot": "2024-04-01T00:00:00Z",
        "totalMemory": 1988,
        "lastLoggedOnUser": "rené",
        "openPort": _list("HostAssetOpenPort", [{"port": 443, "protocol": "TCP"}]),
        "processor": _list(
            "HostAssetProcessor", [{"name": "Demo CPU", "speed": 2500}] if kind % 2 else []
        ),
        "volume": _list("HostAssetVolume", [{"name": "/", "size": 8589934592, "free": 4294967296}]),
    }
    return described


def _sources(odd: int) -> dict[str, Any]:
    amazon = {
        "assetId": number("id"), "type": "EC_2", "region": "eu-central-1", "availabilityZone": "eu-central-1a",
        "instanceId": "i-" + gap("n"), "privateIpAddress": gap("address"), "macAddress": gap("mac"),
        "ec2InstanceTags": {"tags": _list("EC2Tags", [{"key": "env", "value": "prod & <test>"}])},
    }  # fmt: skip
    azure = {
        "assetId": number("id"),
        "type": "AZURE",
        "location": "westeurope",
        "name": "vm" + gap("n"),
    }
    google = {"assetId": number("id"), "type": "GCP", "zone": "europe-west3-a"}
    match odd % 6:
        case 0:
            return {"list": [{"Ec2AssetSourceSimple": amazon}, {"AssetSource": {}}]}
        case 1:
            return {"list": [{"AzureAssetSourceSimple": azure}]}
        case 2:
            return {"list": [{"GcpAssetSourceSimple": google}, ""]}
        case 3:
            return {"list": [""]}
    return {"list": []} if odd % 6 == 4 else {}


def _interfaces(odd: int) -> dict[str, Any]:
    """One interface with two addresses, one without any, one without a name, none at all."""
    first: dict[str, Any] = {
        "hostname": "host" + gap("n"), "interfaceName": "eth0", "macAddress": gap("mac"), "type": "LOCAL",
        "address": gap("address"), "gatewayAddress": "10.0.0.1",
    }  # fmt: skip
    bare = {"interfaceName": "nic0", "macAddress": gap("mac")}
    match odd % 8:
        case 1:
            return _list("HostAssetInterface", [first, first | {"address": gap("second")}])
        case 2:
            return _list("HostAssetInterface", [bare])
        case 3:
            return _list("HostAssetInterface", [{"address": gap("address")}])
        case 4:
            return {"list": []}
        case 5:
            return _list(
                "HostAssetInterface", [first, bare, {"address": "10.255.255.1", "macAddress": ""}]
            )
    return _list("HostAssetInterface", [first])


def _accounts(odd: int) -> dict[str, Any]:
    """Some accounts are on many assets, some on one."""
    names = ["root", "DOM\\rené", "user" + gap("n")][: 1 + odd % 3]
    return _list("HostAssetAccount", [{"username": name} for name in names] if odd != 8 else [])


class HostDetections(HostAssets):
    """Hosts of the portal with detections: `search` and `ids` of `am/hostdetection`."""

    name = "HostDetection"
    schema = "2.0/am/hostdetection"
    kinds = {
        "id": INTEGER, "qwebHostId": INTEGER, "updated": DATE, "detection.found": BOOLEAN, "detection.ignored": BOOLEAN,
        "detection.disabled": BOOLEAN, "detection.typeDetected": INTEGER, "typeDetected": INTEGER, "tagId": INTEGER,
        "lastVulnScan": DATE,
    }  # fmt: skip

    def ids(self, after: int = 0) -> Iterator[int]:
        return (id for id in super().ids(after) if self.hosts.is_host(self._number(id)))

    def has(self, id: int) -> bool:
        return super().has(id) and self.hosts.is_host(self._number(id))

    def find(self, criteria: list[Criterion], after: int = 0) -> Iterator[int]:
        """What is asked of the detections themselves leaves the hosts as they are."""
        about_hosts = [
            each for each in criteria if "etect" not in each.field or each.field not in self.kinds
        ]
        return super().find(about_hosts, after)

    def record(self, shape: int, view: str) -> dict[str, Any]:
        found = {
            "qid": number("qid"),
            "found": "true",
            "ignored": "false",
            "disabled": "false",
            "typeDetected": 4,
        }
        return super().record(shape, "ids") | (
            {} if view == "ids" else {"detection": _list("Detection", [found])}
        )
