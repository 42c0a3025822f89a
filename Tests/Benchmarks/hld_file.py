"""A file like an answer of the Host List Detection: hld_file.py FILE MEGABYTES"""

import random
import sys
from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE HOST_LIST_VM_DETECTION_OUTPUT SYSTEM "https://qualysapi.example.test/hld.dtd">
<HOST_LIST_VM_DETECTION_OUTPUT>
<RESPONSE>
<HOST_LIST>
"""
HOST = """<HOST>
<ID>{id}</ID>
<IP>10.0.{b}.{c}</IP>
<TRACKING_METHOD>AGENT</TRACKING_METHOD>
<OS><![CDATA[Red Hat Enterprise Linux 8.{c}]]></OS>
<DNS><![CDATA[host{id}.example.test]]></DNS>
<LAST_SCAN_DATETIME>2024-05-01T03:10:30Z</LAST_SCAN_DATETIME>
<DETECTION_LIST>
"""
DETECTION = """<DETECTION>
<UNIQUE_VULN_ID>{id}</UNIQUE_VULN_ID>
<QID>{qid}</QID>
<TYPE>Confirmed</TYPE>
<SEVERITY>{severity}</SEVERITY>
<SSL>0</SSL>
<RESULTS><![CDATA[{results}]]></RESULTS>
<STATUS>Active</STATUS>
<FIRST_FOUND_DATETIME>2024-01-02T12:00:00Z</FIRST_FOUND_DATETIME>
<LAST_FOUND_DATETIME>2024-05-01T03:10:30Z</LAST_FOUND_DATETIME>
<QDS severity="LOW">{severity}7</QDS>
<TIMES_FOUND>{severity}</TIMES_FOUND>
<LAST_TEST_DATETIME>2024-05-01T03:10:30Z</LAST_TEST_DATETIME>
<LAST_UPDATE_DATETIME>2024-05-01T03:11:30Z</LAST_UPDATE_DATETIME>
<IS_IGNORED>0</IS_IGNORED>
<IS_DISABLED>0</IS_DISABLED>
</DETECTION>
"""
TAIL = "</HOST_LIST>\n</RESPONSE>\n</HOST_LIST_VM_DETECTION_OUTPUT>\n"


def write(path: Path, size: int) -> None:
    rng = random.Random(2026)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(3000)]
    with path.open("w") as file:
        file.write(HEAD)
        host = 0
        while file.tell() < size:
            host += 1
            file.write(HOST.format(id=host, b=rng.randrange(256), c=rng.randrange(10)))
            for _ in range(rng.randrange(40)):
                lines = [" ".join(rng.choices(words, k=rng.randint(2, 12))) for _ in range(rng.randint(1, 4))]
                file.write(
                    DETECTION.format(
                        id=rng.randrange(10**9),
                        qid=rng.randrange(400_000),
                        severity=rng.randint(1, 5),
                        results="\n".join(lines),
                    )
                )
            file.write("</DETECTION_LIST>\n</HOST>\n")
        file.write(TAIL)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) * 1_000_000)
