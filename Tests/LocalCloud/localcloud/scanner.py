"""Installs the stand-in QScanner in a folder, tells it its part, and reads what it did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).resolve().parent.parent / "qscanner" / "qscanner"


class StandInScanner:
    """A copy of the stand-in with a side file of its own."""

    def __init__(self, folder: Path, endpoint: str, **knobs: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "qscanner"
        self._side_file = folder / "qscanner.json"
        self._record = folder / "runs.ndjson"
        self._side: dict[str, Any] = {
            "endpoint": endpoint,
            "record": str(self._record),
            "knobs": knobs,
            "functions": {},
        }
        shutil.copy(_SOURCE, self.path)
        self._write()

    def turn(self, function: str | None = None, **knobs: Any) -> None:
        """Sets knobs, for all functions or for one, from the next run on."""
        if function is None:
            self._side["knobs"].update(knobs)
        else:
            self._side["functions"].setdefault(function, {}).update(knobs)
        self._write()

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What the runs wrote down: `start`, `child` and `end`, in order."""
        if not self._record.exists():
            return []
        events = [json.loads(line) for line in self._record.read_text().splitlines()]
        return [event for event in events if kind is None or event["event"] == kind]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The starts: `argv`, `env`, `cwd`, `fds`, `pid`, `ppid`, `pgid`, `sid`, `time`."""
        return self.events("start")

    def _write(self) -> None:
        scratch = self._side_file.with_suffix(".part")
        scratch.write_text(json.dumps(self._side))
        scratch.replace(self._side_file)
