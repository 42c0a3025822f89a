"""How the server behaves, and who may ask it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from typing import Any

DATABASES = ("absent", "no_graph", "no_indexes", "starting", "ready")


@dataclass
class Settings:
    """How the server behaves; changed by the control interface.

    `database` is one of DATABASES; a starting one is ready after `starting_polls` questions.
    `import_polls` and `job_polls` are the questions that are answered with "not yet".
    `members` says what a vertex that is sent again does outside a full import: merge, replace.
    `query_form` plain refuses every query but those of the known clients; `query_limit` cuts
    answers (0: never); `none_found` is the status of a query without a single row: 404, 200.
    `hold` says what an import leaves: graph, counts (for measurements).
    """

    database: str = "ready"
    starting_polls: int = 2
    import_polls: int = 1
    job_polls: int = 1
    members: str = "merge"
    query_form: str = "any"
    query_limit: int = 0
    none_found: int = 404
    too_large: int = 413
    hold: str = "graph"

    def change(self, values: dict[str, Any]) -> None:
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; there are {sorted(known)}")
            setattr(self, name, value)
        if self.database not in DATABASES:
            raise ValueError(f"unknown database {self.database!r}; there are {DATABASES}")


@dataclass(frozen=True)
class Credentials:
    key: str
    password: str
    token: str

    def accept(self, header: str) -> bool:
        pair = base64.b64encode(f"{self.key}:{self.password}".encode()).decode()
        return header in (f"Basic {pair}", f"car-token {self.token}")
