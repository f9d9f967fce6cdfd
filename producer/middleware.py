"""Around every request: its id, and one log line when it has been answered."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechmill.ids import new_id
from speechmill.log import about

log = logging.getLogger("producer.access")


class RequestId:
    """Takes the client's X-Request-Id where it is sane, else makes one; says it in the answer and in every log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        request_id = given if re.fullmatch(r"[\w.:-]{1,128}", given, re.ASCII) else new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        begun = time.perf_counter()
        status = 500  # unless an answer begins in here

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with about(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                level = logging.DEBUG if scope["path"] in ("/healthz", "/readyz", "/metrics") else logging.INFO
                log.log(level, "%s %r %d %.1f ms", scope["method"], scope["path"], status, 1000 * (time.perf_counter() - begun))
