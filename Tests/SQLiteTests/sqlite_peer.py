"""Python's sqlite3, as the other side of the Swift one.

usage: sqlite_peer.py read FILE | write FILE SEED COUNT

Both print the values of table `pairs`, one row a line, as the Swift test writes them: i:123 r:<bits> t:<hex> b:<hex> n.
"""

import random
import sqlite3
import struct
import sys


def said(value):
    match value:
        case None:
            return "n"
        case int():
            return f"i:{value}"
        case float():
            return f"r:{struct.unpack('Q', struct.pack('d', value))[0]:x}"
        case str():
            return "t:" + value.encode().hex()
        case bytes():
            return "b:" + value.hex()


def value(rng):
    kind = rng.randrange(5)
    length = rng.choice([0, 1, 10, 3000])
    if kind == 0:
        return None
    if kind == 1:
        return rng.choice([0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, rng.randrange(10**9)])
    if kind == 2:
        return rng.choice([0.5, -1e300, 5e-324, rng.uniform(-1e6, 1e6)])
    if kind == 3:
        return "".join(rng.choice("aZ'\"\0\näß日😀;?") for _ in range(length))
    return rng.randbytes(length)


def main(what, path, *rest):
    database = sqlite3.connect(path)
    if what == "write":
        rng = random.Random(int(rest[0]))
        database.execute("CREATE TABLE pairs (one, two)")
        database.executemany("INSERT INTO pairs VALUES (?, ?)", ((value(rng), value(rng)) for _ in range(int(rest[1]))))
        database.commit()
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for row in database.execute("SELECT one, two FROM pairs ORDER BY rowid"):
        print(" ".join(map(said, row)))


main(*sys.argv[1:])
