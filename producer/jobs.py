"""/v1/audio/speech/jobs: create, look, list, cancel, retry, delete."""

import asyncio
import re
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import Desk, desk_of, refuse_books, tenant_of
from producer.openapi import CANCEL_JOB, CREATE_JOB, DELETE_JOB, GET_JOB, JOB_EVENTS, LIST_JOBS, RETRY_JOB
from producer.prefer import parse_prefer
from producer.streams.events import Snapshot, event_type, events_response
from producer.submit import ask, check_room, submit
from producer.waiting import wait_for
from speechmill.blobs.seam import input_key, job_prefixes
from speechmill.errors import Conflict, Gone, InvalidRequest
from speechmill.job import Job, JobClass, Status
from speechmill.request import Limits
from speechmill.store import verbs
from speechmill.store.verbs import Submitted
from speechmill.view import JOBS_PATH, job_view

router = APIRouter(prefix=JOBS_PATH)

POLL_AFTER_S = 1


@router.post("", **CREATE_JOB)
async def create_job(request: Request) -> Response:
    desk = desk_of(request)
    asked = await ask(desk, request, Limits(desk.settings.limits.job_characters), JobClass.BATCH)
    submitted = await submit(desk, asked, request.state.request_id, route="jobs")
    return await accepted_response(desk, request, submitted)


@router.get("", **LIST_JOBS)
async def list_jobs(request: Request) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)
    query = request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    order = one_of(query.get("order", "desc"), "order", ("asc", "desc"))
    status = one_of(query.get("status", ""), "status", ("", *(status.value for status in Status)))
    ids = await desk.store.run(verbs.list_jobs(tenant, status=status, after=query.get("after", ""), limit=limit,
                                               newest_first=order == "desc"))
    if ids is None:
        raise InvalidRequest("after must be the id of a job of yours, as last_id of the page before.", param="after")
    jobs = await desk.store.run_all([verbs.look(job_id, tenant) for job_id in ids[:limit]])
    data = await _views(desk, request, [job for job in jobs if job])
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(ids) > limit})


@router.get("/{job_id}", **GET_JOB)
async def get_job(request: Request, job_id: str) -> Response:
    """Long-polls with `Prefer: wait=N`: answers when the job has changed from If-None-Match, or without it, has ended."""
    desk, tenant = desk_of(request), tenant_of(request)
    preference = parse_prefer(request.headers.get("prefer", ""))
    known = request.headers.get("if-none-match", "").removeprefix("W/").strip('"')
    if preference.wait_s is None:
        job = await desk.job(job_id, tenant)
    else:
        def done(job: Job) -> bool:
            return job.ended or (bool(known) and known != str(job.version))

        with desk.feed.watching(job_id, until_end=not known) as watch:
            job = await wait_for(desk, watch, job_id, tenant, done, preference.wait_s)
    headers = {"ETag": f'"{job.version}"', "Vary": "Prefer", "Cache-Control": "no-cache"}
    if preference.wait_s is not None:
        headers["Preference-Applied"] = f"wait={preference.wait_s}"
    if known == str(job.version):
        return Response(status_code=304, headers=headers)
    if not job.ended:
        headers |= poll_later()
    return JSONResponse((await _views(desk, request, [job]))[0], headers=headers)


@router.get("/{job_id}/events", **JOB_EVENTS)
async def job_events(request: Request, job_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)

    async def look() -> Snapshot:
        job = await desk.job(job_id, tenant)
        view = (await _views(desk, request, [job]))[0]
        return Snapshot(str(job.version), event_type("speech.job", job.status), job.ended, view)

    return await events_response(desk, request, job_id, look)


@router.post("/{job_id}/cancel", **CANCEL_JOB)
async def cancel_job(request: Request, job_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)
    refuse_books(job_id)
    outcome, bells = await desk.store.run(verbs.cancel(job_id, tenant))
    desk.doorbell.ring(bells)
    if outcome == "ended":
        job = await desk.job(job_id, tenant)
        raise Conflict(f"The job is {job.status} already.", code="job_already_ended", job_id=job_id)
    return await _one(desk, request, job_id)


