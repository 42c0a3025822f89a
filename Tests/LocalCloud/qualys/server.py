"""The layer that every call goes through: account, limits, time, faults, work, record."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from . import accounts, apis, control, faults, fo, gateway, host_list, knowledge_base, qps, returns
from .answers import AnswerCache
from .calls import Call, CallLog, public
from .faults import BENT, INSTEAD, Fault, FaultBook
from .limits import Limits, Meter
from .options import Options
from .subscription import Subscription
from .templates import JSON, XML
from .wire import Answer, Exchange, Request, listen

# These register themselves with `fo`.
assert host_list and knowledge_base
_CODE = re.compile(rb'<CODE>(\d+)<|"?responseCode"?[>:]\s*"?(\w+)|number="(\d+)"')


@dataclass
class Work:
    """A call as the API functions see it."""

    qualys: Qualys
    request: Request
    path: str
    parameters: dict[str, str]
    form: str
    fault: Fault | None = None
    public: dict[str, str] = field(default_factory=dict)

    def bent(self, kind: str) -> Fault | None:
        """The fault of that kind, if it is to be played now."""
        return self.fault if self.fault is not None and self.fault.kind == kind else None


class Qualys:
    """One subscription and all that is known about its callers."""

    def __init__(self, options: Options, url: str) -> None:
        self.options = options
        self.url = url
        self.latency = options.latency_ms / 1000
        self.subscription: Subscription = Subscription(options)
        self.limits: Limits = Limits(options)
        self.calls: CallLog = CallLog()
        self.faults: FaultBook = FaultBook()
        self.tokens: accounts.Tokens = accounts.Tokens(options)
        self.sessions = accounts.Sessions()
        self.answers = AnswerCache(options.cache_mb << 20)
        self._open: dict[int, tuple[Call, Meter]] = {}

    @property
    def now(self) -> int:
        return self.subscription.now

    def reset(self) -> None:
        """As after the start, but for calls that still run."""
        self.latency = self.options.latency_ms / 1000
        self.subscription = Subscription(self.options)
        self.limits.reset()
        self.faults.clear()
        self.calls.clear()
        self.tokens.clear()
        self.sessions.clear()
        self.answers.clear()

    async def handle(self, exchange: Exchange) -> Answer:
        request = exchange.request
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)
        call = self.calls.begin(request.method, request.path, apis.name(request.path))
        call.user_agent = request.headers.get("user-agent", "")
        call.requested_with = request.headers.get("x-requested-with", "")
        call.request_bytes = len(request.body)
        meter = self.limits.meter(request.path)
        self._open[id(exchange)] = (call, meter)
        try:
            answer = await self._answer(exchange, call, meter)
        except OSError:
            raise
        except Exception:
            traceback.print_exc()
            answer = Answer(
                500, [("Content-Type", "text/plain")], b"the stand-in failed; its log has the trace"
            )
        if not answer.drop:
            call.status = answer.status
            call.code = _code_of(answer)
        return answer

    def done(self, exchange: Exchange) -> None:
        """The exchange is over, however it ended."""
        if (kept := self._open.pop(id(exchange), None)) is not None:
            self.calls.end(kept[0], exchange.sent)

    async def _answer(self, exchange: Exchange, call: Call, meter: Meter) -> Answer:
        request = exchange.request
        form = _form_of(request)
        work = Work(self, request, request.path, _parameters(request), form)
        call.parameters = public(work.parameters)
        refusal = self._refuse(work)
        if refusal is not None:
            return refusal
        reason = self.limits.arrive(meter)
        exchange.release = _once(lambda: self.limits.leave(meter))
        if reason is not None:
            answer = returns.blocked(self, request.path, form, reason)
            answer.headers += self.limits.headers(meter, reason)
            if reason.by == "rate":
                self.limits.tell(meter, reason.number)
            return answer
        await exchange.wait(self.latency)
        fault = work.fault = self.faults.take(request)
        if fault is not None:
            call.fault = fault.kind
            if fault.kind == "delay":
                await exchange.wait(fault.seconds or 0.0)
        answer = self._do(work, call)
        if fault is not None:
            if answer.linger and answer.drop:
                await exchange.wait(answer.linger)
            self.limits.tell(meter, faults.told_seconds(fault))
        own = {name.lower() for name, _ in answer.headers}
        if fault is not None and fault.kind == "blocked_rate_no_header":
            own.add("x-ratelimit-towait-sec")
        if fault is None or fault.kind != "account_expired":
            answer.headers += [
                header for header in self.limits.headers(meter) if header[0].lower() not in own
            ]
        return answer

    def _do(self, work: Work, call: Call) -> Answer:
        fault = work.fault
        if fault is not None and fault.kind in INSTEAD:
            return faults.instead(self, fault, work.request, work.form)
        try:
            answer = _WORK[apis.family(work.path)](work)
        except returns.Refused as refused:
            answer = refused.answer
        call.parameters |= public(work.public)
        if fault is not None and fault.kind not in BENT:
            answer = faults.spoil(fault, answer)
        return answer

    def _refuse(self, work: Work) -> Answer | None:
        """Who has no account, or forgot the mandatory header, is not counted in the limits."""
        request, family = work.request, apis.family(work.path)
        basic = accounts.has_basic(self.options, request)
        if family == apis.QPS:
            if basic or accounts.has_qps_headers(self.options, request):
                return None
            status = self.options.qps_bad_credentials
            return returns.qps_error(self, "INVALID_CREDENTIALS", work.form, status)
        if family == apis.FO:
            if not request.headers.get("x-requested-with"):
                return returns.simple_return(
                    self, 400, 1903, "Missing required header: X-Requested-With", declared=False
                )
            if basic or self.sessions.has(request) or apis.name(work.path) == "session":
                return None
            return returns.simple_return(self, 401, 2000, "Bad Login/Password")
        if family == apis.MSP and not basic:
            return returns.simple_return(self, 401, 2000, "Bad Login/Password")
        return None


def _nothing(work: Work) -> Answer:
    return returns.html(404)


_WORK: dict[str, Callable[[Work], Answer]] = {
    apis.FO: fo.answer,
    apis.MSP: fo.answer,
    apis.QPS: qps.answer,
    apis.GATEWAY: gateway.answer,
    apis.NONE: _nothing,
}


def _form_of(request: Request) -> str:
    """QPS answers in XML unless JSON is asked for."""
    return JSON if "json" in request.headers.get("accept", "") else XML


def _parameters(request: Request) -> dict[str, str]:
    """Query and form together; of a name given twice the last one counts."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded")
    if request.body and kind.startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


def _once(function: Callable[[], None]) -> Callable[[], None]:
    waiting = [function]

    def call() -> None:
        if waiting:
            waiting.pop()()

    return call


def _code_of(answer: Answer) -> str | None:
    if not isinstance(answer.body, bytes):
        return None
    code = _CODE.search(answer.body[:2000])
    return next(group for group in code.groups() if group).decode() if code else None


async def serve(server: socket.socket, qualys: Qualys, stopping: asyncio.Event) -> None:
    """Serves until it is told to stop."""
    task = asyncio.create_task(listen(server, qualys.handle, qualys.done))
    await stopping.wait()
    task.cancel()
    # Until it has let go of the socket, which is closed next.
    with contextlib.suppress(asyncio.CancelledError):
        await task
