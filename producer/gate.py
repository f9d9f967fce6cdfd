"""In front of every route: who asks, whether they may, and what is left of their limits.

What is not named here wants a key, so that a new route cannot be forgotten.
"""

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.auth import Caller, Guard
from producer.open_requests import OpenRequests
from producer.problems import problem
from speechmill.errors import Forbidden, SpeechmillError, Unauthorized
from speechmill.tenants import Scope as KeyScope

OPEN = frozenset({"/healthz", "/readyz", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
SIGNED = "/v1/objects/"
"""Their URLs carry the right to them."""
ADMIN = "/v1/admin/"
METRICS = "/metrics"
LOOKING = ("GET", "HEAD", "OPTIONS")
PREVIEW = re.compile(r"/v1/audio/voices/[^/]+/preview")
"""Looking at it may have it spoken first."""


def only_looks(method: str, path: str) -> bool:
    """Whether such a request makes and changes nothing."""
    return method in LOOKING and not PREVIEW.fullmatch(path)


def scopes_for(method: str, path: str, *, metrics_need_key: bool) -> frozenset[KeyScope]:
    """Any of these will do; none is wanted where there are none."""
    if path in OPEN or path.startswith(SIGNED) or (path == METRICS and not metrics_need_key):
        return frozenset()
    if path == METRICS:
        return frozenset({KeyScope.METRICS})
    if path.startswith(ADMIN):
        return frozenset({KeyScope.ADMIN})
    return frozenset({KeyScope.SPEECH, KeyScope.READ} if only_looks(method, path) else {KeyScope.SPEECH})


class Gate:
    """Puts a Caller into the request's state. Inside RequestId and Watched, so that a refusal is logged and counted, too."""

    def __init__(self, app: ASGIApp, metrics_need_key: bool, open_requests: OpenRequests) -> None:
        self._app = app
        self._metrics_need_key = metrics_need_key
        self._open_requests = open_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = scopes_for(scope["method"], scope["path"], metrics_need_key=self._metrics_need_key) \
            if scope["type"] == "http" else frozenset()
        if not wanted:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        guard: Guard = request.app.state.guard
        is_limited = not scope["path"].startswith(ADMIN)  # an operator is let in whatever clients do
        counts = is_limited and not only_looks(scope["method"], scope["path"])
        caller: Caller | None = None

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start" and caller:
                MutableHeaders(scope=message).update(caller.allowance.headers())
            await send(message)

        try:
            caller = await guard.caller(request.headers.get("authorization", ""), counts=counts)
            _check(caller, wanted)
            caller.allowance.check()
            if is_limited:
                self._open_requests.enter(caller.tenant)
        except SpeechmillError as error:
            await problem(error, request)(scope, receive, send_with_limits)
            return
        scope["state"]["caller"] = caller
        try:
            await self._app(scope, receive, send_with_limits)
        finally:
            if is_limited:
                self._open_requests.leave(caller.tenant)


def _check(caller: Caller, wanted: frozenset[KeyScope]) -> None:
    if caller.scopes & wanted:
        return
    names = " or ".join(sorted(wanted))
    if caller.anonymous:
        raise Unauthorized(f"This wants an API key of scope {names}. `speechmill keys create` makes the first one, on the host "
                           "that the server runs on.", code="missing_api_key")
    raise Forbidden(f"This API key is not for that: it would need the scope {names}, and has "
                    f"{', '.join(sorted(caller.scopes))}.", code="missing_scope")
