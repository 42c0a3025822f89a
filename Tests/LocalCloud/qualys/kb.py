"""The KnowledgeBase: which QIDs there are, and what it says of each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

WEB_QIDS = 40
_FIRST_WEB = 150_001
_FIRST_HOST, _STEP = 370_001, 3
_LOREM = 'The service accepts an <B>old</B> cipher.<P>See <A HREF="http://example.test/a?b=1&c=2">here</A> ä ]]> <BR>'


def web_qid(number: int) -> int:
    """QIDs of web applications; the KnowledgeBase lacks every twentieth."""
    return _FIRST_WEB + number % WEB_QIDS


def host_qid(number: int) -> int:
    """QIDs of hosts; the KnowledgeBase lacks every fiftieth."""
    return _FIRST_HOST + _STEP * number


def qids(size: int) -> list[int]:
    """All that it has, ascending."""
    web = [web_qid(number) for number in range(WEB_QIDS) if number % 20 != 19]
    return web + [host_qid(number) for number in range(size) if number % 50 != 49]


def title(qid: int) -> str:
    return f"Demo Weakness {qid} (синтетика) <b>&amp;</b>"


def kind(number: int) -> str:
    """The type of the detections of a host QID."""
    if number % 10 == 6:
        return "Info"
    return "Potential" if number % 10 == 3 else "Confirmed"


def severity(qid: int) -> int:
    return 1 + qid // 3 % 5


def cves(qid: int) -> list[str]:
    return [f"CVE-2099-{qid}{each}" for each in range(qid % 4)]


def scores(qid: int) -> tuple[str | None, str | None]:
    """BASE of CVSS and of CVSS_V3 as they are written, `None` where there is none."""
    second = None if qid % 5 == 2 or qid % 7 == 3 else f"{qid % 100 / 10:.1f}"
    third = None if qid % 3 == 1 else f"{(qid * 7) % 101 / 10:.1f}"
    return second, third


@lru_cache(2048)
def vuln(qid: int, details: str, text_bytes: int) -> bytes:
    """VULN in the order of the DTD."""
    number = (qid - _FIRST_HOST) // _STEP if qid >= _FIRST_HOST else 0
    type = {"Info": "Information Gathered", "Potential": "Potential Vulnerability"}.get(
        kind(number),
        "Vulnerability or Potential Vulnerability" if qid % 11 == 4 else "Vulnerability",
    )
    lines = ["<VULN>", f"  <QID>{qid}</QID>", f"  <VULN_TYPE>{type}</VULN_TYPE>"]
    lines += [
        f"  <SEVERITY_LEVEL>{severity(qid)}</SEVERITY_LEVEL>",
        f"  <TITLE>{_cdata(title(qid))}</TITLE>",
    ]
    if qid % 6:
        lines.append("  <CATEGORY>General remote services</CATEGORY>")
    if qid % 13 == 5:
        lines += _tree(
            "LAST_CUSTOMIZATION", {"DATETIME": "2023-03-04T05:06:07Z", "USER_LOGIN": "quays_st1"}
        )
    lines.append(
        "  <LAST_SERVICE_MODIFICATION_DATETIME>2024-02-03T04:05:06Z</LAST_SERVICE_MODIFICATION_DATETIME>"
    )
    lines.append("  <PUBLISHED_DATETIME>2019-02-03T04:05:06Z</PUBLISHED_DATETIME>")
    if qid % 9 == 4:
        lines += _tree(
            "BUGTRAQ_LIST",
            {"BUGTRAQ": {"ID": _cdata("99001"), "URL": _cdata("http://bugs.example.test/9")}},
        )
    lines.append(f"  <PATCHABLE>{qid % 2}</PATCHABLE>")
    if qid % 2:
        lines.append("  <PATCH_PUBLISHED_DATE>2022-02-01T00:00:00Z</PATCH_PUBLISHED_DATE>")
    if qid % 3 == 0:
        lines += _tree(
            "SOFTWARE_LIST",
            {"SOFTWARE": {"PRODUCT": _cdata("demo_server"), "VENDOR": _cdata("demo")}},
        )
    if qid % 3 == 0:
        reference = {"ID": _cdata("DEMO-SA-1"), "URL": _cdata("http://vendor.example.test/sa/1")}
        lines += _tree("VENDOR_REFERENCE_LIST", {"VENDOR_REFERENCE": reference})
    lines += _cve_list(qid)
    if qid % 10 != 9:
        text = (
            (_LOREM * (text_bytes // len(_LOREM) + 1))[:text_bytes]
            if text_bytes > len(_LOREM)
            else _LOREM
        )
        lines += [
            f"  <{name}>{_cdata(text)}</{name}>"
            for name in ("DIAGNOSIS", "CONSEQUENCE", "SOLUTION")
        ]
    if qid % 10 == 4:
        rule = {"TYPE": "HIPAA", "SECTION": "164.000", "DESCRIPTION": _cdata("made up")}
        lines += _tree("COMPLIANCE_LIST", {"COMPLIANCE": rule})
    if details == "All":
        lines += _correlation(qid) + _scored(qid)
    lines.append(f"  <PCI_FLAG>{qid % 2}</PCI_FLAG>")
    if qid % 8 == 5:
        lines += [
            "  <THREAT_INTELLIGENCE>",
            '    <THREAT_INTEL id="5"><![CDATA[Easy_Exploit]]></THREAT_INTEL>',
        ]
        lines.append("  </THREAT_INTELLIGENCE>")
    if qid % 4:
        lines += _tree("DISCOVERY", {"REMOTE": str(qid % 2)})
    else:
        ways = {"AUTH_TYPE_LIST": {"AUTH_TYPE": "Windows"}, "ADDITIONAL_INFO": "Patch Available"}
        lines += _tree("DISCOVERY", {"REMOTE": "0", **ways})
    if details == "All" and qid % 7 == 2:
        change = {"CHANGE_DATE": "2023-01-01T00:00:00Z", "COMMENTS": _cdata("Detection changed")}
        lines += [
            "  <IS_DISABLED>0</IS_DISABLED>",
            *_tree("CHANGE_LOG_LIST", {"CHANGE_LOG_INFO": change}),
        ]
    lines.append("</VULN>")
    return "".join(f"      {line}\n" for line in lines).encode()


def _cve_list(qid: int) -> list[str]:
    """Some have none, some an empty list."""
    ids = cves(qid)
    if not ids:
        return ["  <CVE_LIST />"] if qid % 8 == 0 else []
    lines = ["  <CVE_LIST>"]
    for id in ids:
        url = _cdata(f"http://cve.example.test/?name={id}&x=1")
        lines += [
            "    <CVE>",
            f"      <ID>{_cdata(id)}</ID>",
            f"      <URL>{url}</URL>",
            "    </CVE>",
        ]
    return [*lines, "  </CVE_LIST>"]


def _correlation(qid: int) -> list[str]:
    if qid % 12 != 7:
        return []
    exploit = {
        "REF": _cdata(f"CVE-2099-{qid}0"),
        "DESC": _cdata("proof of concept"),
        "LINK": _cdata("http://e.example.test/1"),
    }
    source = {"SRC_NAME": _cdata("Demo Exploits"), "EXPLT_LIST": {"EXPLT": exploit}}
    return _tree("CORRELATION", {"EXPLOITS": {"EXPLT_SRC": source}})


def _scored(qid: int) -> list[str]:
    second, third = scores(qid)
    lines = ["  <CVSS />"] if second is None and qid % 2 else []
    if second is None and not lines:
        lines = _tree("CVSS", {"TEMPORAL": "3.6"})
    if second is not None:
        lines = [
            "  <CVSS>", f'    <BASE source="service">{second}</BASE>', "    <TEMPORAL>3.6</TEMPORAL>",
            "    <VECTOR_STRING>CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:N/A:N/E:U/RL:OF/RC:C</VECTOR_STRING>", "  </CVSS>",
        ]  # fmt: skip
    if third is not None:
        vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:U/RL:O/RC:C"
        lines += _tree(
            "CVSS_V3",
            {
                "BASE": third, "TEMPORAL": "6.5", "VECTOR_STRING": vector, "CVSS3_VERSION": "3.1",
                "ATTACK": {"VECTOR": "1", "COMPLEXITY": "1"},
                "IMPACT": {"CONFIDENTIALITY": "3", "INTEGRITY": "1", "AVAILABILITY": "1"},
                "PRIVILEGES_REQUIRED": "1", "USER_INTERACTION": "1", "SCOPE": "1", "EXPLOIT_CODE_MATURITY": "1",
                "REMEDIATION_LEVEL": "1", "REPORT_CONFIDENCE": "3",
            },
        )  # fmt: skip
    return lines


def _tree(name: str, members: dict[str, Any], indent: str = "  ") -> list[str]:
    lines = [f"{indent}<{name}>"]
    for member, value in members.items():
        if isinstance(value, dict):
            lines += _tree(member, value, indent + "  ")
        else:
            lines.append(f"{indent}  <{member}>{value}</{member}>")
    return [*lines, f"{indent}</{name}>"]


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
