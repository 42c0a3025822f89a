"""Records with values of all kinds, and the rows that the rules of the Python program make of them.

    reference_rows.py findings SEED COUNT FOLDER    writes FOLDER/page.json
    reference_rows.py knowledge SEED COUNT FOLDER   writes FOLDER/answer.xml

The rows come on standard output, one a line, as a JSON list of texts.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Benchmarks"))
import python_was_etl as reference  # noqa: E402

TEXTS = ["", "plain", " blanks ", "Käse – 東京", "quote \" back \\ slash /", "line\nbreak\ttab\r\n", "\x00nul\x01soh\x1funit",
         "\x7f\u2028 \U0001f600", "TZ.12", "<a href='x?b=1&c=2'>"]  # fmt: skip
NUMBERS = [0, 7, -3, 2**53 + 1, 2**63, 10**25, 1.5, 6.10, 1e-7, 1e22, -0.0, 123456789.123]
INTEGERS = ["12", " 12 ", "-4", "x", "", "007", "1.5", 5, -5, 2**40, 1.5, [1], {}]
DATES = ["2023-01-05T10:00:00Z", "2023-01-05T10:00:00.123Z", "2023-01-05", "", None]


def value(depth: int = 0) -> Any:
    kind = random.randrange(6 if depth < 3 else 3)
    if kind < 2:
        return random.choice(TEXTS)
    if kind == 2:
        return random.choice([*NUMBERS, None])
    if kind == 3:
        return [value(depth + 1) for _ in range(random.randrange(3))]
    return {random.choice(TEXTS) + str(n): value(depth + 1) for n in range(random.randrange(3))}


def finding(id: int) -> dict[str, Any]:
    record: dict[str, Any] = {"id": id, "webApp": {"id": 2001}}
    for name in ("name", "tags", "url"):
        if random.random() < 0.7:
            record["webApp"][name] = value()
    for column, kind in reference.TABLES["Q_WAS_Finding"][5:-3]:
        name = column.removesuffix("_0")
        if name == "webApp" or random.random() < 0.3:
            continue
        record[name] = random.choice(INTEGERS if kind == "INTEGER" else DATES) if kind == "INTEGER" or "Date" in name else value()
    items = list(record.items())
    random.shuffle(items)
    return dict(items)


def findings(count: int, folder: Path) -> None:
    records = [finding(5_000_000 + n // 2 if n % 10 == 1 else 5_000_000 + n) for n in range(count)]
    text = json.dumps({"ServiceResponse": {"data": [{"Finding": r} for r in records]}}, ensure_ascii=random.random() < 0.5)
    (folder / "page.json").write_text(text, encoding="utf-8")
    seen: set[int] = set()
    for record in json.loads(text)["ServiceResponse"]["data"]:
        data = record["Finding"]
        if data["id"] not in seen:
            seen.add(data["id"])
            show("Q_WAS_Finding", reference.row(reference.lifted(data), "Q_WAS_Finding", ("", "")))


def element(name: str, depth: int = 0) -> str:
    attributes = "".join(f" {key}={quoteattr('v&' + key)}" for key in ("id", "source") if random.random() < 0.1)
    inside = ""
    if depth < 3 and random.random() < 0.5:
        inside = "\n".join(element(random.choice(["ID", "URL", "CVE", "SRC"]), depth + 1) for _ in range(random.randrange(4)))
    if not inside or random.random() < 0.1:
        text = random.choice(["", " ", "x", "a & b", "<P>html</P>", "Käse\n東京 \U0001f600", "  in  ", "2023-01-05"])
        inside += f"<![CDATA[{text}]]>" if random.random() < 0.5 else escape(text)
    return f"<{name}{attributes}>{inside}</{name}>"


def vulnerability(qid: int) -> str:
    parts = [f"<QID>{qid}</QID>"]
    for name, _ in reference.TABLES["Q_KnowledgeBase_In_Q_WAS_FINDING"][1:-3]:
        if random.random() < 0.3:
            continue
        if "DATE" in name:
            parts.append(f"<{name}>2023-01-05T10:00:00Z</{name}>")
        elif name == "CVE_LIST":
            cves = [f"<CVE><ID>CVE-2099-{n}</ID><URL>u?a=1&amp;b={n}</URL></CVE>" for n in range(1 + random.randrange(3))]
            parts.append(f"<{name}>{''.join(cves)}</{name}>")
        else:
            parts.append(element(name))
    return "<VULN>" + "\n ".join(parts) + "</VULN>"


def knowledge(count: int, folder: Path) -> None:
    root = "KNOWLEDGE_BASE_VULN_LIST_OUTPUT"
    inside = "\n".join(vulnerability(150_000 + n) for n in range(count))
    text = f'<?xml version="1.0" encoding="UTF-8" ?>\n<{root}><RESPONSE><VULN_LIST>{inside}</VULN_LIST></RESPONSE></{root}>'
    (folder / "answer.xml").write_text(text, encoding="utf-8")
    database = reference.create(folder / "reference.db")
    reference.load_knowledge_base(text.encode(), database)
    for row in database.execute("SELECT * FROM Q_KnowledgeBase_In_Q_WAS_FINDING ORDER BY QID"):
        show("Q_KnowledgeBase_In_Q_WAS_FINDING", [str(each) for each in row])


def show(table: str, row: list[str]) -> None:
    """As they come back from the database, without the columns that say where a row is from."""
    shown = [_stored(text, kind) for text, (_, kind) in zip(row, reference.TABLES[table])][:-3]
    print(json.dumps(shown))


def _stored(text: str, kind: str) -> str:
    return str(int(text)) if kind == "INTEGER" and text.isdigit() else text


if __name__ == "__main__":
    random.seed(int(sys.argv[2]))
    {"findings": findings, "knowledge": knowledge}[sys.argv[1]](int(sys.argv[3]), Path(sys.argv[4]))
