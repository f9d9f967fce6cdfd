"""Errors as answers: RFC 9457 problem details and OpenAI's error object in one body, which fills the fields of both kinds of
clients."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from speechmill.errors import MethodNotAllowed, NotFound, QuotaExceeded, RangeNotSatisfiable, SpeechmillError, Unavailable

log = logging.getLogger(__name__)


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(error: SpeechmillError, request: Request) -> ProblemResponse:
    status = error.http_status
    detail: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "instance": request.url.path,
        "error": {"message": error.message, "type": error.type, "param": error.param, "code": error.public_code},
    }
    headers = {}
    if error.job_id:
        detail["error"]["job_id"] = error.job_id
        headers["x-speech-job-id"] = error.job_id
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = "2"
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (409, 504) or isinstance(error, QuotaExceeded):
        # The OpenAI SDKs try a 409 or 429 three times more; here another try would end the same way.
        headers["x-should-retry"] = "false"
    return ProblemResponse(detail, status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of ours, of the routing, and every unexpected one in the same shape."""

    @app.exception_handler(SpeechmillError)
    async def ours(request: Request, error: SpeechmillError) -> Response:
        return problem(error, request)

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            answer = problem(MethodNotAllowed(f"{request.method} is not possible here; use {allowed}."), request)
            answer.headers["Allow"] = allowed
            return answer
        return problem(NotFound(f"There is nothing at {request.url.path[:200]}."), request)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.exception("unexpected error at %s", request.url.path, exc_info=error)
        answer = problem(SpeechmillError("Something unexpected went wrong here; the log has more."), request)
        # This handler runs outside the middleware that would say it.
        answer.headers["x-request-id"] = request.state.request_id
        return answer
