"""What is defined in glibc's place does what glibc's does."""

from __future__ import annotations

import ctypes
import math
import random
import subprocess

import pytest
from conftest import REPOSITORY

SPECIAL = (0.0, -0.0, 1.0, -3.0, 4.0, 1e-45, 1e-38, 3.4e38, math.inf, -math.inf, math.nan)


@pytest.fixture(scope="module")
def compat(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("compat") / "libcompat.so"
    sources = sorted((REPOSITORY / "Sources/CLambdaCompat").glob("*.c"))
    subprocess.run(["clang", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", *sources, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def test_hypotf(compat: ctypes.CDLL) -> None:
    ours, theirs = compat.hypotf, ctypes.CDLL("libm.so.6").hypotf
    for function in (ours, theirs):
        function.argtypes = [ctypes.c_float, ctypes.c_float]
        function.restype = ctypes.c_float
    assert ours(3, 4) == 5
    numbers = random.Random(1)
    pairs = [(x, y) for x in SPECIAL for y in SPECIAL]
    pairs += [(numbers.uniform(-1, 1) * 10 ** numbers.uniform(-44, 38), numbers.uniform(-1, 1) * 10 ** numbers.uniform(-44, 38)) for _ in range(20_000)]  # fmt: skip
    for x, y in pairs:
        expected, actual = theirs(x, y), ours(x, y)
        assert actual == expected or (math.isnan(actual) and math.isnan(expected)), (x, y)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000])
def test_arc4random_buf(compat: ctypes.CDLL, size: int) -> None:
    """Every byte that was asked for is written, in one of 20 calls at the latest, and none beyond."""
    written = bytearray(size)
    for _ in range(20):
        buffer = (ctypes.c_char * (size + 8))()
        compat.arc4random_buf(buffer, ctypes.c_size_t(size))
        assert buffer.raw[size:] == bytes(8)
        written = bytearray(old | new for old, new in zip(written, buffer.raw))
    assert all(written)
