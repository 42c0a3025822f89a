"""Which hosts a call of the Host List or of the Host List Detection is about."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import fo
from .hosts import TAGS, Hosts
from .returns import bad_parameter

if TYPE_CHECKING:
    from .server import Work

PARAMETERS = frozenset(
    """action echo_request details truncation_limit ids id_min id_max ips ipv6 ag_ids ag_titles network_ids network_name
    os_pattern os_hostname vm_scan_since no_vm_scan_since vm_processed_before vm_processed_after vm_scan_date_before
    vm_scan_date_after vm_auth_scan_date_before vm_auth_scan_date_after compliance_enabled compliance_scan_since
    no_compliance_scan_since scap_scan_since no_scap_scan_since use_tags tag_set_by tag_include_selector
    tag_exclude_selector tag_set_include tag_set_exclude show_tags show_asset_id show_ars ars_min ars_max
    show_ars_factors show_trurisk trurisk_min trurisk_max show_trurisk_factors host_metadata host_metadata_fields
    show_cloud_tags cloud_tag_fields""".split()
)
Test = Callable[[int], bool]


def select(work: Work) -> Iterator[int]:
    """Numbers of hosts, ascending; raises Refused for parameters that make no sense."""
    hosts = work.qualys.subscription.hosts
    start = hosts.number_from(fo.whole_number(work, "id_min", 0))
    highest = fo.whole_number(work, "id_max", 1 << 62)
    ranges = fo.id_ranges(work, "ids")
    tests = _tests(work, hosts)
    return (
        i
        for i in _numbers(hosts, ranges, start)
        if hosts.is_host(i) and hosts.host_id(i) <= highest and all(test(i) for test in tests)
    )


def _numbers(hosts: Hosts, ranges: list[range] | None, start: int) -> Iterator[int]:
    if ranges is None:
        return hosts.assets(start)
    numbers: set[int] = set()
    for each in ranges:
        if len(each) == 1:
            if (i := hosts.number_of_host(each.start)) is not None:
                numbers.add(i)
            continue
        inside = range(hosts.number_from(each.start), min(hosts.number_from(each.stop), hosts.size))
        numbers.update(inside)
    return (i for i in sorted(numbers) if i >= start and i not in hosts.deleted)


def _tests(work: Work, hosts: Hosts) -> list[Test]:
    given, tests = work.parameters, []
    clocks = (
        ("vm_processed_after", hosts.processed, True), ("vm_processed_before", hosts.processed, False),
        ("vm_scan_since", hosts.scanned, True), ("no_vm_scan_since", hosts.scanned, False),
        ("vm_scan_date_after", hosts.scanned, True), ("vm_scan_date_before", hosts.scanned, False),
    )  # fmt: skip
    for name, clock, after in clocks:
        if (moment := fo.moment(work, name)) is not None:
            tests.append(_clock_test(clock, moment, after))
    if "ips" in given:
        tests.append(_address_test(work, hosts))
    if "ag_ids" in given:
        groups = {int(number) for each in fo.id_ranges(work, "ag_ids") or [] for number in each}
        tests.append(lambda i: not groups.isdisjoint(hosts.groups(i)))
    if "ag_titles" in given:
        titles = set(given["ag_titles"].split(","))
        tests.append(lambda i: any(f"Group {group}" in titles for group in hosts.groups(i)))
    if "os_pattern" in given:
        pattern = re.compile(given["os_pattern"])
        tests.append(lambda i: pattern.search(hosts.os(i)) is not None)
    if fo.flag(work, "use_tags"):
        tests += _tag_tests(work, hosts)
    return tests


def _clock_test(clock: Callable[[int], int], moment: int, after: bool) -> Test:
    return (lambda i: clock(i) >= moment) if after else (lambda i: clock(i) < moment)


def _address_test(work: Work, hosts: Hosts) -> Test:
    spans = []
    for part in work.parameters["ips"].split(","):
        try:
            if "/" in part:
                network = ipaddress.ip_network(part.strip(), strict=False)
                spans.append((int(network[0]), int(network[-1])))
            else:
                first, _, last = part.strip().partition("-")
                spans.append(
                    (int(ipaddress.IPv4Address(first)), int(ipaddress.IPv4Address(last or first)))
                )
        except ValueError:
            raise bad_parameter(
                work.qualys, 1905, f"parameter ips has invalid value: {part}"
            ) from None

    def test(i: int) -> bool:
        if ":" in hosts.address(i):
            return False
        address = int(ipaddress.IPv4Address(hosts.address(i)))
        return any(first <= address <= last for first, last in spans)

    return test


def _tag_tests(work: Work, hosts: Hosts) -> list[Test]:
    given = work.parameters
    by_name = given.get("tag_set_by", "id") == "name"
    known = {name if by_name else str(id): (id, name) for id, name in TAGS}

    def chosen(name: str) -> set[tuple[int, str]]:
        return {
            known.get(part.strip(), (0, part))
            for part in given.get(name, "").split(",")
            if part.strip()
        }

    include, exclude = chosen("tag_set_include"), chosen("tag_set_exclude")
    tests: list[Test] = []
    if include:
        if given.get("tag_include_selector", "any") == "all":
            tests.append(lambda i: include <= set(hosts.tags(i)))
        else:
            tests.append(lambda i: not include.isdisjoint(hosts.tags(i)))
    if exclude:
        if given.get("tag_exclude_selector", "any") == "all":
            tests.append(lambda i: not exclude <= set(hosts.tags(i)))
        else:
            tests.append(lambda i: exclude.isdisjoint(hosts.tags(i)))
    return tests
