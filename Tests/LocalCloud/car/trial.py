"""A program's imports, held against the reference run by run: what end-to-end tests begin with."""

from __future__ import annotations

from collections.abc import Callable

from .client import CAR
from .compare import Graph, differences, report, wrongly_off
from .pages import Subscription
from .reference import expected_graph


class Trial:
    """Call `expect` when the data stand as the next run shall find them, run the program, then ask
    `problems`; a run that was broken off needs no question, only another one after it."""

    def __init__(self, car: CAR, read: Callable[[], Subscription], source: str = "qualys") -> None:
        self.car = car
        self.source = source
        # What the runs that ended well have left, in order.
        self.history: list[Graph] = []
        self._read = read
        self._wanted = Graph()
        self._mark = 0

    def expect(self) -> Graph:
        """Reads the subscription, without any fault in the way, and works out the graph."""
        self._wanted = expected_graph(self._read(), self.source)
        self._mark = self.car.mark()
        return self._wanted

    def problems(self, incremental: bool = False) -> str:
        """What is wrong after a run that said that all is done; empty if nothing is."""
        before = self.history if incremental else None
        merged = self.car.settings()["members"] == "merge"
        wrong = differences(self._wanted, self.car.graph(self.source), before, merged)
        if self.history:
            wrong += wrongly_off(self._events(), self.history[-1], self._wanted)
        state = self.car.state(self.source)
        if state["full_import_in_progress"]:
            wrong.append("a full import is still in progress")
        if not state["model_state_id"]:
            wrong.append("there is no model_state_id")
        wrong += self.car.violations()
        self.history.append(self._wanted)
        return report(wrong)

    def switched_off_too_much(self) -> str:
        """What a run that was broken off has switched off though it was live and is."""
        return report(wrongly_off(self._events(), self.history[-1], self._wanted)) if self.history else ""

    def _events(self) -> list[dict[str, object]]:
        return [event for event in self.car.events(self._mark) if event["source"] == self.source]
