"""The server's own interface for tests, under `/_car/`, in JSON; graphs and events are NDJSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .faults import KINDS, Fault
from .wire import BANNER, Answer, Request, json_answer

if TYPE_CHECKING:
    from .service import Service

PREFIX = "/_car/"


def answer(service: Service, request: Request) -> Answer:
    """Answers a control request; what is wrong with one is said in `error`."""
    handler = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    if handler is None:
        return json_answer(404, {"error": f"no such control call; there are {sorted(_HANDLERS)}"})
    try:
        if handler is _played:
            return _played(service, request)
        with service.lock:
            return handler(service, request)
    except (KeyError, TypeError, ValueError) as problem:
        return json_answer(400, {"error": f"{type(problem).__name__}: {problem}"})


def _health(service: Service, request: Request) -> Answer:
    return json_answer(200, {"status": "ok", "is": BANNER})


def _graph(service: Service, request: Request) -> Answer:
    """All vertices and active edges of `source`, when all that is under way has ended; `inactive=1`
    adds the edges that are off."""
    service.settle()
    graph = service.graph(request.argument("source") or "qualys")
    lines = list(graph.lines(request.argument("inactive") == "1"))
    if graph.known:
        lines.insert(0, {"vertex": "source", "id": graph.name, "members": graph.members})
    return _lines(lines)


def _state(service: Service, request: Request) -> Answer:
    """What is under way stays so."""
    sources = {
        name: {
            "model_state_id": graph.model_state_id,
            "full_import_in_progress": graph.full_import,
            **graph.counts(),
        }
        for name, graph in service.graphs.items()
    }
    return json_answer(
        200,
        {
            "database": service.settings.database,
            "sources": sources,
            "imports": [_work(one) for one in service.imports.values()],
            "jobs": [_work(one) for one in service.jobs.values()],
            "totals": service.totals,
        },
    )


def _work(one: Any) -> dict[str, Any]:
    return {"id": one.id, "source": one.source, "state": one.state}


def _settle(service: Service, request: Request) -> Answer:
    service.settle()
    return json_answer(200, {})


def _events(service: Service, request: Request) -> Answer:
    """What was switched off, deleted or dropped after event number `since`, and what came back."""
    since = int(request.argument("since") or 0)
    return _lines([event for event in service.timeline.events if event["number"] > since])


def _settings(service: Service, request: Request) -> Answer:
    service.settings.change(json.loads(request.body or b"{}"))
    return json_answer(200, asdict(service.settings))


def _faults(service: Service, request: Request) -> Answer:
    return json_answer(200, {"faults": service.faults.all(), "kinds": KINDS})


def _add_fault(service: Service, request: Request) -> Answer:
    fault = Fault(**json.loads(request.body))
    service.faults.add(fault)
    return json_answer(200, {"id": fault.id})


def _played(service: Service, request: Request) -> Answer:
    """Answers when the fault `id` has been played, or after `seconds`; holds up nobody else."""
    number, seconds = int(request.argument("id") or 0), float(request.argument("seconds") or 0)
    return json_answer(200, {"played": service.faults.wait(number, seconds)})


def _clear_faults(service: Service, request: Request) -> Answer:
    service.faults.clear()
    return json_answer(200, {})


def _clear_calls(service: Service, request: Request) -> Answer:
    service.calls.clear()
    return json_answer(200, {})


def _reset(service: Service, request: Request) -> Answer:
    service.reset()
    return json_answer(200, {})


_HANDLERS: dict[tuple[str, str], Callable[[Service, Request], Answer]] = {
    ("GET", "health"): _health,
    ("GET", "graph"): _graph,
    ("GET", "state"): _state,
    ("POST", "settle"): _settle,
    ("GET", "events"): _events,
    ("GET", "violations"): lambda service, request: json_answer(200, service.violations),
    ("GET", "calls"): lambda service, request: json_answer(200, service.calls),
    ("DELETE", "calls"): _clear_calls,
    ("POST", "settings"): _settings,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "played"): _played,
    ("POST", "reset"): _reset,
}


def _lines(values: list[Any]) -> Answer:
    text = "".join(json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n" for value in values)
    return Answer(200, text.encode(), {"Content-Type": "application/x-ndjson"})
