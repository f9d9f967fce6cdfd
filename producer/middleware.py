"""Around every request: its id, its span, and when it has been answered, one log line and its count."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechmill.ids import new_id
from speechmill.log import about
from speechmill.trace.seam import NO_SPAN, Tracer

log = logging.getLogger("producer.access")

MONITORING = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds by machines: neither logged nor traced, or there would be little else to read."""
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


class RequestId:
    """Takes the client's X-Request-Id where it is sane, else makes one; says it in the answer and in every log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = _header(scope, b"x-request-id")
        request_id = given if re.fullmatch(r"[\w.:-]{1,128}", given, re.ASCII) else new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with about(request_id=request_id):
            await self._app(scope, receive, send_with_id)


@dataclass(frozen=True)
class Answered:
    """A request's end. What a client can make up freely, as a path that is no route of ours, is `other`."""

    method: str
    route: str     # the path's pattern
    status: int
    seconds: float


class Watched:
    """Logs, counts and traces. Inside RequestId."""

    def __init__(self, app: ASGIApp, count: Callable[[Answered], None], tracer: Tracer) -> None:
        self._app = app
        self._count = count
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 500  # unless an answer begins in here

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        monitoring = scope["path"] in MONITORING
        with NO_SPAN if monitoring else self._tracer.request(_header(scope, b"traceparent")) as span:
            scope["state"]["traceparent"] = span.traceparent
            try:
                await self._app(scope, receive, send_and_see)
            finally:
                answered = _answered(scope, status, time.perf_counter() - begun)
                log.log(logging.DEBUG if monitoring else logging.INFO, "%s %r %d %.1f ms", scope["method"], scope["path"], status,
                        1000 * answered.seconds)
                self._count(answered)
                span.name(f"{answered.method} {answered.route}")
                span.tell(method=answered.method, route=answered.route, status=status, request_id=scope["state"]["request_id"])
                if status >= 500:
                    span.fail(str(status))


def _answered(scope: Scope, status: int, seconds: float) -> Answered:
    method = scope["method"] if scope["method"] in METHODS else "other"
    return Answered(method, getattr(scope.get("route"), "path", "other"), status, seconds)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
