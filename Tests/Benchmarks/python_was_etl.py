"""What `was-snapshot` replaces, as a Python program has it: one call after the other, then json and sqlite3.

It keeps to the rules of QualysETL 0.9 for names of files, tables, columns and fields, so it is also what the tests hold the
databases of `was-snapshot` against.
"""

from __future__ import annotations

import gzip
import json
import re
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import xmltodict

WEBAPP = """id INTEGER, name, url, os, owner, scope, subDomain, domains, uris, attributes, defaultProfile, defaultScanner,
defaultScannerTags, scannerLocked, progressiveScanning, redundancyLinks, maxRedundancyLinks, urlBlacklist, urlWhitelist,
postDataBlacklist, urlExcludelist, urlAllowlist, postDataExcludelist, logoutRegexList, authRecords, dnsOverrides, useRobots,
useSitemap, headers, malwareMonitoring, malwareNotification, malwareTaskId, malwareScheduling, tags, comments, isScheduled,
lastScan, createdBy, createdDate, updatedBy, updatedDate, screenshot, proxy, config, crawlingScripts, lastScanStatus,
removeFromSubscription, reactivateIfExists, postmanCollection, swaggerFile, riskScore"""
FINDING = """id INTEGER, webApp_id INTEGER, webApp_name, webApp_tags, webApp_url, uniqueId, qid INTEGER, name, potential,
findingType, type, group_0, cwe, owasp, wasc, param, function_0, content, resultList, severity INTEGER, originalSeverity, url,
status, firstDetectedDate, lastDetectedDate, timesDetected INTEGER, fixedDate, webApp, patch, isIgnored, ignoredReason,
ignoredBy, ignoredDate, ignoredComment, reactivateIn, reactivateDate, externalRef, severityComment, editedSeverityUser,
editedSeverityDate, retest, sslData, cvssV3, history, updatedDate, detectionScore"""
CATALOG = "id INTEGER, ipAddress, fqdn, port, operatingSystem, source, status, createdDate, updatedDate, updatedBy"
KNOWLEDGE_BASE = """QID INTEGER, TITLE, VULN_TYPE, SEVERITY_LEVEL, CATEGORY, DETECTION_INFO, LAST_CUSTOMIZATION,
LAST_SERVICE_MODIFICATION_DATETIME, PUBLISHED_DATETIME, CODE_MODIFIED_DATETIME, PATCH_PUBLISHED_DATE, TECHNOLOGY, BUGTRAQ_LIST,
PATCHABLE, SOFTWARE_LIST, VENDOR_REFERENCE_LIST, CVE_LIST, DIAGNOSIS, DIAGNOSIS_COMMENT, CONSEQUENCE, CONSEQUENCE_COMMENT,
SOLUTION, SOLUTION_COMMENT, COMPLIANCE_LIST, CORRELATION, CVSS, CVSS_V3, CVSS_V4, PCI_FLAG, AUTOMATIC_PCI_FAIL, PCI_REASONS,
THREAT_INTELLIGENCE, SUPPORTED_MODULES, DISCOVERY, IS_DISABLED, CHANGE_LOG_LIST"""
ORIGIN = "BATCH_DATE, BATCH_NUMBER, Row_Last_Updated"


def columns(text: str) -> list[tuple[str, str]]:
    """Names and types."""
    words = [column.split() for column in f"{text}, {ORIGIN}".split(",")]
    return [(word[0], word[1] if len(word) > 1 else "TEXT") for word in words]


TABLES = {
    "Q_WAS_WebApp": columns(WEBAPP),
    "Q_WAS_Finding": columns(FINDING),
    "Q_WAS_Catalog": columns(CATALOG),
    "Q_KnowledgeBase_In_Q_WAS_FINDING": columns(KNOWLEDGE_BASE),
}
KINDS = {
    "was_webapp_detail_utc": ("WebApp", "Q_WAS_WebApp"),
    "was_finding_detail_utc": ("Finding", "Q_WAS_Finding"),
    "was_catalog_utc": ("Catalog", "Q_WAS_Catalog"),
}
BATCH = re.compile(r"datetime_(\d{4}-..-..)T(..:..:..)Z_utc_.*_batch_(.*)\.json\.gz$")
REMOVED = dict.fromkeys((0, 1, 13))


def field(value: Any, name: str, kind: str, dates: str = "Date") -> str:
    if kind == "INTEGER":
        text = str(value).strip()
        text = text if text.isnumeric() else "0"
    elif value is None:
        text = ""
    elif dates in name:
        text = re.sub(r"\..*$", "", str(value).replace("T", " ").replace("Z", ""))
    elif isinstance(value, str):
        text = value
    elif isinstance(value, int):
        text = str(value)
    else:
        text = json.dumps(value)
    return text.translate(REMOVED)


def row(record: dict[str, Any], table: str, batch: tuple[str, str], dates: str = "Date") -> list[str]:
    known = {"BATCH_DATE": batch[0], "BATCH_NUMBER": batch[1], "Row_Last_Updated": time.strftime("%F %T", time.gmtime())}
    return [
        field(record[name], name, kind, dates) if name in record else known.get(name, "")
        for name, kind in TABLES[table]
    ]


def lifted(finding: dict[str, Any]) -> dict[str, Any]:
    webapp = finding["webApp"]
    for name in ("id", "name", "tags", "url"):
        if name in webapp:
            finding[f"webApp_{name}"] = webapp[name]
    for name in ("group", "function"):
        if name in finding:
            finding[f"{name}_0"] = finding[name]
    return finding


