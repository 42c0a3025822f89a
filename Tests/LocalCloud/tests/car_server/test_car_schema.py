"""The quick check of the import schema says what the jsonschema library says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from jsonschema import Draft7Validator

from car.generator import Generator
from car.reference import expected_graph, import_form
from car.schema import IMPORT_SCHEMA, faults

ODD: list[Any] = [None, "", " ", "a|b", "fe80::1%eth0", "10.0.0.1", 0, 11, -1, 5.5, True, [], {}, "ipaddress/x", "02:00:00:00:00:01"]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(IMPORT_SCHEMA)


@pytest.mark.parametrize("seed", range(20))
def test_the_check_agrees_with_the_library(seed: int) -> None:
    random = Random(seed)
    _, objects = import_form(expected_graph(Generator(hosts=8, seed=seed).subscription()), "qualys", 1000)
    refused = 0
    for collection, items in objects.items():
        schema = IMPORT_SCHEMA["properties"][collection]["items"]
        library = Draft7Validator(schema)
        for item in random.sample(items, min(20, len(items))):
            assert library.is_valid(item) and not list(faults(item, schema))
            spoilt = dict(item)
            member = random.choice(sorted(item))
            if random.random() < 0.3:
                del spoilt[member]
            else:
                spoilt[member] = random.choice(ODD)
            assert library.is_valid(spoilt) == (not list(faults(spoilt, schema))), (collection, spoilt)
            refused += not library.is_valid(spoilt)
    assert refused > 20
