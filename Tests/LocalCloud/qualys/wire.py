"""HTTP/1.1 on one port, on an event loop, with every way to spoil an answer.

Answers may be iterators: they are sent chunk by chunk as the client takes them, never held whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus

Headers = list[tuple[str, str]]
Wait = Callable[[float], Awaitable[None]]
FOREVER = 24 * 3600.0
_PIECE = 256 * 1024
# Of a compressed answer: a server holds no more of it back.
_PACKED_PIECE = 32 * 1024
_LAST = 32 * 1024
_HEAD_LIMIT = 64 * 1024
_LINE_LIMIT = 8 * 1024
_BODY_LIMIT = 64 * 1024 * 1024


class BadRequest(Exception):
    """A request that HTTP itself forbids; `status` is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A whole request; header names in lower case, the last of several wins."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool = True

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass
class Answer:
    """What goes back. `cut_after`, `linger`, `pause`, `piece` and `drop` are for scripted faults."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes | Iterable[bytes] = b""
    cut_after: int | None = None
    linger: float = 0.0
    pause: float = 0.0
    piece: int = 1024
    drop: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class KeptBody(list[bytes]):
    """The pieces of a body that is sent more than once; compressed once."""

    @cached_property
    def compressed(self) -> list[bytes]:
        return list(_compressed(self))


@dataclass
class Exchange:
    """One request on its connection: what its handler may use besides the request."""

    request: Request
    wait: Wait
    # Called just before the last bytes go out: from then on the client may count the call as over.
    release: Callable[[], None] = lambda: None
    sent: int = 0


Handler = Callable[[Exchange], Awaitable[Answer]]
Done = Callable[[Exchange], None]


class Connection:
    """One client's connection, one request after the other."""

    def __init__(self, client: socket.socket, handler: Handler, done: Done) -> None:
        self._socket = client
        self._loop = asyncio.get_running_loop()
        self._handler = handler
        self._done = done
        self._buffer = bytearray()

    async def serve(self) -> None:
        try:
            while await self._serve_one():
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # A client that hangs up is an everyday event in these tests.
        finally:
            self._socket.close()

    async def _serve_one(self) -> bool:
        try:
            request = await self._read()
        except BadRequest as refusal:
            await self._send_refusal(refusal.status)
            return False
        if request is None:
            return False
        exchange = Exchange(request, self._wait)
        try:
            answer = await self._handler(exchange)
            if answer.drop:
                self._reset()
                return False
            return await self._send(exchange, answer)
        finally:
            exchange.release()
            self._done(exchange)

    async def _read(self) -> Request | None:
        head = await self._read_head()
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = lines[0].split(" ")
        except ValueError:
            raise BadRequest(400) from None
        if len(lines[0]) > _LINE_LIMIT:
            raise BadRequest(414)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            await self._loop.sock_sendall(self._socket, b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self._read_body(headers)
        connection = headers.get("connection", "").lower()
        keep = connection != "close" if version == "HTTP/1.1" else connection == "keep-alive"
        return Request(method, target, headers, body, keep)

    async def _read_head(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise BadRequest(414 if b"\r\n" not in self._buffer else 431)
            if not await self._fill():
                return None
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        return head

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._read_chunks()
        try:
            length = int(headers.get("content-length") or 0)
        except ValueError:
            raise BadRequest(400) from None
        if length > _BODY_LIMIT:
            raise BadRequest(413)
        return await self._take(length)

    async def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = int((await self._take_line()).partition(b";")[0], 16)
            if len(body) + size > _BODY_LIMIT:
                raise BadRequest(413)
            body += await self._take(size)
            if size == 0:
                while await self._take_line():
                    pass
                return bytes(body)
            await self._take_line()

    async def _take_line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if not await self._fill():
                raise asyncio.IncompleteReadError(bytes(self._buffer), None)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            if not await self._fill():
                raise asyncio.IncompleteReadError(bytes(self._buffer), length)
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    async def _fill(self) -> bool:
        received = await self._loop.sock_recv(self._socket, 1 << 17)
        self._buffer += received
        return bool(received)

    async def _wait(self, seconds: float) -> None:
        """Sleeps, and fails as soon as the client has gone: a call that nobody waits for is over."""
        if seconds <= 0:
            return
        readable = asyncio.Event()
        self._loop.add_reader(self._socket, readable.set)
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(seconds):
                    await readable.wait()
                    if not self._socket.recv(1, socket.MSG_PEEK):
                        raise ConnectionResetError("the client has gone")
                    self._loop.remove_reader(self._socket)
                    await asyncio.sleep(FOREVER)
        finally:
            self._loop.remove_reader(self._socket)

    async def _send_refusal(self, status: int) -> None:
        head = (
            f"HTTP/1.1 {status} {_reason(status)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await self._loop.sock_sendall(self._socket, head.encode())

    async def _send(self, exchange: Exchange, answer: Answer) -> bool:
        request = exchange.request
        keep = request.keep_alive and answer.cut_after is None
        keep = keep and (answer.header("connection") or "").lower() != "close"
        body, headers = _encoded(request, answer)
        bodiless = request.method == "HEAD" or answer.status in (204, 304)
        framing = (
            f"Content-Length: {len(body)}"
            if isinstance(body, bytes)
            else "Transfer-Encoding: chunked"
        )
        head = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
        head += [f"{name}: {value}" for name, value in headers if name.lower() != "connection"]
        head.append(f"Date: {formatdate(usegmt=True)}")
        if answer.status != 204:
            head.append(framing)
        head.append("Keep-Alive: timeout=300, max=250" if keep else "Connection: close")
        start = ("\r\n".join(head) + "\r\n\r\n").encode("utf-8")
        if bodiless:
            exchange.release()
            await self._put(exchange, start)
            return keep
        if answer.cut_after is not None or answer.pause:
            return await self._send_spoilt(exchange, answer, start, body) and keep
        if isinstance(body, bytes):
            await self._send_whole(exchange, start, body)
        else:
            is_packed = any(name == "Content-Encoding" for name, _ in headers)
            await self._send_chunks(exchange, start, body, is_packed)
        return keep

    async def _send_whole(self, exchange: Exchange, start: bytes, body: bytes) -> None:
        if len(body) > _LAST:
            await self._put(exchange, start)
            await self._put(exchange, memoryview(body)[:-_LAST])
            start, body = b"", body[-_LAST:]
        exchange.release()
        await self._put(exchange, start + body)

    async def _send_chunks(
        self, exchange: Exchange, start: bytes, body: Iterable[bytes], is_packed: bool
    ) -> None:
        for piece in _gathered(body, _PACKED_PIECE if is_packed else _PIECE):
            if not piece:
                # Others are served while a long answer is being made.
                await asyncio.sleep(0)
                continue
            start += b"%x\r\n" % len(piece)
            if len(piece) <= _LAST:
                # What fits goes out with what follows: a short answer is one packet, as of any server.
                start += piece + b"\r\n"
                continue
            await self._put(exchange, start)
            await self._put(exchange, piece)
            # A client that reads fast would otherwise keep the others waiting.
            await asyncio.sleep(0)
            start = b"\r\n"
        exchange.release()
        await self._put(exchange, start + b"0\r\n\r\n")

    async def _send_spoilt(
        self,
        exchange: Exchange,
        answer: Answer,
        start: bytes,
        body: bytes | Iterable[bytes],
    ) -> bool:
        """Sends in small pieces with pauses, and ends where the fault says."""
        chunked = not isinstance(body, bytes)
        await self._put(exchange, start)
        left = answer.cut_after if answer.cut_after is not None else 1 << 62
        size = answer.piece if answer.pause else _PIECE
        whole: Iterable[bytes] = [body] if isinstance(body, bytes) else body
        for piece in _sliced(whole, size):
            piece = piece[:left]
            left -= len(piece)
            if piece:
                await self._put(
                    exchange, b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                )
            if left <= 0:
                await self._wait(answer.linger)
                return False
            await self._wait(answer.pause)
        if answer.cut_after is not None:
            return False
        exchange.release()
        if chunked:
            await self._put(exchange, b"0\r\n\r\n")
        return True

    async def _put(self, exchange: Exchange, data: bytes | memoryview) -> None:
        await self._loop.sock_sendall(self._socket, data)
        exchange.sent += len(data)

    def _reset(self) -> None:
        """Closes with a reset, as a proxy that fell over would."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _encoded(request: Request, answer: Answer) -> tuple[bytes | Iterable[bytes], Headers]:
    """The body as the client asked for it: compressed only on demand."""
    body = answer.body
    accepts = request.headers.get("accept-encoding", "")
    if "gzip" not in accepts or answer.status == 204 or body == b"":
        return body, answer.headers
    extra = [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    if isinstance(body, KeptBody):
        return body.compressed, answer.headers + extra
    pieces: Iterable[bytes] = [body] if isinstance(body, bytes) else body
    packed = _compressed(pieces)
    return (b"".join(packed) if isinstance(body, bytes) else packed), answer.headers + extra


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _gathered(pieces: Iterable[bytes], least: int) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a system call, and empty ones where that takes a while."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        if not piece:
            yield piece
            continue
        held.append(piece)
        size += len(piece)
        if size >= least:
            yield held[0] if len(held) == 1 else b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _sliced(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


async def listen(server: socket.socket, handler: Handler, done: Done) -> None:
    """Takes connections until it is cancelled."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    while True:
        client, _ = await loop.sock_accept(server)
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.create_task(Connection(client, handler, done).serve())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
