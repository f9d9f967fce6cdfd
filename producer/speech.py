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
from producer.streams.answer import StreamedSpeech
from producer.streams.shape import shape_of
from producer.submit import Asked, ask, submit
from producer.waiting import cancel_unless_reattached, client_gone, finished, wait_for
from speechmill.ids import new_id
from speechmill.job import JobClass
from speechmill.request import Limits, StreamFormat
from speechmill.view import JOBS_PATH

router = APIRouter()


@router.post("/v1/audio/speech", **SPEECH)
async def create_speech(request: Request) -> Response:
    """Speak `input` and answer with the audio; with `stream_format` from its first sound on; with `Prefer: respond-async`, or
    `wait=N` and not done by then, with the job."""
    desk = desk_of(request)
    preference = parse_prefer(request.headers.get("prefer", ""))
    limits = Limits(desk.settings.limits.sync_characters, f"Longer texts go to {JOBS_PATH}.", streams=True)
    klass = JobClass.BATCH if preference.respond_async else JobClass.INTERACTIVE
    asked = await ask(desk, request, limits, klass)
    if asked.stream_format:
        return await _streamed(desk, request, asked, asked.stream_format)
    if preference.respond_async:
        submitted = await submit(desk, asked, request.state.request_id, route="speech")
        response = await accepted_response(desk, request, submitted)
    else:
        response = await _spoken(desk, request, asked, preference)
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    response.headers["Vary"] = "Prefer"
    return response


async def _streamed(desk: Desk, request: Request, asked: Asked, stream_format: StreamFormat) -> Response:
    """Whoever asks for a stream listens: Prefer means nothing here."""
    waiter = new_id("waiter")
    submitted = await submit(desk, asked, request.state.request_id, route="speech", waiter=waiter)
    return StreamedSpeech(desk, submitted, asked.tenant, waiter, shape_of(stream_format, asked.spec.response_format))


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
