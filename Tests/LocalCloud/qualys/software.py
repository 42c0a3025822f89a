"""Applications of the inventory."""

from __future__ import annotations

from typing import Any

from .mix import mix

_KIND = 8
PRODUCTS: tuple[tuple[str, str], ...] = tuple(
    (f"{word} {number}", word)
    for number in range(1, 9)
    for word in ("Demo Server", "Käse Tool", "Mini Db", "Αρχείο", "Web & Co")
)
SHAPES = 16


def of_shape(shape: int, seed: int, mean: int) -> list[dict[str, Any]] | None:
    """The software of all assets of a shape: `None` for no list at all, some lists are empty."""
    if shape % 8 == 5 or mean == 0:
        return None
    if shape % 8 == 6:
        return []
    count = 1 + mix(seed, _KIND, shape) % (2 * mean - 1)
    numbers = {
        mix(seed, _KIND, 1000 + shape * 1000 + each) % len(PRODUCTS) for each in range(count)
    }
    return [application(number) for number in sorted(numbers)]


def application(number: int) -> dict[str, Any]:
    """Ids are signed and have 64 bits, as hashes have."""
    product, publisher = PRODUCTS[number]
    id = mix(0, _KIND, number) - (1 << 63)
    if number % 7 == 3:
        id = 9007199254740993 + 2 * number
    return {
        "id": id,
        "fullName": f"{product} {number}.1 – Ünicode",
        "softwareType": "Driver" if number % 9 == 8 else "Application",
        "isIgnored": False,
        "ignoredReason": None,
        "category": "Web / Server",
        "category1": "Web",
        "category2": "Server",
        "productName": ("Unknown", None, product, product, product)[
            number % 5 if number % 4 == 0 else 2
        ],
        "publisher": publisher if number % 3 else "Unknown",
        "version": f"{number}.1" if number % 6 else None,
        "installDate": None,
        "installPath": f"/opt/demo{number}",
        "lifecycle": {"stage": "EOL"},
    }
