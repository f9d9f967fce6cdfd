"""GET …/{id}/segments: what a text was cut into, and how each piece fared."""

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import Desk, desk_of, tenant_of
from producer.jobs import number
from producer.openapi import SEGMENTS
from speechmill.blobs.seam import Blobs
from speechmill.errors import BlobMissing, Gone
from speechmill.job import Job, Phase
from speechmill.view import JOBS_PATH

router = APIRouter()

View = Callable[[int, dict[str, Any], dict[str, Any] | None, bool], dict[str, Any]]
"""A segment as it is shown, of its number, its line, its take and whether a worker is at it."""


@router.get(JOBS_PATH + "/{job_id}/segments", **SEGMENTS)
async def list_segments(request: Request, job_id: str) -> Response:
    """Pages by number: `after` is the number of the last segment of the page before."""
    desk = desk_of(request)
    job = await desk.job(job_id, tenant_of(request))
    try:
        return await page_of_segments(desk, request, job, segment_view)
    except BlobMissing:
        raise Gone("What the job was cut into is no longer kept.", job_id=job_id) from None


async def page_of_segments(desk: Desk, request: Request, job: Job, view: View) -> Response:
    """Raises BlobMissing where what it was cut into is no longer kept."""
    limit = number(request.query_params.get("limit", "20"), "limit", 1, 1000)
    after = request.query_params.get("after", "")
    first = number(after, "after", 0, 10**7) + 1 if after else 0
    data = await _segments(desk, job, first, min(limit, job.segments.total - first), view)
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["segment"] if data else None,
                         "last_id": data[-1]["segment"] if data else None,
                         "has_more": bool(data) and first + len(data) < job.segments.total})


async def _segments(desk: Desk, job: Job, first: int, count: int, view: View) -> list[dict[str, Any]]:
    if count <= 0:
        return []
    takes = await desk.store.takes(job.id, first, count)
    leased = await desk.store.leased_units(job.id)
    lines = await _lines(desk, job, first, count)
    return [view(first + i, line, takes[i], f"{job.id}/{first + i}" in leased) for i, line in enumerate(lines)]


async def _lines(desk: Desk, job: Job, first: int, count: int) -> list[dict[str, Any]]:
    """The segments' lines in the manifest (with times) once there is one, else in the plan."""
    if job.phase is Phase.WHOLE:
        duration_s = job.output.duration_seconds if job.output else None
        return [{"start": 0, "end": job.characters, "start_seconds": 0.0 if job.output else None, "end_seconds": duration_s}]
    key = job.output.manifest_key if job.output else job.plan_key
    return await desk.storage.run(lambda: _read_lines(desk.storage.blobs, key, first, count)) if key else []


def _read_lines(blobs: Blobs, key: str, first: int, count: int) -> list[dict[str, Any]]:
    with blobs.open(key) as stream:
        return [json.loads(line) for line in islice(stream, first, first + count)]


def segment_view(n: int, line: dict[str, Any], take: dict[str, Any] | None, leased: bool) -> dict[str, Any]:
    return {
        "object": "audio.speech.segment",
        "segment": n,
        "span": [line["start"], line["end"]],
        "text": line.get("text"),
        "status": "completed" if take else "in_progress" if leased else "queued",
        "attempts": take["attempts"] if take else None,
        "spoken": take.get("spoken") if take else None,  # takes that an earlier version kept do not say
        "cached": take["cached"] if take else None,
        "flags": take["flags"] if take else [],
        "duration_seconds": take["duration_seconds"] if take else None,
        "start_seconds": line.get("start_seconds"),
        "end_seconds": line.get("end_seconds"),
    }
