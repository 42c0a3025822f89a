"""QPS: one envelope, one kind of search and many kinds of records."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from . import apis, criteria
from .records import BRIEF, FULL, VERBOSE, Records
from .returns import XML_TYPE, Refused, qps_error, service_response
from .templates import JSON
from .wire import Answer, Headers

if TYPE_CHECKING:
    from .server import Work

_JSON_HEADERS: Headers = [("Content-Type", "application/json"), ("Server", "Apache")]
_SEARCH_VERBS = ("search", "count", "ids")


def answer(work: Work) -> Answer:
    """One call of `/qps/`; raises Refused."""
    if work.path == "/qps/rest/portal/version":
        return _version(work)
    parts = apis.qps_parts(work.path)
    if parts is None:
        raise Refused(qps_error(work.qualys, "INVALID_API_VERSION", work.form))
    verb, module, kind, id = parts
    records = work.qualys.subscription.records.get((module, kind))
    if records is None:
        raise Refused(qps_error(work.qualys, "INVALID_URL", work.form, 404))
    try:
        if work.request.method == "POST" and verb in _SEARCH_VERBS and id is None:
            return _search(work, verb, records)
        if work.request.method == "GET" and id is not None:
            return _one(work, verb, kind, records, id)
    except criteria.Invalid as invalid:
        refusal = qps_error(
            work.qualys, "INVALID_REQUEST", work.form, 200, str(invalid), invalid.resolution
        )
        raise Refused(refusal) from None
    raise Refused(qps_error(work.qualys, "OPERATION_NOT_SUPPORTED", work.form, 405))


def _search(work: Work, verb: str, records: Records) -> Answer:
    search = criteria.parse(work.request.body, work.request.headers.get("content-type", ""))
    work.public = search.described()
    if verb == "count":
        return _counted(work, records, records.count(search.criteria))
    found = records.find(search.criteria, search.from_id - 1 if search.from_id else 0)
    page = list(islice(found, search.offset - 1, search.offset + search.limit))
    more = len(page) > search.limit
    page = page[: search.limit]
    view = "ids" if verb == "ids" else VERBOSE if search.verbose else BRIEF
    last = page[-1] if page and more else None
    if work.bent("last_id_stuck") and page:
        more, last = True, max([*_greater(search), page[0] - 1])
    if work.bent("has_more_without_last_id"):
        more, last = True, None
    key = (
        "qps",
        records.schema,
        records.version,
        work.form,
        view,
        tuple(page),
        more,
        last,
        work.fault and work.fault.kind,
    )
    if (kept := work.qualys.answers.get(key)) is not None:
        return Answer(200, _headers(work.form), b"".join(kept))
    rendered = (records.render(id, work.form, view) for id in page)
    envelope = _json_page if work.form == JSON else _xml_page
    body = b"".join(
        work.qualys.answers.keeping(key, envelope(work, records, page, rendered, more, last))
    )
    return Answer(200, _headers(work.form), body)


def _greater(search: criteria.Search) -> Iterator[int]:
    """The ids that the caller named as the last ones."""
    for each in search.criteria:
        if each.field == "id" and each.operator.upper() == "GREATER":
            yield int(each.value)


def _json_page(
    work: Work,
    records: Records,
    page: list[int],
    rendered: Iterator[bytes],
    more: bool,
    last: int | None,
) -> Iterator[bytes]:
    yield b'{"ServiceResponse":{"count":%d,' % len(page)
    if not work.bent("has_more_missing"):
        if work.bent("has_more_boolean"):
            yield b'"hasMoreRecords":%b,' % (b"true" if more else b"false")
        elif page or records.version % 2:
            yield b'"hasMoreRecords":"%b",' % (b"true" if more else b"false")
    if last is not None:
        yield b'"lastId":%d,' % last
    yield b'"responseCode":"SUCCESS"'
    if page:
        yield b',"data":[' + b",".join(rendered) + b"]"
    yield b"}}"


def _xml_page(
    work: Work,
    records: Records,
    page: list[int],
    rendered: Iterator[bytes],
    more: bool,
    last: int | None,
) -> Iterator[bytes]:
    yield service_response(work.qualys, records.schema).encode()
    yield b"  <responseCode>SUCCESS</responseCode>\n  <count>%d</count>\n" % len(page)
    if not work.bent("has_more_missing") and (page or records.version % 2):
        yield b"  <hasMoreRecords>%b</hasMoreRecords>\n" % (b"true" if more else b"false")
    if last is not None:
        yield b"  <lastId>%d</lastId>\n" % last
    if page:
        yield b"  <data>\n" + b"\n".join(rendered) + b"\n  </data>\n"
    elif records.version % 2:
        yield b"  <data>\n      </data>\n"
    yield b"</ServiceResponse>\n"


def _one(work: Work, verb: str, kind: str, records: Records, id_text: str) -> Answer:
    id = records.id_from(id_text)
    if id is None or not records.has(id) or id in records.dead:
        message = f"Object of type {records.name} with id {id_text} not found or not in your scope."
        raise Refused(qps_error(work.qualys, "OBJECT_NOT_FOUND", work.form, 200, message))
    if verb == "get":
        return _enveloped(work, records, records.render(id, work.form, FULL))
    if kind == "wasscan" and verb == "status":
        return _enveloped(work, records, records.render(id, work.form, "status"))
    if kind == "wasscan" and verb == "download":
        big = work.bent("big_scan")
        size = int(big.megabytes * 1e6) if big else None
        key = ("download", id, work.form, size, records.version)
        if (kept := work.qualys.answers.get(key)) is not None:
            return Answer(200, _headers(work.form), kept)
        body = work.qualys.subscription.scans.download(id, work.form, size)
        return Answer(200, _headers(work.form), work.qualys.answers.keeping(key, body))
    raise Refused(qps_error(work.qualys, "OPERATION_NOT_SUPPORTED", work.form, 405))


def _enveloped(work: Work, records: Records, record: bytes) -> Answer:
    if work.form == JSON:
        body = b'{"ServiceResponse":{"count":1,"responseCode":"SUCCESS","data":[%b]}}' % record
    else:
        head = service_response(work.qualys, records.schema).encode()
        body = (
            head + b"  <responseCode>SUCCESS</responseCode>\n  <count>1</count>\n  <data>\n"
            + record + b"\n  </data>\n</ServiceResponse>\n"
        )  # fmt: skip
    return Answer(200, _headers(work.form), body)


def _counted(work: Work, records: Records, count: int) -> Answer:
    if work.form == JSON:
        return Answer(
            200,
            _headers(work.form),
            b'{"ServiceResponse":{"count":%d,"responseCode":"SUCCESS"}}' % count,
        )
    head = service_response(work.qualys, records.schema).encode()
    tail = (
        b"  <responseCode>SUCCESS</responseCode>\n  <count>%d</count>\n</ServiceResponse>\n" % count
    )
    return Answer(200, _headers(work.form), head + tail)


def _version(work: Work) -> Answer:
    body = (
        f"{service_response(work.qualys, 'version')}  <responseCode>SUCCESS</responseCode>\n  <count>1</count>\n"
        "  <data>\n    <Portal-Version>\n      <PortalApplication-VERSION>3.18.0.0-1 OFFICIAL #7 (2024-03-01T08:00:00Z)"
        "</PortalApplication-VERSION>\n      <QWEB__VM-VERSION>2.20.0</QWEB__VM-VERSION>\n"
        "      <WAS-VERSION>7.3.0.0-1</WAS-VERSION>\n    </Portal-Version>\n    <QWeb-Version>\n"
        "      <WEB-VERSION>10.30.1.0-1</WEB-VERSION>\n      <SCANNER-VERSION>12.18.1-1</SCANNER-VERSION>\n"
        "      <VULNSIGS-VERSION>2.6.101-2</VULNSIGS-VERSION>\n    </QWeb-Version>\n  </data>\n</ServiceResponse>\n"
    )
    return Answer(200, [XML_TYPE], body.encode())


def _headers(form: str) -> Headers:
    return list(_JSON_HEADERS) if form == JSON else [XML_TYPE, ("Server", "Apache")]
