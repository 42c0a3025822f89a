"""KnowledgeBase: `/api/N/fo/knowledge_base/vuln/?action=list`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import documents, fo, kb
from .returns import XML_TYPE, bad_parameter
from .wire import Answer

if TYPE_CHECKING:
    from .server import Work

ROOT = "KNOWLEDGE_BASE_VULN_LIST_OUTPUT"
_DTD = "knowledge_base/vuln/knowledge_base_vuln_list_output.dtd"
_KEEP_ALIVE = f"<!-- keep-alive for {ROOT}  -->\n".encode()
PARAMETERS = frozenset(
    """action echo_request details ids id_min id_max is_patchable last_modified_after last_modified_before
    last_modified_by_user_after last_modified_by_user_before last_modified_by_service_after
    last_modified_by_service_before published_after published_before code_modified_after code_modified_before
    discovery_method discovery_auth_types show_pci_reasons show_supported_modules_info show_disabled_flag
    show_qid_change_log""".split()
)


def answer(work: Work) -> Answer:
    fo.check_parameters(work, PARAMETERS)
    fo.check_list(work)
    details = work.parameters.get("details", "Basic")
    if details not in ("None", "Basic", "All"):
        raise bad_parameter(work.qualys, 1905, f"parameter details has invalid value: {details}")
    ranges = fo.id_ranges(work, "ids")
    inside = range(fo.whole_number(work, "id_min", 0), fo.whole_number(work, "id_max", 1 << 62))
    wanted = (
        None
        if ranges is None
        else {qid for each in ranges if len(each) < 1_000_000 for qid in each}
    )
    known = kb.qids(work.qualys.options.kb)
    qids = [qid for qid in known if qid in inside and (wanted is None or qid in wanted)]
    return Answer(200, [XML_TYPE], _body(work, qids, details))


def _body(work: Work, qids: list[int], details: str) -> Iterator[bytes]:
    yield documents.head(work, ROOT, (_DTD, _DTD))
    if qids and details == "None":
        yield b"    <ID_SET>\n%b    </ID_SET>\n" % b"".join(
            b"      <ID>%d</ID>\n" % qid for qid in qids
        )
    elif qids:
        yield _KEEP_ALIVE + b"    <VULN_LIST>\n"
        size = work.qualys.options.kb_text
        yield from documents.in_blocks(kb.vuln(qid, details, size) for qid in qids)
        yield b"    </VULN_LIST>\n"
    yield documents.tail(ROOT)
    if not qids:
        yield _KEEP_ALIVE


fo.FUNCTIONS["knowledge_base/vuln"] = answer
