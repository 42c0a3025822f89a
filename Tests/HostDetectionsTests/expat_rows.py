"""The rows of Host List Detection documents as Python's expat reads them: the other side of a differential test.

Prints for each file in a folder, in the order of their names, its rows as lines of JSON and then an empty line.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.parsers import expat

HOST = {
    "ID": "host_id", "IP": "ip", "IPV6": "ip", "DNS": "dns", "OS": "os", "TRACKING_METHOD": "tracking_method",
    "LAST_SCAN_DATETIME": "host_last_scan",
}  # fmt: skip
DETECTION = {
    "UNIQUE_VULN_ID": "unique_vuln_id", "QID": "qid", "TYPE": "type", "SEVERITY": "severity", "PORT": "port",
    "PROTOCOL": "protocol", "FQDN": "fqdn", "SSL": "ssl", "INSTANCE": "instance", "STATUS": "status",
    "RESULTS": "results", "FIRST_FOUND_DATETIME": "first_found", "LAST_FOUND_DATETIME": "last_found",
    "LAST_TEST_DATETIME": "last_test", "LAST_UPDATE_DATETIME": "last_update", "LAST_FIXED_DATETIME": "last_fixed",
    "TIMES_FOUND": "times_found", "QDS": "qds", "IS_IGNORED": "is_ignored", "IS_DISABLED": "is_disabled",
}  # fmt: skip
COLUMNS = (
    "host_id ip dns os tracking_method unique_vuln_id qid type severity port protocol fqdn ssl instance status results "
    "first_found last_found last_test last_update last_fixed times_found qds is_ignored is_disabled host_last_scan"
).split()
NUMBERS = set(
    "host_id unique_vuln_id qid severity port ssl times_found qds is_ignored is_disabled".split()
)


class Reader:
    """Goes by the path of names, and holds the text of every open element."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.texts: list[list[str]] = []
        self.host: dict[str, Any] = {}
        self.detection: dict[str, Any] = {}
        self.rows: list[str] = []

    def read(self, document: bytes) -> list[str]:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.Parse(document, True)
        return self.rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        self.texts.append([])
        if self.path[2:] == ["HOST_LIST", "HOST"]:
            self.host = {}
        if self.path[4:] == ["DETECTION_LIST", "DETECTION"]:
            self.detection = {}

    def text(self, text: str) -> None:
        for each in self.texts:
            each.append(text)

    def end(self, name: str) -> None:
        text = "".join(self.texts.pop())
        inner = self.path[4:]
        if len(inner) == 1 and name in HOST:
            self.put(self.host, HOST[name], text)
        elif len(inner) == 3 and inner[:2] == ["DETECTION_LIST", "DETECTION"] and name in DETECTION:
            self.put(self.detection, DETECTION[name], text)
        elif inner == ["DETECTION_LIST", "DETECTION"]:
            row = {column: self.host.get(column, self.detection.get(column)) for column in COLUMNS}
            self.rows.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
        self.path.pop()

    def put(self, values: dict[str, Any], column: str, text: str) -> None:
        value: Any = text
        if column in NUMBERS:
            digits = re.sub("^0+(?=[0-9])", "", text.strip("".join(map(chr, range(33)))))
            value = int(digits) if re.fullmatch("[0-9]{1,18}", digits) else None
        if value is not None:
            values.setdefault(column, value)


if __name__ == "__main__":
    for file in sorted(Path(sys.argv[1]).iterdir()):
        for row in Reader().read(file.read_bytes()):
            sys.stdout.buffer.write(row.encode() + b"\n")
        sys.stdout.buffer.write(b"\n")
