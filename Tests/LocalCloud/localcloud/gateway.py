"""The layer in front of moto: check, record, spoil, serve."""

from __future__ import annotations

import threading
import traceback
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timezone

from moto.core.config import default_user_config
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from . import aws_gaps, control, function_gaps, policy_gaps, stack_gaps, stack_set_gaps
from .calls import Call, CallLog, note_answer
from .errors import error_answer
from .faults import FaultBook, play
from .identities import Identities, Identity
from .operations import Operation, identify
from .packages import Packages, download_of
from .signatures import Refusal, verify
from .wire import Answer, Request

default_user_config["lambda"]["use_docker"] = False
function_gaps.install()
policy_gaps.install()
stack_gaps.install()
stack_set_gaps.install()


class Gateway:
    """Everything that answers on the one port."""

    def __init__(self, root: Identity, stopping: threading.Event) -> None:
        self.identities = Identities(root)
        self.calls = CallLog()
        self.faults = FaultBook()
        self.packages = Packages()
        self._stopping = stopping
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def __call__(self, request: Request) -> Answer | None:
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)
        if download := download_of(request):
            return self._play(request, download, lambda call: self.packages.serve(request))
        return self._play(request, identify(request), None)

    def reset(self) -> None:
        """An empty cloud that only the root key may use."""
        moto_api_backend.reset()
        self.identities.forget_all()
        self.faults.clear()
        self.calls.clear()
        self.packages.clear()

    def _play(
        self,
        request: Request,
        operation: Operation,
        serve: Callable[[Call], Answer] | None,
    ) -> Answer | None:
        call = self.calls.begin(request, operation)
        answer: Answer | None
        try:
            if serve is None:
                caller = verify(request, operation, self.identities, datetime.now(timezone.utc))
                call.account = caller.account
                serve = lambda call: self._serve_aws(request, operation, caller)  # noqa: E731
        except Refusal as refusal:
            answer = error_answer(
                operation.service, operation.protocol, refusal.status, refusal.code, str(refusal)
            )
            note_answer(call, answer)
            return answer
        fault = self.faults.take(operation)
        if fault is None:
            answer = serve(call)
        else:
            call.fault = fault.kind
            answer = play(fault, operation, lambda: serve(call), self._wait)
        note_answer(call, answer)
        return answer

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _serve_aws(self, request: Request, operation: Operation, caller: Identity) -> Answer:
        refusal = aws_gaps.refuse(request, operation, caller)
        if refusal:
            return refusal
        request.environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account
        # moto reads, decides and writes without locks: two conditional writes could both win.
        aws_gaps.complete(request, operation)
        try:
            with self._locks[operation.service]:
                answer = self._ask_moto(request)
        except Exception:
            traceback.print_exc()
            message = "moto failed; the local cloud's log has the trace"
            return error_answer(
                operation.service, operation.protocol, 500, "InternalFailure", message
            )
        return aws_gaps.amend(answer, request, operation, caller, self.packages)

    def _ask_moto(self, request: Request) -> Answer:
        chunks, status, headers = run_wsgi_app(self._moto, request.environ, buffered=True)
        return Answer(int(status.split()[0]), list(headers.items()), b"".join(chunks))
