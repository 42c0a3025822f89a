"""The CAR interface: sign-in, databases, sources, imports, queries."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from . import control, imports, query
from .faults import Fault, FaultBook, play
from .graph import SourceGraph, Timeline
from .imports import Import, Job, Refused
from .model import KEYED, VERTICES
from .routes import Operation, identify
from .schema import IMPORT_SCHEMA, SOURCE_KEY
from .wire import Answer, Request

DATABASES = ("absent", "no_graph", "no_indexes", "starting", "ready")
_MOST_VIOLATIONS = 1000


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


class Service:
    """Everything that answers on the one port."""

    def __init__(self, credentials: Credentials, stopping: threading.Event) -> None:
        self.credentials = credentials
        self.faults = FaultBook()
        self.lock = threading.RLock()
        self._stopping = stopping
        self.reset()

    def reset(self) -> None:
        """An empty, ready database; no calls, faults or violations."""
        with self.lock:
            self.settings = Settings()
            self.faults.clear()
            self.calls: list[dict[str, Any]] = []
            self.violations: list[dict[str, Any]] = []
            self.timeline = Timeline()
            self.graphs: dict[str, SourceGraph] = {}
            self.jobs: dict[str, Job] = {}
            self.imports: dict[str, Import] = {}
            self.extensions: dict[str, Any] = {}
            self.totals: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer | None:
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)
        operation = identify(request)
        call = self._begin(request, operation)
        answer = self._answer(request, operation, call)
        call["status"] = answer and answer.status
        return answer

    def violate(self, kind: str, message: str) -> None:
        """Writes down what no correct client does."""
        with self.lock:
            if len(self.violations) < _MOST_VIOLATIONS:
                self.violations.append({"kind": kind, "message": message, "call": len(self.calls)})

    def settle(self) -> None:
        """Ends everything that is under way, in order, as it would have ended by itself in time."""
        with self.lock:
            for work in [*self.jobs.values(), *self.imports.values()]:
                work.finish()

    def graph(self, source: str) -> SourceGraph:
        if source not in self.graphs:
            self.graphs[source] = SourceGraph(source, self.timeline)
        self.graphs[source].replace_members = self.settings.members == "replace"
        return self.graphs[source]

    def _begin(self, request: Request, operation: Operation) -> dict[str, Any]:
        with self.lock:
            call: dict[str, Any] = {
                "number": len(self.calls) + 1,
                "time": time.time(),
                "method": request.method,
                "target": request.target,
                "action": operation.action,
                "bytes": len(request.body),
                "status": None,
                "fault": None,
            }
            self.calls.append(call)
            return call

    def _answer(self, request: Request, operation: Operation, call: dict[str, Any]) -> Answer | None:
        if not self.credentials.accept(request.headers.get("authorization", "")):
            return _json(401, {"message": "Authentication failed"})
        resource = request.target
        if operation.action == "Import":
            resource += " " + " ".join(re.findall(r'"([a-z_]+)"\s*:\s*\[', request.body.decode("utf-8", "replace")))
        fault = self.faults.take(operation.action, resource)

        def work() -> Answer:
            with self.lock:
                return self._work(request, operation, call, fault)

        if fault is None:
            return work()
        call["fault"] = fault.kind
        return play(fault, work, self._wait)

    def _work(
        self, request: Request, operation: Operation, call: dict[str, Any], fault: Fault | None
    ) -> Answer:
        handler = _HANDLERS.get(operation.action)
        if handler is None:
            self.violate("unknown call", f"{request.method} {request.target[:300]}")
            return _json(404, {"message": "there is no such call"})
        needs_database = operation.action not in _WITHOUT_DATABASE
        if needs_database and self.settings.database != "ready":
            self.violate("database not ready", f"{operation.action} of a database that is not ready")
            return _json(503, {"message": "the database is not ready"})
        try:
            return handler(_Call(self, request, operation.parts, call, fault))
        except Refused as refused:
            self.violate("refused", str(refused))
            return _json(refused.status, {"message": str(refused)})
        except Exception as problem:
            traceback.print_exc()
            self.violate("server error", repr(problem))
            return _json(500, {"message": repr(problem)})

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)


@dataclass
class _Call:
    """One call under way, with what its handler needs."""

    service: Service
    request: Request
    parts: tuple[str, ...]
    log: dict[str, Any]
    fault: Fault | None

    @property
    def settings(self) -> Settings:
        return self.service.settings

    def body(self) -> Any:
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise Refused(400, "the body is not JSON") from None

    def argument(self, name: str) -> str:
        value = self.request.argument(name)
        if value is None:
            raise Refused(400, f"the argument {name} is missing")
        return value

    def start_job(self, work: Callable[[], None], source: str = "") -> Answer:
        job = Job(f"job-{len(self.service.jobs) + 1}", self.settings.job_polls, source, work)
        imports.spoil(job, self.fault)
        self.service.jobs[job.id] = job
        return _json(200, {"job_id": job.id})

    def under_way(self, source: str) -> list[Import]:
        every = self.service.imports.values()
        return [one for one in every if one.source == source and one.state == "IN PROGRESS"]


def _get_databases(call: _Call) -> Answer:
    """Whoever asks this begins a run: what an earlier one left under way has ended by now."""
    database = call.settings.database
    call.service.settle()
    if database == "absent":
        return _json(400, {"message": "there is no database"})
    if database == "starting":
        call.settings.starting_polls -= 1
        if call.settings.starting_polls <= 0:
            call.settings.database = "ready"
    ready = database == "ready" and not (call.fault and call.fault.kind == "not_ready")
    answer = {
        "is_ready": ready,
        "graph_name": "" if database == "no_graph" else "assets",
        "collections_without_indexes": ["asset"] if database == "no_indexes" else [],
    }
    return _json(200, {"databases": [answer]})


def _create_database(call: _Call) -> Answer:
    if call.settings.database != "absent":
        return _json(409, {"message": "there is a database"})

    def create() -> None:
        call.settings.database = "ready"
        call.service.graphs.clear()

    return call.start_job(create)


def _update_database(call: _Call) -> Answer:
    body, database = call.body(), call.settings.database
    wanted = {"no_graph": "graph_name", "no_indexes": "collections_without_indexes"}.get(database)
    if wanted is None or not body.get(wanted):
        return _json(400, {"message": "there is nothing to change"})
    return call.start_job(lambda: call.settings.change({"database": "ready"}))


def _get_job_status(call: _Call) -> Answer:
    job = call.service.jobs.get(call.parts[0])
    return _json(200, {"status": job.poll()}) if job else _json(404, {"message": "no such job"})


def _get_source(call: _Call) -> Answer:
    graph = call.service.graphs.get(call.parts[0])
    if graph is None or not graph.known:
        return _json(404, {"message": "there is no such source"})
    state = {} if graph.model_state_id is None else {"model_state_id": graph.model_state_id}
    return _json(200, {**graph.members, **state})


def _update_source(call: _Call) -> Answer:
    name, state = call.argument("key"), call.body().get("model_state_id")
    graph = call.service.graphs.get(name)
    if graph is None or not graph.known:
        return _json(404, {"message": "there is no such source"})
    if not isinstance(state, str) or not re.fullmatch(r"(\d+(\.\d+)?)?", state):
        raise Refused(400, f"{state!r} is no model_state_id")
    if state and graph.full_import:
        call.service.violate("state too early", "model_state_id is set during a full import")
    if state and call.under_way(name):
        call.service.violate("state too early", "model_state_id is set before all imports are done")
    graph.model_state_id = state
    return _json(200, {})


def _start_full_import(call: _Call) -> Answer:
    if not re.search(SOURCE_KEY, call.parts[0]):
        raise Refused(400, f"{call.parts[0]!r} is no source key")
    call.service.settle()
    if call.fault is None or call.fault.kind != "job_error":
        call.service.graph(call.parts[0]).start_full_import()
    return call.start_job(lambda: None, call.parts[0])


def _end_full_import(call: _Call) -> Answer:
    """With none in progress nothing is dropped: so the call can be repeated."""
    name = call.parts[0]
    if call.under_way(name):
        call.service.violate("ended too early", "the full import ends before all imports are done")
    call.service.settle()
    graph = call.service.graph(name)
    return call.start_job(lambda: graph.end_full_import() if graph.full_import else None, name)


def _delete_vertices(call: _Call) -> Answer:
    source, collection = call.parts
    if collection not in VERTICES:
        raise Refused(400, f"there is no collection {collection!r}")
    graph = call.service.graph(source)
    right, wrong = "external_ids", "keys"
    if collection in KEYED:
        right, wrong = wrong, right
    if call.request.argument(wrong) is not None:
        raise Refused(400, f"{collection} takes {right}, not {wrong}")
    ids = [one for one in (call.request.argument(right) or "").split(",") if one]
    if not ids:
        call.service.violate("whole collection deleted", f"DELETE of {collection} without {right}")
        ids = list(graph.vertices[collection])
    graph.delete(collection, ids)
    return _json(200, {})


def _import(call: _Call) -> Answer:
    service = call.service
    try:
        envelope, collections = imports.read(call.request.body)
    except Refused as refused:
        raise Refused(call.settings.too_large if refused.status == 413 else refused.status, str(refused)) from None
    source = envelope["source"]["_key"]
    call.log["objects"] = imports.size(envelope, collections)
    one = Import(f"imp-{len(service.imports) + 1}", call.settings.import_polls, source, lambda: None)
    one.has_vertices = any(name in VERTICES for name in collections)
    if any(job.source == source and job.state == "IN PROGRESS" for job in service.jobs.values()):
        service.violate("import too early", "the job of full-import-in-progress is not done")
    if not one.has_vertices and collections and any(other.has_vertices for other in call.under_way(source)):
        service.violate("edges before vertices", "edges are sent before all imports of vertices are done")
    if call.settings.hold == "graph":
        problems = imports.check(envelope, collections)
        for problem in problems:
            service.violate("schema", problem)
        one.error = problems[0] if problems else ""
    one.work = _import_work(call, one, envelope, collections)
    imports.spoil(one, call.fault)
    service.imports[one.id] = one
    return _json(201, {"id": one.id})


def _import_work(call: _Call, one: Import, envelope: Any, collections: list[str]) -> Callable[[], None]:
    service, kind = call.service, call.fault.kind if call.fault else ""

    def work() -> None:
        wanted = envelope
        if kind in ("import_error", "import_half"):
            one.error = "a scripted fault"
            wanted = imports.half(envelope, collections) if kind == "import_half" else None
        elif one.error:
            wanted = None
        one.ends_as = "ERROR" if one.error else "COMPLETE"
        if wanted is None:
            return
        if call.settings.hold == "counts":
            service.graph(one.source).known = True
            for name, size in imports.size(wanted, collections).items():
                service.totals[name] = service.totals.get(name, 0) + size
            return
        imports.apply(service.graph(one.source), wanted, collections, service.violate)

    return work


def _get_import_status(call: _Call) -> Answer:
    incomplete, failed = [], []
    for name in call.argument("ids").split(","):
        one = call.service.imports.get(name)
        if one is None:
            call.service.violate("unknown import", f"the status of {name!r} is asked for")
            continue
        state = one.poll()
        if state == "IN PROGRESS":
            incomplete.append({"id": name, "status": state})
        elif state == "ERROR":
            failed.append({"id": name, "error": one.error or "failed", "statusCode": 422})
    return _json(200, {"error_imports": failed, "incomplete_imports": incomplete})


def _update_edge(call: _Call) -> Answer:
    collection, active = call.parts[0], call.body().get("active")
    if not isinstance(active, bool):
        raise Refused(400, "active is neither true nor false")
    graph = call.service.graph(call.argument("source"))
    if not graph.switch(collection, (call.argument("from"), call.argument("to")), active):
        return _json(404, {"message": "there is no such edge"})
    return _json(200, {})


def _update_vertex(call: _Call) -> Answer:
    collection, members = call.parts[0], call.body()
    key = call.request.argument("key") if collection in KEYED else call.argument("external_id")
    source = call.request.argument("source")
    graphs = [one for one in call.service.graphs.values() if source in (None, one.name)]
    found = [one for one in graphs if key is not None and one.has(collection, key)]
    for graph in found:
        graph.vertices[collection][str(key)].members.update(members)
    return _json(200, {}) if found else _json(404, {"message": "there is no such resource"})


def _query(call: _Call) -> Answer:
    body = call.body()
    text, variables = body.get("query", ""), body.get("variables") or {}
    try:
        if call.settings.query_form == "plain" and not query.is_plain(text, variables):
            raise query.QueryError("only the edges of one vertex can be asked for")
        rows = query.run(text, variables, list(call.service.graphs.values()))
    except query.QueryError as problem:
        return _json(400, {"errors": [{"message": str(problem)}]})
    if call.settings.query_limit:
        rows = {name: some[: call.settings.query_limit] for name, some in rows.items()}
    if not any(rows.values()) and call.settings.none_found != 200:
        return _json(call.settings.none_found, {"message": "nothing found"})
    return _json(200, {"data": rows})


def _get_extension(call: _Call) -> Answer:
    extension = call.service.extensions.get(call.parts[0])
    return _json(200, extension) if extension else _json(404, {"message": "there is no such extension"})


def _add_extension(call: _Call) -> Answer:
    body = call.body()
    key = body.get("_key") or body.get("key")
    if not key:
        raise Refused(400, "the extension has no key")
    call.service.extensions[key] = body
    return _json(200, {})


def _get_import_schema(call: _Call) -> Answer:
    return _json(200, {"schema": IMPORT_SCHEMA})


_WITHOUT_DATABASE = {
    "GetDatabases",
    "CreateDatabase",
    "UpdateDatabase",
    "GetJobStatus",
    "GetImportSchema",
}
_HANDLERS: dict[str, Callable[[_Call], Answer]] = {
    "GetDatabases": _get_databases,
    "CreateDatabase": _create_database,
    "UpdateDatabase": _update_database,
    "GetJobStatus": _get_job_status,
    "GetSource": _get_source,
    "UpdateSource": _update_source,
    "StartFullImport": _start_full_import,
    "EndFullImport": _end_full_import,
    "DeleteVertices": _delete_vertices,
    "Import": _import,
    "GetImportStatus": _get_import_status,
    "UpdateEdge": _update_edge,
    "UpdateVertex": _update_vertex,
    "Query": _query,
    "GetExtension": _get_extension,
    "AddExtension": _add_extension,
    "GetImportSchema": _get_import_schema,
}


def _json(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