@router.post("/{job_id}/retry", **RETRY_JOB)
async def retry_job(request: Request, job_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)
    refuse_books(job_id)
    with desk.tracer.span("retry", "producer", request.state.traceparent, job_id=job_id) as span:
        if span.traceparent:
            span.link((await desk.job(job_id, tenant)).traceparent)
        limits = desk.settings.limits
        outcome, bells, limit = await desk.store.run(verbs.retry(job_id, tenant, traceparent=span.traceparent,
                                                                 queue_limit=limits.queued_jobs, job_limit=limits.jobs))
    desk.doorbell.ring(bells)
    check_room(outcome, limit)
    if outcome == "expired":
        raise Gone("What the job was made from is no longer kept; create a new job.", job_id=job_id)
    if outcome == "not_failed":
        job = await desk.job(job_id, tenant)
        raise Conflict(f"Only a failed job can be retried; this one is {job.status}.", code="job_not_failed", job_id=job_id)
    return await _one(desk, request, job_id)


@router.delete("/{job_id}", **DELETE_JOB)
async def delete_job(request: Request, job_id: str) -> Response:
    """The objects go first: were we to stop in between, the record is still there, and deleting it again ends it."""
    desk, tenant = desk_of(request), tenant_of(request)
    job = await desk.job(job_id, tenant)
    if not job.ended:
        raise Conflict(f"The job is {job.status}; cancel it first.", code="job_not_ended", job_id=job_id)

    def delete_objects() -> None:
        for prefix in job_prefixes(tenant, job_id):
            desk.storage.blobs.delete_prefix(prefix)
        desk.storage.blobs.delete(input_key(tenant, job_id))

    await desk.storage.run(delete_objects)
    if await desk.store.run(verbs.delete(job_id, tenant)) == "not_ended":
        raise Conflict("The job was retried meanwhile; cancel it first.", code="job_not_ended", job_id=job_id)
    return JSONResponse({"id": job_id, "object": "audio.speech.job.deleted", "deleted": True})


async def accepted_response(desk: Desk, request: Request, submitted: Submitted) -> Response:
    """202 with the job, where to look for it and when."""
    job = submitted.job or await desk.job(submitted.job_id, tenant_of(request))
    headers = {"Location": f"{JOBS_PATH}/{job.id}", "x-speech-job-id": job.id, **poll_later()}
    if submitted.outcome != "created":
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse((await _views(desk, request, [job]))[0], status_code=202, headers=headers)


async def _one(desk: Desk, request: Request, job_id: str) -> Response:
    job = await desk.job(job_id, tenant_of(request))
    return JSONResponse((await _views(desk, request, [job]))[0])


async def _views(desk: Desk, request: Request, jobs: list[Job]) -> list[dict[str, Any]]:
    here = desk.viewpoint(request)
    if any(job.output for job in jobs):
        # Signing URLs for S3 is CPU work; a page of a hundred would hold up the loop.
        return await asyncio.to_thread(lambda: [job_view(job, here) for job in jobs])
    return [job_view(job, here) for job in jobs]


def poll_later() -> dict[str, str]:
    """Headers that say when to look again."""
    return {"Retry-After": str(POLL_AFTER_S), "openai-poll-after-ms": str(POLL_AFTER_S * 1000)}


def number(value: str, name: str, low: int, high: int) -> int:
    """A whole number of a query. Raises InvalidRequest."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise InvalidRequest(f"{name} must be a whole number from {low} to {high}, not {value[:40]!r}.", param=name)
    return int(value)


def one_of(value: str, name: str, allowed: tuple[str, ...]) -> str:
    """A word of a query. Raises InvalidRequest."""
    if value not in allowed:
        raise InvalidRequest(f"{name} must be one of {', '.join(filter(None, allowed))}, not {value[:40]!r}.", param=name)
    return value