def create(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    for table, names in TABLES.items():
        described = [f"{name} {kind}" for name, kind in names]
        described[0] += " PRIMARY KEY NOT NULL"
        database.execute(f"CREATE TABLE {table} ({', '.join(described)})")
    return database


def load(folder: Path, database: sqlite3.Connection) -> int:
    """All pages of a folder, file after file, each committed; the rows that they had."""
    rows = 0
    for kind, (record, table) in KINDS.items():
        insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(TABLES[table]))})"
        for path in sorted(folder.glob(f"{kind}*")):
            found = BATCH.search(path.name)
            assert found is not None
            batch = (f"{found[1]} {found[2]}", found[3])
            with gzip.open(path, "rt", encoding="utf-8") as file:
                page = json.load(file)
            for item in page["ServiceResponse"].get("data", []):
                data = lifted(item[record]) if record == "Finding" else item[record]
                try:
                    database.execute(insert, row(data, table, batch))
                    rows += 1
                except sqlite3.IntegrityError:
                    pass  # The first one stays.
            database.commit()
    return rows


def load_knowledge_base(body: bytes, database: sqlite3.Connection) -> None:
    table = "Q_KnowledgeBase_In_Q_WAS_FINDING"
    insert = f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(TABLES[table]))})"
    response = xmltodict.parse(body, force_list=("VULN",))["KNOWLEDGE_BASE_VULN_LIST_OUTPUT"]["RESPONSE"]
    for record in (response.get("VULN_LIST") or {}).get("VULN", []):
        cves = record.get("CVE_LIST")
        if cves and isinstance(cves.get("CVE"), dict):
            cves["CVE"] = [cves["CVE"]]
        database.execute(insert, row(record, table, ("", "000001"), "DATE"))
    database.commit()


class Qualys:
    """One call after the other, each with a connection of its own."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self.account = (username.encode(), password.encode())

    def search(self, kind: str, limit: int, after: int, *criteria: tuple[str, str, str]) -> dict[str, Any]:
        every = [*criteria, ("id", "GREATER", str(after))]
        body = {
            "ServiceRequest": {
                "preferences": {"limitResults": str(limit), "verbose": "true"},
                "filters": {"Criteria": [dict(zip(("field", "operator", "value"), each)) for each in every]},
            }
        }
        return self.json("POST", f"/qps/rest/3.0/search/was/{kind}", json=body)

    def pages(self, kind: str, limit: int, *criteria: tuple[str, str, str]) -> Iterator[dict[str, Any]]:
        after = 0
        while True:
            page = self.search(kind, limit, after, *criteria)
            yield page
            answer = page["ServiceResponse"]
            if str(answer.get("hasMoreRecords")) != "true":
                return
            after = answer["lastId"]

    def json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self.call(method, path, headers={"Accept": "application/json"}, **more).json()
        assert answer["ServiceResponse"]["responseCode"] == "SUCCESS", answer
        return dict(answer)

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        every = {"X-Requested-With": "python", **(headers or {})}
        answer = requests.request(method, self.url + path, auth=self.account, headers=every, timeout=900, **more)
        answer.raise_for_status()
        return answer


def extract(qualys: Qualys, folder: Path) -> None:
    dates = f"_utc_run_datetime_{time.strftime('%FT%TZ', time.gmtime())}_utc_last_scan_date_2000-01-01T00:00:00Z_batch_"

    def write(kind: str, batch: str, page: dict[str, Any]) -> None:
        with gzip.open(folder / f"{kind}{dates}{batch}.json.gz", "wt", encoding="utf-8") as file:
            json.dump(page, file)

    for kind in ("webapp", "catalog"):
        write(f"was_count_{kind}", "000000", qualys.json("POST", f"/qps/rest/3.0/count/was/{kind}", json={"ServiceRequest": {}}))
    for number, page in enumerate(qualys.pages("webapp", 300), 1):
        write("was_webapp", f"{number:06}", page)
        for item in page["ServiceResponse"].get("data", []):
            id = item["WebApp"]["id"]
            batch = f"{number:06}_webapp_id_{id}"
            write("was_webapp_detail", batch, qualys.json("GET", f"/qps/rest/3.0/get/was/webapp/{id}"))
            for part, findings in enumerate(qualys.pages("finding", 100, ("webApp.id", "EQUALS", str(id))), 1):
                write("was_finding_detail", f"{batch}_{part:03}", findings)
    for number, page in enumerate(qualys.pages("catalog", 300), 1):
        write("was_catalog", f"{number:06}", page)


def read_knowledge_base(qualys: Qualys, database: sqlite3.Connection) -> None:
    """For the QIDs that occur; the script that this stands for reads all of it."""
    qids = [str(qid) for (qid,) in database.execute("SELECT DISTINCT qid FROM Q_WAS_Finding WHERE qid > 0")]
    parameters = {"action": "list", "details": "All", "ids": ",".join(qids), "show_disabled_flag": "1"}
    parameters |= dict.fromkeys(("show_qid_change_log", "show_supported_modules_info", "show_pci_reasons"), "1")
    if qids:
        answer = qualys.call("POST", "/api/2.0/fo/knowledge_base/vuln/", data=parameters)
        load_knowledge_base(answer.content, database)


def main(folder: Path, url: str, username: str, password: str) -> None:
    """`load` as the address loads what is in the folder already."""
    pages = folder / "json"
    pages.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    if url != "load":
        extract(Qualys(url, username, password), pages)
    extracted = time.monotonic()
    database = create(folder / "was_sqlite.db")
    rows = load(pages, database)
    loaded = time.monotonic()
    if url != "load":
        read_knowledge_base(Qualys(url, username, password), database)
    database.close()
    result = {
        "seconds": time.monotonic() - begun,
        "load_seconds": loaded - extracted,
        "rows": rows,
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(sys.argv[2:] + ["", "", ""])[:3])
