"""Host List: `/api/N/fo/asset/host/?action=list`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from . import documents, fo, moments
from .hosts import Hosts
from .returns import XML_TYPE, bad_parameter
from .selection import PARAMETERS, select
from .templates import XML, escaped
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

ROOT = "HOST_LIST_OUTPUT"
DTDS = ("asset/host/host_list_output.dtd", "asset/host/dtd/list/output.dtd")
_DETAILS = ("None", "Basic", "All", "Basic/AGs", "All/AGs", "Basic-AGs", "All-AGs")


def answer(work: Work) -> Answer:
    fo.check_parameters(work, PARAMETERS)
    fo.check_list(work)
    details = work.parameters.get("details", "Basic")
    if details not in _DETAILS:
        raise bad_parameter(work.qualys, 1905, f"parameter details has invalid value: {details}")
    limit = fo.whole_number(work, "truncation_limit", 1000)
    hosts = work.qualys.subscription.hosts
    body = _body(work, hosts, select(work), details, limit)
    return Answer(200, [XML_TYPE], body)


def _body(
    work: Work, hosts: Hosts, found: Iterator[int], details: str, limit: int
) -> Iterator[bytes]:
    yield documents.head(work, ROOT, DTDS)
    page = islice(found, limit) if limit else found
    first = next(page, None)
    if first is not None:
        rest = iter([first]) if limit == 1 else _chained(first, page)
        if details == "None":
            yield b"    <ID_SET>\n"
            yield from documents.in_blocks(_id_set(hosts, rest))
            yield b"    </ID_SET>\n"
        else:
            yield b"    <HOST_LIST>\n"
            show = (
                fo.flag(work, "show_tags") or details.startswith("All"),
                fo.flag(work, "show_asset_id", True),
            )
            yield from documents.in_blocks(_host(hosts, i, details, *show) for i in rest)
            yield b"    </HOST_LIST>\n"
        following = next(found, None) if limit else None
        if following is not None:
            yield documents.warning(work, limit, hosts.host_id(following))
    yield documents.tail(ROOT)


def _chained(first: int, rest: Iterator[int]) -> Iterator[int]:
    yield first
    yield from rest


def _id_set(hosts: Hosts, numbers: Iterator[int]) -> Iterator[bytes]:
    """Single ids and ranges in turn."""
    run: list[int] = []
    for i in numbers:
        id = hosts.host_id(i)
        if run and id != run[-1] + 1:
            yield _run(run)
            run = []
        run.append(id)
    if run:
        yield _run(run)


def _run(ids: list[int]) -> bytes:
    if len(ids) > 2 and ids[0] // 3 % 2:
        return b"      <ID_RANGE>%d-%d</ID_RANGE>\n" % (ids[0], ids[-1])
    return b"".join(b"      <ID>%d</ID>\n" % id for id in ids)


def _host(hosts: Hosts, i: int, details: str, show_tags: bool, show_asset_id: bool) -> bytes:
    address, os = hosts.address(i), hosts.os(i)
    lines = [f"<ID>{hosts.host_id(i)}</ID>"]
    if show_asset_id:
        lines.append(f"<ASSET_ID>{hosts.asset_id(i)}</ASSET_ID>")
    lines.append(f"<IPV6>{address}</IPV6>" if ":" in address else f"<IP>{address}</IP>")
    lines.append(f"<TRACKING_METHOD>{hosts.tracking(i)}</TRACKING_METHOD>")
    lines.append("<NETWORK_ID>0</NETWORK_ID>")
    if hosts.kind(i) % 5:
        name = hosts.name(i)
        lines.append(f"<DNS><![CDATA[{name}]]></DNS>")
        lines += [
            "<DNS_DATA>", f"  <HOSTNAME><![CDATA[host{i}]]></HOSTNAME>",
            "  <DOMAIN />" if hosts.kind(i) % 2 else "  <DOMAIN><![CDATA[example.test]]></DOMAIN>",
            f"  <FQDN><![CDATA[{name}]]></FQDN>", "</DNS_DATA>",
        ]  # fmt: skip
    if hosts.kind(i) % 7 == 1:
        lines.append(f"<NETBIOS><![CDATA[HOST{i}]]></NETBIOS>")
    lines.append(f"<OS><![CDATA[{os}]]></OS>" if os else "<OS></OS>")
    if hosts.kind(i) % 3:
        lines.append(f"<QG_HOSTID><![CDATA[11111111-2222-3333-4444-{i:012d}]]></QG_HOSTID>")
    if show_tags and hosts.tags(i):
        lines.append("<TAGS>")
        for id, name in hosts.tags(i):
            lines += [
                "  <TAG>",
                f"    <TAG_ID>{id}</TAG_ID>",
                f"    <NAME><![CDATA[{name}]]></NAME>",
                "  </TAG>",
            ]
        lines.append("</TAGS>")
    if details.startswith("All"):
        comment = escaped("ä & <b>", XML).decode()
        lines += [
            f"<FIRST_FOUND_DATE>{moments.text(hosts.created(i))}</FIRST_FOUND_DATE>",
            f"<LAST_VULN_SCAN_DATETIME>{moments.text(hosts.processed(i))}</LAST_VULN_SCAN_DATETIME>",
            f"<LAST_VM_SCANNED_DATE>{moments.text(hosts.scanned(i))}</LAST_VM_SCANNED_DATE>",
            "<LAST_VM_SCANNED_DURATION>345</LAST_VM_SCANNED_DURATION>",
            f"<COMMENTS>{comment}</COMMENTS>",
        ]  # fmt: skip
    if "AGs" in details and hosts.groups(i):
        groups = ",".join(map(str, hosts.groups(i)))
        lines.append(f"<ASSET_GROUP_IDS>{groups}</ASSET_GROUP_IDS>")
    inner = "".join(f"        {line}\n" for line in lines)
    return f"      <HOST>\n{inner}      </HOST>\n".encode()


fo.FUNCTIONS["asset/host"] = answer
