"""HTTP/1.1 on one loopback port: whole requests in, whole answers out, and every wrong way to end one."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

BANNER = "car (stand-in for tests)"
LONGEST_REQUEST_LINE = 8192


@dataclass(frozen=True)
class Request:
    """A whole request; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def argument(self, name: str) -> str | None:
        """The value of a query argument, decoded as a form is."""
        query = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        return query.get(name, [None])[-1]


@dataclass
class Answer:
    """What goes back; `cut_after` and `close_quietly` are for scripted faults."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    close_quietly: bool = False


def json_answer(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


App = Callable[[Request], Answer | None]


class Server:
    """A threaded server; the app's `None` closes the connection without an answer."""

    def __init__(self, port: int, app: App) -> None:
        handler = type("BoundHandler", (_Handler,), {"app": staticmethod(app)})
        self._http = _HTTPServer(("127.0.0.1", port), handler)

    @property
    def port(self) -> int:
        return self._http.server_port

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Safe to call from a signal handler: shutting down waits for the serving thread."""
        threading.Thread(target=self._http.shutdown).start()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is an everyday event in these tests."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    app: App

    def _serve(self) -> None:
        body = self._body()
        if len(self.requestline) > LONGEST_REQUEST_LINE:
            self._send(Answer(414))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.app(Request(self.command, self.path, headers, body))
        if answer is None:
            self.close_connection = True
        else:
            self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.cut_after is not None:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.cut_after])
        if answer.close_quietly:
            self.close_connection = True

    def version_string(self) -> str:
        return BANNER

    def log_message(self, format: str, *args: Any) -> None:
        """The call log records requests; the console would only drown in them."""
