"""Random finite floating-point numbers, one a line: their bits in hexadecimal, and their repr.

usage: float_vectors.py COUNT
"""

import math
import random
import struct
import sys

rng = random.Random(1985)
left = int(sys.argv[1])
while left:
    number = rng.choice(
        [
            struct.unpack("d", struct.pack("Q", rng.getrandbits(64)))[0],
            round(rng.uniform(-1000, 1000), rng.randrange(6)),
            rng.choice([1, 12, 99999, 123456789]) * 10.0 ** rng.randrange(-12, 22),
            rng.choice([0.0, -0.0, 1e16, 1e15, 9999999999999998.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308]),
        ]
    )
    if math.isfinite(number):
        print(f"{struct.unpack('Q', struct.pack('d', number))[0]:016x} {number!r}")
        left -= 1
