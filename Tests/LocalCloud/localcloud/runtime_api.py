"""A scripted Lambda Runtime API: hands out events, judges what comes back, and misbehaves on demand."""

from __future__ import annotations

import json
import queue
import re
import select
import socket
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .invocation import Invocation, Outcome

DEFAULT_ARN = "arn:aws:lambda:us-east-1:012345678912:function:scanner"
_LARGEST_RESPONSE = 6 * 1024 * 1024 + 100
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_RESULT = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_ERROR_TYPE = re.compile(r"\w+\.\w+")
_ERROR_CONTENT = ("application/vnd.aws.lambda.error+json", "application/json")


class RuntimeAPI:
    """The Runtime API of one execution environment.

    The knobs count down: `drop_next` closes that many connections when the next event is asked
    for, `next_statuses` and `result_statuses` are answered before normal service goes on, and
    `omit_headers` (lower case) are left out of every event.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.next_calls = 0
        self.connections = 0
        self.init_error: Outcome | None = None
        self.drop_next = 0
        self.next_statuses: list[int] = []
        self.result_statuses: list[int] = []
        self.omit_headers: set[str] = set()
        self.close_idle_after_event = False
        self.init_ended = threading.Event()
        self._waiting: queue.Queue[Invocation] = queue.Queue()
        self._running: dict[str, Invocation] = {}
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self

    def start(self) -> RuntimeAPI:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> RuntimeAPI:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """What belongs into AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(
        self,
        event: bytes | str | dict[str, Any] | list[Any],
        request_id: str | None = None,
        timeout_s: float = 60.0,
        function_arn: str = DEFAULT_ARN,
        trace_id: str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        headers: dict[str, str] | None = None,
    ) -> Invocation:
        """Queues an event; the deadline starts when the function takes it."""
        if isinstance(event, (dict, list)):
            event = json.dumps(event)
        body = event.encode() if isinstance(event, str) else event
        invocation = Invocation(
            body, request_id or str(uuid.uuid4()), timeout_s, function_arn, trace_id, headers or {}
        )
        self._waiting.put(invocation)
        return invocation

    def mark_died(self, exit_status: int | None) -> None:
        """Ends what was under way when the process ended; the harness calls it."""
        for invocation in list(self._running.values()):
            invocation.end(Outcome("died", exit_status=exit_status))
        self._running.clear()
        self.init_ended.set()

    def _take(self, client: socket.socket) -> Invocation | None:
        """Waits for the next event as long as the client does."""
        while not self._stopping.is_set():
            try:
                invocation = self._waiting.get(timeout=0.02)
            except queue.Empty:
                if _has_gone(client):
                    return None
                continue
            if _has_gone(client):
                self._waiting.put(invocation)
                return None
            self._running[invocation.request_id] = invocation
            return invocation
        return None

    def _judge_result(self, request_id: str, kind: str, headers: Any, body: bytes) -> int:
        if kind == "error":
            self._judge_error(headers, body)
        else:
            self._judge_response(headers, body)
        if self.result_statuses:
            return self.result_statuses.pop(0)
        if len(body) > _LARGEST_RESPONSE:
            return 413
        invocation = self._running.pop(request_id, None)
        if invocation is None:
            self.violations.append(f"a result for {request_id!r}, which is not being worked on")
            return 400
        error_type = headers.get("Lambda-Runtime-Function-Error-Type")
        invocation.end(Outcome(kind, body, error_type))
        return 202

    def _judge_response(self, headers: Any, body: bytes) -> None:
        content = _content_type(headers)
        if content != "application/json":
            self.violations.append(f"a response has the content type {content!r}")
        if not _is_json(body):
            self.violations.append("a response is not JSON")

    def _judge_init_error(self, headers: Any, body: bytes) -> int:
        self._judge_error(headers, body)
        error_type = headers.get("Lambda-Runtime-Function-Error-Type")
        self.init_error = Outcome("error", body, error_type)
        self.init_ended.set()
        return 202

    def _judge_error(self, headers: Any, body: bytes) -> None:
        error_type = headers.get("Lambda-Runtime-Function-Error-Type")
        content = _content_type(headers)
        if not error_type or not _ERROR_TYPE.fullmatch(error_type):
            self.violations.append(f"an error has the type header {error_type!r}")
        if content not in _ERROR_CONTENT:
            self.violations.append(f"an error has the content type {content!r}")
        try:
            members = json.loads(body)
            well_formed = (
                isinstance(members["errorMessage"], str)
                and isinstance(members["errorType"], str)
                and isinstance(members["stackTrace"], list)
            )
        except (ValueError, KeyError, TypeError):
            well_formed = False
        if not well_formed:
            self.violations.append(f"an error has the body {body[:200]!r}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeAPI

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Functions are killed in mid-request here; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out in two writes: Nagle would hold the second for 40 ms.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.api.connections += 1

    def do_GET(self) -> None:
        api = self.server.api
        if self.path != _NEXT:
            api.violations.append(f"GET {self.path}")
            self._answer(404, b"{}")
            return
        api.next_calls += 1
        if api._running:
            api.violations.append(f"the next event was asked for before {list(api._running)} ended")
        if api.drop_next > 0:
            api.drop_next -= 1
            self.close_connection = True
        elif api.next_statuses:
            self._answer(api.next_statuses.pop(0), b"{}")
        elif invocation := api._take(self.connection):
            self._hand_out(invocation)
        else:
            self.close_connection = True

    def _hand_out(self, invocation: Invocation) -> None:
        omitted = self.server.api.omit_headers
        given = invocation.headers().items()
        headers = {name: value for name, value in given if name.lower() not in omitted}
        self._answer(200, invocation.event, headers)
        invocation.handed_out.set()
        self.close_connection = self.close_connection or self.server.api.close_idle_after_event

    def do_POST(self) -> None:
        api = self.server.api
        if "Transfer-Encoding" in self.headers:
            api.violations.append("a result came chunked")
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        result = _RESULT.fullmatch(self.path)
        if result:
            status = api._judge_result(result[1], result[2], self.headers, body)
        elif self.path == _INIT_ERROR:
            status = api._judge_init_error(self.headers, body)
        else:
            api.violations.append(f"POST {self.path}")
            status = 404
        self._answer(status, json.dumps({"status": "OK" if status == 202 else "Error"}).encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read the outcome, not a log."""


def _has_gone(client: socket.socket) -> bool:
    readable, _, _ = select.select([client], [], [], 0)
    if not readable:
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _content_type(headers: Any) -> str:
    return str(headers.get("Content-Type") or "").partition(";")[0].strip()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
