"""What each call of the CAR interface does."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import imports, query
from .faults import LOST_ANSWERS, Fault
from .imports import Import, Job, Refused
from .model import KEYED, VERTICES
from .schema import IMPORT_SCHEMA, SOURCE_KEY
from .settings import Settings
from .wire import Answer, Request, json_answer

if TYPE_CHECKING:
    from .service import Service


@dataclass
class Call:
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
        return json_answer(200, {"job_id": job.id})

    def under_way(self, source: str) -> list[Import]:
        every = self.service.imports.values()
        mine = (one for one in every if one.source == source and not one.is_orphan)
        return [one for one in mine if one.state == "IN PROGRESS"]


def _get_databases(call: Call) -> Answer:
    """Whoever asks this begins a run: what an earlier one left under way has ended by now."""
    database = call.settings.database
    call.service.settle()
    if database == "absent":
        return json_answer(400, {"message": "there is no database"})
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
    return json_answer(200, {"databases": [answer]})


def _create_database(call: Call) -> Answer:
    if call.settings.database != "absent":
        return json_answer(409, {"message": "there is a database"})

    def create() -> None:
        call.settings.database = "ready"
        call.service.graphs.clear()

    return call.start_job(create)


def _update_database(call: Call) -> Answer:
    body, database = call.body(), call.settings.database
    wanted = {"no_graph": "graph_name", "no_indexes": "collections_without_indexes"}.get(database)
    if wanted is None or not body.get(wanted):
        return json_answer(400, {"message": "there is nothing to change"})
    return call.start_job(lambda: call.settings.change({"database": "ready"}))


def _get_job_status(call: Call) -> Answer:
    job = call.service.jobs.get(call.parts[0])
    return json_answer(200, {"status": job.poll()}) if job else json_answer(404, {"message": "no such job"})


def _get_source(call: Call) -> Answer:
    graph = call.service.graphs.get(call.parts[0])
    if graph is None or not graph.known:
        return json_answer(404, {"message": "there is no such source"})
    state = {} if graph.model_state_id is None else {"model_state_id": graph.model_state_id}
    return json_answer(200, {**graph.members, **state})


def _update_source(call: Call) -> Answer:
    name, state = call.argument("key"), call.body().get("model_state_id")
    graph = call.service.graphs.get(name)
    if graph is None or not graph.known:
        return json_answer(404, {"message": "there is no such source"})
    if not isinstance(state, str) or not re.fullmatch(r"(\d+(\.\d+)?)?", state):
        raise Refused(400, f"{state!r} is no model_state_id")
    if state and graph.full_import:
        call.service.violate("state too early", "model_state_id is set during a full import")
    if state and call.under_way(name):
        call.service.violate("state too early", "model_state_id is set before all imports are done")
    graph.model_state_id = state
    return json_answer(200, {})


def _start_full_import(call: Call) -> Answer:
    if not re.search(SOURCE_KEY, call.parts[0]):
        raise Refused(400, f"{call.parts[0]!r} is no source key")
    call.service.settle()
    if call.fault is None or call.fault.kind != "job_error":
        call.service.graph(call.parts[0]).start_full_import()
    return call.start_job(lambda: None, call.parts[0])


def _end_full_import(call: Call) -> Answer:
    """With none in progress nothing is older than the last start: so the call can be repeated."""
    name = call.parts[0]
    if call.under_way(name):
        call.service.violate("ended too early", "the full import ends before all imports are done")
    call.service.settle()
    graph = call.service.graph(name)
    return call.start_job(graph.end_full_import, name)


def _delete_vertices(call: Call) -> Answer:
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
    return json_answer(200, {})


def _import(call: Call) -> Answer:
    service = call.service
    try:
        envelope, collections = imports.read(call.request.body)
    except Refused as refused:
        raise Refused(call.settings.too_large if refused.status == 413 else refused.status, str(refused)) from None
    source = envelope["source"]["_key"]
    call.log["objects"] = imports.size(envelope, collections)
    one = Import(f"{len(service.imports) + 1:08}-0000-4000-8000-000000000000", call.settings.import_polls, source, lambda: None)
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
    digest = hashlib.sha256(call.request.body).digest()
    if digest in service.lost:
        service.lost.pop(digest).is_orphan = True
    if call.fault and call.fault.kind in LOST_ANSWERS:
        service.lost[digest] = one
    return json_answer(201, {"id": one.id})


def _import_work(call: Call, one: Import, envelope: Any, collections: list[str]) -> Callable[[], None]:
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


def _get_import_status(call: Call) -> Answer:
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
    return json_answer(200, {"error_imports": failed, "incomplete_imports": incomplete})


def _update_edge(call: Call) -> Answer:
    collection, active = call.parts[0], call.body().get("active")
    if not isinstance(active, bool):
        raise Refused(400, "active is neither true nor false")
    graph = call.service.graph(call.argument("source"))
    if not graph.switch(collection, (call.argument("from"), call.argument("to")), active):
        return json_answer(404, {"message": "there is no such edge"})
    return json_answer(200, {})


def _update_vertex(call: Call) -> Answer:
    collection, members = call.parts[0], call.body()
    key = call.request.argument("key") if collection in KEYED else call.argument("external_id")
    source = call.request.argument("source")
    graphs = [one for one in call.service.graphs.values() if source in (None, one.name)]
    found = [one for one in graphs if key is not None and one.has(collection, key)]
    for graph in found:
        graph.vertices[collection][str(key)].members.update(members)
    return json_answer(200, {}) if found else json_answer(404, {"message": "there is no such resource"})


def _query(call: Call) -> Answer:
    body = call.body()
    text, variables = body.get("query", ""), body.get("variables") or {}
    try:
        if call.settings.query_form == "plain" and not query.is_plain(text, variables):
            raise query.QueryError("only the edges of one vertex can be asked for")
        rows = query.run(text, variables, list(call.service.graphs.values()))
    except query.QueryError as problem:
        return json_answer(400, {"errors": [{"message": str(problem)}]})
    if call.settings.query_limit:
        rows = {name: some[: call.settings.query_limit] for name, some in rows.items()}
    if not any(rows.values()) and call.settings.none_found != 200:
        return json_answer(call.settings.none_found, {"message": "nothing found"})
    return json_answer(200, {"data": rows})


def _get_extension(call: Call) -> Answer:
    extension = call.service.extensions.get(call.parts[0])
    return json_answer(200, extension) if extension else json_answer(404, {"message": "there is no such extension"})


def _add_extension(call: Call) -> Answer:
    body = call.body()
    key = body.get("_key") or body.get("key")
    if not key:
        raise Refused(400, "the extension has no key")
    call.service.extensions[key] = body
    return json_answer(200, {})


def _get_import_schema(call: Call) -> Answer:
    return json_answer(200, {"schema": IMPORT_SCHEMA})


WITHOUT_DATABASE = {
    "GetDatabases",
    "CreateDatabase",
    "UpdateDatabase",
    "GetJobStatus",
    "GetImportSchema",
}
HANDLERS: dict[str, Callable[[Call], Answer]] = {
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
