"""A program's imports, held against the reference run by run: what end-to-end tests begin with."""

from __future__ import annotations

from collections.abc import Callable

from .client import CAR
from .compare import Graph, differences, report, wrongly_off
from .pages import Subscription
from .reference import expected_graph


class Trial:
    """Call `expect` when the data stand as the next run shall find them, run the program, then ask
    `problems`, or `problems_of_a_failure` if the program said or showed that it failed."""

    def __init__(self, car: CAR, read: Callable[[], Subscription], source: str = "qualys") -> None:
        self.car = car
        self.source = source
        # What the runs that ended well have left, in order.
        self.history: list[Graph] = []
        self._read = read
        self._wanted = Graph()
        self._there = Graph()
        self._mark = 0
        self._state: str | None = None

    def expect(self) -> Graph:
        """Reads the subscription, without any fault in the way, and works out the graph."""
        self._wanted = expected_graph(self._read(), self.source)
        self._there = self.car.graph(self.source)
        self._mark = self.car.mark()
        self._state = self.car.state(self.source)["model_state_id"]
        return self._wanted

    def problems(self, incremental: bool = False) -> str:
        """What is wrong after a run that said that all is done; empty if nothing is."""
        wrong = self._differences(incremental) + wrongly_off(self._events(), self._there, self._wanted)
        state = self.car.state(self.source)
        if state["full_import_in_progress"]:
            wrong.append("a full import is still in progress")
        if not state["model_state_id"]:
            wrong.append("there is no model_state_id")
        wrong += self.car.violations()
        self.history.append(self._wanted)
        return report(wrong)

    def problems_of_a_failure(self, incremental: bool = False) -> str:
        """What is wrong after a run that was broken off: something live was switched off, or the
        state moved on without all of it being there."""
        wrong = wrongly_off(self._events(), self._there, self._wanted)
        state = self.car.state(self.source)["model_state_id"]
        if state and state != self._state:
            lacking = self._differences(incremental)
            wrong += [f"model_state_id moved on, yet {one}" for one in lacking]
        return report(wrong + self.car.violations())

    def _differences(self, incremental: bool) -> list[str]:
        merged = self.car.settings()["members"] == "merge"
        before = self.history if incremental else None
        return differences(self._wanted, self.car.graph(self.source), before, merged)

    def _events(self) -> list[dict[str, object]]:
        return [event for event in self.car.events(self._mark) if event["source"] == self.source]
