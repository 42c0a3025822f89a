"""Python's gzip, as the other side of the Swift one.

usage: gzip_peer.py pack FILE... | unpack FILE...

pack writes FILE.gz, of a few members of random levels; unpack prints the SHA-256 of what is in each FILE.
"""

import gzip
import hashlib
import random
import sys
from pathlib import Path


def pack(path: Path) -> None:
    rng = random.Random(path.name)
    data = path.read_bytes()
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(3)))
    with Path(f"{path}.gz").open("wb") as file:
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            file.write(gzip.compress(data[start:end], rng.randrange(10)))
        file.write(bytes(rng.choice([0, 0, 1, 511])))


def unpack(path: Path) -> None:
    print(hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest())


for name in sys.argv[2:]:
    {"pack": pack, "unpack": unpack}[sys.argv[1]](Path(name))
