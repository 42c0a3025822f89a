"""Host List Detection: `/api/N/fo/asset/host/vm/detection/?action=list`.

What a host of a certain list looks like under certain parameters is written down once; only ids, names and times are
filled in for each. So a hundred thousand hosts take a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import documents, fo, moments
from .detections import Detection, Detections
from .hosts import Hosts
from .returns import XML_TYPE, bad_parameter
from .selection import PARAMETERS as HOST_PARAMETERS
from .selection import select
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

ROOT = "HOST_LIST_VM_DETECTION_OUTPUT"
DTDS = (
    "asset/host/vm/detection/host_list_vm_detection_output.dtd",
    "asset/host/vm/detection/dtd/output.dtd",
)
PARAMETERS = (HOST_PARAMETERS - {"details"}) | frozenset(
    """status show_igs show_results show_reopened_info show_qds qds_min qds_max show_qds_factors include_ignored
    include_disabled include_vuln_type severities qids include_search_list_titles include_search_list_ids
    exclude_search_list_titles exclude_search_list_ids filter_superseded_qids arf_kernel_filter arf_service_filter
    arf_config_filter active_kernels_only detection_updated_since detection_updated_before detection_processed_before
    detection_processed_after detection_last_tested_since detection_last_tested_before
    detection_last_tested_since_days detection_last_tested_before_days max_days_since_detection_updated
    max_days_since_last_vm_scan output_format suppress_duplicated_data_from_csv""".split()
)
_STATUSES = ("New", "Active", "Re-Opened", "Fixed")
_LEVELS = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (0, "LOW"))
_CONTROL = "bad \x01\x08 byte \x0b\x1f here"


@dataclass(frozen=True)
class View:
    """What the parameters ask for; equal for equal parameters, so that templates can be kept by it."""

    statuses: frozenset[str]
    severities: tuple[tuple[int, int], ...] | None
    qids: tuple[tuple[int, int], ...] | None
    types: frozenset[str]
    ignored: bool
    disabled: bool
    results: bool
    reopened: bool
    qds: bool
    factors: bool
    asset_id: bool
    tags: bool
    control: bool = False

    def shows(self, detection: Detection) -> bool:
        if detection.type not in self.types or (detection.ignored and not self.ignored):
            return False
        if detection.disabled and not self.disabled:
            return False
        if detection.status is not None and detection.status not in self.statuses:
            return False
        return _inside(self.severities, detection.severity) and _inside(self.qids, detection.qid)


def _inside(spans: tuple[tuple[int, int], ...] | None, number: int) -> bool:
    return spans is None or any(first <= number < end for first, end in spans)


def view_of(work: Work) -> View:
    """Raises Refused for values that make no sense."""
    statuses = frozenset(work.parameters.get("status", "New,Active,Re-Opened").split(","))
    if not statuses <= set(_STATUSES):
        text = ", ".join(sorted(statuses - set(_STATUSES)))
        raise bad_parameter(work.qualys, 1905, f"parameter status has invalid value: {text}")
    types = {"Confirmed", "Potential"}
    if (wanted := work.parameters.get("include_vuln_type")) is not None:
        types = {wanted.capitalize()}
    if fo.flag(work, "show_igs"):
        types.add("Info")
    return View(
        statuses=statuses,
        severities=_spans(work, "severities"),
        qids=_spans(work, "qids"),
        types=frozenset(types),
        ignored=fo.flag(work, "include_ignored"),
        disabled=fo.flag(work, "include_disabled"),
        results=fo.flag(work, "show_results", True),
        reopened=fo.flag(work, "show_reopened_info"),
        qds=fo.flag(work, "show_qds"),
        factors=fo.flag(work, "show_qds_factors"),
        asset_id=fo.flag(work, "show_asset_id"),
        tags=fo.flag(work, "show_tags"),
        control=work.bent("control_chars") is not None,
    )


def _spans(work: Work, name: str) -> tuple[tuple[int, int], ...] | None:
    ranges = fo.id_ranges(work, name)
    return None if ranges is None else tuple((each.start, each.stop) for each in ranges)


def answer(work: Work) -> Answer:
    # What is kept was asked for with these very parameters, and so they are good.
    key = (
        "hld",
        work.path,
        tuple(sorted(work.parameters.items())),
        work.qualys.subscription.version,
    )
    if work.fault is None and (kept := work.qualys.answers.get(key)) is not None:
        return Answer(200, [XML_TYPE], kept)
    fo.check_parameters(work, PARAMETERS)
    fo.check_list(work)
    form = work.parameters.get("output_format", "XML")
    if form != "XML":
        raise bad_parameter(
            work.qualys, 1905, f"parameter output_format has invalid value: {form} (XML only here)"
        )
    view = view_of(work)
    limit = fo.whole_number(work, "truncation_limit", 1000)
    if (fault := work.bent("short_pages")) is not None:
        limit = min(limit or fault.number, fault.number)
    found = shown(work, view)
    body = _body(work, view, found, limit)
    return Answer(200, [XML_TYPE], body if work.fault else work.qualys.answers.keeping(key, body))


def shown(work: Work, view: View) -> Iterator[tuple[int, tuple[Detection, ...] | None]]:
    """Hosts with something to show; `None` for exactly what the template of their list shows."""
    all = work.qualys.subscription
    numbers = select(work)
    clocks = [
        (fo.moment(work, name), name.endswith(("since", "after")))
        for name in (
            "detection_updated_since", "detection_updated_before", "detection_processed_after",
            "detection_processed_before",
        )
        if name in work.parameters
    ]  # fmt: skip
    return _shown(
        all.hosts,
        all.detections,
        view,
        numbers,
        [(at, after) for at, after in clocks if at is not None],
    )


def _shown(
    hosts: Hosts,
    detections: Detections,
    view: View,
    numbers: Iterator[int],
    clocks: list[tuple[int, bool]],
) -> Iterator[tuple[int, tuple[Detection, ...] | None]]:
    visible: dict[int, bool] = {}
    for i in numbers:
        which = detections.list_of(i)
        if which < 0:
            if detections.has_empty_element(i) and not clocks:
                yield i, ()
        elif clocks or i in detections.fixed:
            chosen = tuple(each for each in detections.of_host(i) if view.shows(each))
            for at, after in clocks:
                chosen = tuple(
                    each for each in chosen if (detections.updated(i, each) >= at) == after
                )
            if chosen:
                yield i, chosen
        else:
            shows = visible.get(which)
            if shows is None:
                shows = visible[which] = any(map(view.shows, detections.of_list(which)))
            if shows:
                yield i, None


def _body(
    work: Work, view: View, found: Iterator[tuple[int, tuple[Detection, ...] | None]], limit: int
) -> Iterator[bytes]:
    yield documents.head(work, ROOT, DTDS)
    writer = work.qualys.subscription.writer(view)
    count = 0
    last = None
    block: list[bytes] = []
    size = 0
    for i, chosen in found:
        if limit and count == limit:
            last = i
            break
        if count == 0:
            block.append(b"    <HOST_LIST>\n")
        count += 1
        written = writer.host(i, chosen)
        block.append(written)
        size += len(written)
        if size > 1 << 18:
            yield b"".join(block)
            block, size = [], 0
    if count:
        block.append(b"    </HOST_LIST>\n")
    yield b"".join(block)
    if last is not None:
        yield documents.warning(work, limit, work.qualys.subscription.hosts.host_id(last))
    yield documents.tail(ROOT)


class Writer:
    """Writes hosts as one view shows them."""

    def __init__(self, hosts: Hosts, detections: Detections, view: View) -> None:
        self._hosts = hosts
        self._detections = detections
        self._view = view
        self._lists: dict[int, tuple[bytes, int]] = {}
        self._ones: dict[Detection, bytes] = {}

    def host(self, i: int, chosen: tuple[Detection, ...] | None) -> bytes:
        """HOST with its detections; without DETECTION_LIST when none are chosen."""
        hosts = self._hosts
        processed = moments.text(hosts.processed(i)).encode()
        scanned = moments.text(hosts.scanned(i)).encode()
        start = self._head(i, scanned)
        if chosen == ():
            return start + b"      </HOST>\n"
        unique = b"%d" % (100_000 + i)
        times = (unique, scanned, scanned, processed, processed)
        if chosen is None:
            which = self._detections.list_of(i)
            ready = self._lists.get(which)
            if ready is None:
                listed = [
                    each for each in self._detections.of_list(which) if self._view.shows(each)
                ]
                ready = b"".join(map(self._one, listed)), len(listed)
                self._lists[which] = ready
            written = ready[0] % (times * ready[1])
        else:
            written = b"".join(self._one(each) % times for each in chosen)
        return b"%b        <DETECTION_LIST>\n%b        </DETECTION_LIST>\n      </HOST>\n" % (
            start,
            written,
        )

    def _head(self, i: int, scanned: bytes) -> bytes:
        hosts, view, kind = self._hosts, self._view, self._hosts.kind(i)
        address, os = hosts.address(i), hosts.os(i)
        asset = f"        <ASSET_ID>{hosts.asset_id(i)}</ASSET_ID>\n" if view.asset_id else ""
        tag = "IPV6" if ":" in address else "IP"
        system = f"        <OS><![CDATA[{os}]]></OS>\n" if os else ""
        names = ""
        if kind % 5:
            name = hosts.name(i)
            domain = "<DOMAIN />" if kind % 2 else "<DOMAIN><![CDATA[example.test]]></DOMAIN>"
            names = (
                f"        <DNS><![CDATA[{name}]]></DNS>\n        <DNS_DATA>\n          <HOSTNAME><![CDATA[host{i}]]>"
                f"</HOSTNAME>\n          {domain}\n          <FQDN><![CDATA[{name}]]></FQDN>\n        </DNS_DATA>\n"
            )
        guid = (
            f"        <QG_HOSTID><![CDATA[11111111-2222-3333-4444-{i:012d}]]></QG_HOSTID>\n"
            if kind % 3
            else ""
        )
        tags = ""
        if view.tags and hosts.tags(i):
            each = "".join(
                f"          <TAG>\n            <TAG_ID>{id}</TAG_ID>\n            <NAME><![CDATA[{name}]]></NAME>\n          </TAG>\n"
                for id, name in hosts.tags(i)
            )
            tags = f"        <TAGS>\n{each}        </TAGS>\n"
        return (
            f"      <HOST>\n        <ID>{hosts.host_id(i)}</ID>\n{asset}        <{tag}>{address}</{tag}>\n"
            f"        <TRACKING_METHOD>{hosts.tracking(i)}</TRACKING_METHOD>\n{system}{names}{guid}"
            f"        <LAST_SCAN_DATETIME>{scanned.decode()}</LAST_SCAN_DATETIME>\n{tags}"
        ).encode()

    def _one(self, detection: Detection) -> bytes:
        """A template for (unique, found, tested, updated, processed); what is not to be seen takes no room."""
        made = self._ones.get(detection)
        if made is None:
            made = self._ones[detection] = _template(detection, self._view)
        return made


def _template(detection: Detection, view: View) -> bytes:
    info, fixed = detection.type == "Info", detection.status == "Fixed"
    lines = [b"<UNIQUE_VULN_ID>%%b%04d</UNIQUE_VULN_ID>" % detection.number]
    lines += _facts(detection, view)
    # Of a fixed detection the times stand still: its own are in the template, the host's take no room.
    fixed_at = detection.fixed_at or 0
    at = moments.text(fixed_at).encode()
    found = b"%.0b" + moments.text(fixed_at - moments.DAY).encode() if fixed else b"%b"
    lines.append(b"<FIRST_FOUND_DATETIME>2023-01-02T03:04:05Z</FIRST_FOUND_DATETIME>")
    lines.append(b"<LAST_FOUND_DATETIME>%b</LAST_FOUND_DATETIME>" % found)
    if view.qds and detection.qds is not None:
        level = next(name for least, name in _LEVELS if detection.qds >= least)
        lines.append(b'<QDS severity="%b">%d</QDS>' % (level.encode(), detection.qds))
        if view.factors:
            factors = b'  <QDS_FACTOR name="CVSS"><![CDATA[5.3]]></QDS_FACTOR>\n'
            lines.append(b"<QDS_FACTORS>\n            %b            </QDS_FACTORS>" % factors)
    lines.append(b"<TIMES_FOUND>%d</TIMES_FOUND>" % detection.times)
    if info:
        lines.append(b"%.0b%.0b%.0b")
    else:
        lines.append(b"<LAST_TEST_DATETIME>%b</LAST_TEST_DATETIME>")
        updated = b"%.0b" + at if fixed else b"%b"
        lines.append(b"<LAST_UPDATE_DATETIME>%b</LAST_UPDATE_DATETIME>" % updated)
        if fixed:
            lines.append(b"<LAST_FIXED_DATETIME>%b</LAST_FIXED_DATETIME>" % at)
        if view.reopened and detection.status == "Re-Opened":
            lines.append(b"<FIRST_REOPENED_DATETIME>2024-01-01T00:00:01Z</FIRST_REOPENED_DATETIME>")
            lines.append(b"<LAST_REOPENED_DATETIME>2024-01-01T00:00:01Z</LAST_REOPENED_DATETIME>")
            lines.append(b"<TIMES_REOPENED>1</TIMES_REOPENED>")
        lines.append(b"<IS_IGNORED>%d</IS_IGNORED>" % detection.ignored)
        lines.append(b"<IS_DISABLED>%d</IS_DISABLED>" % detection.disabled)
        if detection.number % 5 == 2:
            lines.append(b"<AFFECT_RUNNING_KERNEL>1</AFFECT_RUNNING_KERNEL>")
        lines.append(b"<LAST_PROCESSED_DATETIME>%b</LAST_PROCESSED_DATETIME>")
    inner = b"".join(b"            %b\n" % line for line in lines)
    return b"          <DETECTION>\n%b          </DETECTION>\n" % inner


def _facts(detection: Detection, view: View) -> list[bytes]:
    lines = [
        f"<QID>{detection.qid}</QID>",
        f"<TYPE>{detection.type}</TYPE>",
        f"<SEVERITY>{detection.severity}</SEVERITY>",
    ]
    if detection.port is not None:
        lines += [f"<PORT>{detection.port}</PORT>", f"<PROTOCOL>{detection.protocol}</PROTOCOL>"]
        if detection.ssl:
            lines.append("<FQDN><![CDATA[web.example.test]]></FQDN>")
    if detection.type != "Info":
        lines.append(f"<SSL>{detection.ssl:d}</SSL>")
    if view.results and detection.results is not None:
        text = (_CONTROL if view.control else "") + detection.results.replace(
            "]]>", "]]]]><![CDATA[>"
        )
        lines.append(f"<RESULTS><![CDATA[{text}]]></RESULTS>" if text else "<RESULTS></RESULTS>")
    if detection.status is not None:
        lines.append(f"<STATUS>{detection.status}</STATUS>")
    return [line.replace("%", "%%").encode() for line in lines]


fo.FUNCTIONS["vm/detection"] = answer
