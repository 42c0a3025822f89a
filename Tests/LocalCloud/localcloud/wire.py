"""HTTP as it was on the wire.

Signatures cover the exact bytes of path, query and headers, which WSGI decodes and folds away.
So requests are read into values of our own, and only moto gets a WSGI environment.
"""

from __future__ import annotations

import io
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, DechunkedInput, make_server

Headers = list[tuple[str, str]]
BANNER = "localcloud (stand-in for tests)"
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Request:
    """A whole request, undecoded."""

    method: str
    target: str
    headers: Headers
    body: bytes
    environ: dict[str, Any]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: str) -> str | None:
        """The value of a header, given in lower case."""
        return next(iter(self.values(name)), None)


@dataclass
class Answer:
    """What goes back; `cut_after` and `linger` are for scripted faults."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes | memoryview = b""
    cut_after: int | None = None
    linger: float = 0.0
    close_quietly: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


App = Callable[[Request], Answer | None]


class Handler(MotoRequestHandler):
    """Keeps connections alive, as AWS does, and can end them in every wrong way."""

    protocol_version = "HTTP/1.1"
    answer: App
    stopping: threading.Event

    def run_wsgi(self) -> None:
        request = self._read()
        answer = self.answer(request)
        if answer is None:
            self.close_connection = True
        else:
            self._send(request, answer)

    def _read(self) -> Request:
        environ = self.make_environ()
        if environ.pop("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            body = DechunkedInput(cast(IO[bytes], self.rfile)).readall()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return Request(self.command, self.path, list(self.headers.items()), body, environ)

    def _send(self, request: Request, answer: Answer) -> None:
        head = self._head(request, answer)
        body = memoryview(b"") if request.method == "HEAD" else memoryview(answer.body)
        if answer.cut_after is not None:
            self.close_connection = True
            body = body[: answer.cut_after]
            if not answer.body:
                head = head[: len(head) // 2]
        self.wfile.write(head + bytes(body[:_CHUNK]))
        for start in range(_CHUNK, len(body), _CHUNK):
            self.wfile.write(body[start : start + _CHUNK])
        if answer.cut_after is not None:
            self.wait_for_client(answer.linger)
        if answer.close_quietly:
            self.close_connection = True

    def _head(self, request: Request, answer: Answer) -> bytes:
        hidden = {"connection", "transfer-encoding", "server", "date", "status"}
        bodiless = answer.status in (204, 304)
        if request.method != "HEAD" or answer.header("content-length") is None:
            hidden.add("content-length")
        lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
        lines += [f"{key}: {value}" for key, value in answer.headers if key.lower() not in hidden]
        if "content-length" in hidden and not bodiless:
            lines.append(f"Content-Length: {len(answer.body)}")
        lines += [f"Date: {self.date_time_string()}", f"Server: {BANNER}"]
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def wait_for_client(self, seconds: float) -> None:
        """Stays silent until the client has gone, the time is over or the server stops."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable:
                return

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The call log records requests; the console would only drown in them."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """A client that hangs up is an everyday event in these tests."""


class Server:
    """A threaded HTTP server on one loopback port."""

    def __init__(self, port: int, stopping: threading.Event, app: App) -> None:
        self._stopping = stopping
        members = {"answer": staticmethod(app), "stopping": stopping}
        self._http: BaseWSGIServer = make_server(
            "127.0.0.1",
            port,
            lambda environ, start: [],
            threaded=True,
            request_handler=type("BoundHandler", (Handler,), members),
        )

    @property
    def port(self) -> int:
        return self._http.server_port

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
