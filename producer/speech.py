"""POST /v1/audio/speech: as OpenAI's, and always a durable job underneath."""

import asyncio
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.content import audio_response
from producer.desk import Desk, desk_of
from producer.jobs import accepted_response
from producer.openapi import SPEECH
from producer.prefer import Preference, parse_prefer
from producer.submit import Asked, ask, submit
from producer.waiting import cancel_unless_reattached, client_gone, wait_for
from speechmill.errors import Conflict, InvalidRequest, SpeechmillError, SyncTimeout
from speechmill.ids import new_id
from speechmill.job import Job, JobClass, Status
from speechmill.request import Limits
from speechmill.view import JOBS_PATH

router = APIRouter()


@router.post("/v1/audio/speech", **SPEECH)
async def create_speech(request: Request) -> Response:
    """Speak `input` and answer with the audio; with `Prefer: respond-async`, or `wait=N` and not done by then, with the job."""
    desk = desk_of(request)
    preference = parse_prefer(request.headers.get("prefer", ""))
    limits = Limits(desk.settings.limits.sync_characters, f"Longer texts go to {JOBS_PATH}.")
    klass = JobClass.BATCH if preference.respond_async else JobClass.INTERACTIVE
    asked = await ask(desk, request, limits, klass)
    if preference.respond_async:
        submitted = await submit(desk, asked, request.state.request_id, route="speech")
        response = await accepted_response(desk, request, submitted)
    else:
        response = await _spoken(desk, request, asked, preference)
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    response.headers["Vary"] = "Prefer"
    return response


async def _spoken(desk: Desk, request: Request, asked: Asked, preference: Preference) -> Response:
    """Wait for the audio. Whoever hangs up has fifteen seconds to come back by a retry."""
    waiter = new_id("waiter")
    timeout_s = preference.wait_s if preference.wait_s is not None else desk.settings.producer.sync_timeout_s
    submitted = await submit(desk, asked, request.state.request_id, route="speech", waiter=waiter)
    with desk.feed.watching(submitted.job_id, until_end=True) as watch:
        waiting = asyncio.ensure_future(
            wait_for(desk, watch, submitted.job_id, asked.tenant, lambda job: job.ended, timeout_s))
        hung_up = asyncio.ensure_future(client_gone(request))
        try:
            await asyncio.wait((waiting, hung_up), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                desk.in_background(cancel_unless_reattached(desk, submitted.job_id, asked.tenant, waiter))
                return Response(status_code=499)
            job = waiting.result()
        finally:
            waiting.cancel()
            hung_up.cancel()
    if not job.ended and preference.wait_s is not None:
        return await accepted_response(desk, request, replace(submitted, job=job))
    response = await audio_response(desk, request, finished(job))
    if submitted.outcome != "created":
        response.headers["Idempotent-Replayed"] = "true"
    return response


def finished(job: Job) -> Job:
    """The job if it is completed; else raises what a sync client should be told."""
    if job.status is Status.COMPLETED:
        return job
    if not job.ended:
        raise SyncTimeout(f"The speech is not ready yet; the job goes on at {JOBS_PATH}/{job.id}.", job_id=job.id)
    if job.status is Status.CANCELLED:
        raise Conflict("The job was cancelled.", code="job_cancelled", job_id=job.id)
    error = job.error
    message = error.message if error else f"The job is {job.status}."
    code = error.code if error else f"job_{job.status}"
    if job.status is Status.EXPIRED:
        raise SyncTimeout(message, code=code, job_id=job.id)
    if error and error.type == "invalid_request_error":
        raise InvalidRequest(message, param=error.param or "input", code=code, job_id=job.id)
    raise SpeechmillError(message, code=code, job_id=job.id)
