"""Results: by a redirect to a signed URL, through the producer, or, for the local folder, from it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from producer.desk import Desk, desk_of, tenant_of
from producer.openapi import CONTENT
from producer.timestamps import CONTENT_TYPES as TIMES_TYPES
from producer.timestamps import times_response
from speechmill.blobs.signing import verify
from speechmill.errors import BlobMissing, Conflict, Gone, InvalidRequest, NotFound, RangeNotSatisfiable
from speechmill.job import Job, Output, Status
from speechmill.request import CONTENT_TYPES
from speechmill.view import JOBS_PATH, has_expired, result_url

router = APIRouter()

PIECE_BYTES = 64 * 1024
VARIANTS = ("audio", *TIMES_TYPES)


@router.api_route(JOBS_PATH + "/{job_id}/content", methods=["GET", "HEAD"], **CONTENT)
async def job_content(request: Request, job_id: str) -> Response:
    desk = desk_of(request)
    variant = request.query_params.get("variant", "audio")
    if variant not in VARIANTS:
        raise InvalidRequest(f"variant must be one of {', '.join(VARIANTS)}, not {variant[:40]!r}.", param="variant")
    job = await desk.job(job_id, tenant_of(request))
    if variant != "audio":
        return await times_response(desk, job, available_output(job), variant)
    if desk.settings.blobs.delivery == "proxy":
        return await audio_response(desk, request, job)
    output = available_output(job)
    here = desk.viewpoint(request)
    url = await asyncio.to_thread(result_url, job.id, output, job.spec["response_format"], here)
    return RedirectResponse(url, status_code=302, headers={"Cache-Control": "no-store", "x-speech-job-id": job.id})


@router.api_route("/v1/objects/{key:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def signed_object(request: Request, key: str) -> Response:
    """An object of the local folder; its URL carries the right to it. Raises Forbidden when altered or out of date."""
    desk = desk_of(request)
    if desk.settings.blobs.kind != "folder":
        # With S3 there is no secret here that could sign: S3 itself serves what it signed.
        raise NotFound(f"There is nothing at {request.url.path[:200]}.")
    granted = verify(key, request.query_params, desk.settings.blobs.url_secret.get_secret_value(), time.time())
    size = await desk.storage.run(lambda: desk.storage.blobs.size(key))
    if size is None:
        raise Gone("This result is no longer kept.")
    headers = {"Content-Disposition": f'attachment; filename="{granted.filename}"'}
    return await object_response(desk, request, key, size, granted.content_type, headers)


async def audio_response(desk: Desk, request: Request, job: Job) -> Response:
    """The audio of a completed job, through this process."""
    output = available_output(job)
    headers = {"x-speech-job-id": job.id, "Content-Disposition":
               f'inline; filename="{job.id}.{job.spec["response_format"]}"'}
    return await object_response(desk, request, output.key, output.bytes, CONTENT_TYPES[job.spec["response_format"]], headers)


def available_output(job: Job) -> Output:
    """Raises Conflict while there is no result, Gone when there is none any more."""
    if job.output is None or job.status is not Status.COMPLETED:
        raise Conflict(f"The job is {job.status}; its audio is there when it is completed.", code="job_not_completed",
                       job_id=job.id)
    if has_expired(job, time.time()):
        raise Gone("The result has expired.", job_id=job.id)
    return job.output


async def object_response(desk: Desk, request: Request, key: str, size: int, content_type: str,
                          headers: dict[str, str]) -> Response:
    """An object, or the one range of it that was asked for (RFC 9110 §14)."""
    asked = request.headers.get("range", "") if request.method in ("GET", "HEAD") else ""
    first, last = _range(asked, size)
    status, length = 200, size
    # No browser may take an object for a page of ours.
    headers = {**headers, "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    if first is not None and last is not None:
        if first >= size:
            raise RangeNotSatisfiable(f"The object has {size} bytes.", param="Range", size=size)
        status, length = 206, last - first + 1
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=content_type)
    opened = desk.storage.blobs.open(key, first or 0, length if status == 206 else None)
    try:
        stream = await desk.storage.run(opened.__enter__)
        start = await desk.storage.run(lambda: stream.read(PIECE_BYTES))
    except BlobMissing:
        raise Gone("This result is no longer kept.") from None
    return StreamingResponse(_pieces(desk, opened, stream, start), status_code=status, headers=headers, media_type=content_type)


async def _pieces(desk: Desk, opened: AbstractContextManager[BinaryIO], stream: BinaryIO, start: bytes) -> AsyncIterator[bytes]:
    try:
        piece = start
        while piece:
            yield piece
            piece = await desk.storage.run(lambda: stream.read(PIECE_BYTES))
    finally:
        await desk.storage.run(lambda: opened.__exit__(None, None, None))


def _range(header: str, size: int) -> tuple[int | None, int | None]:
    """First and last byte of a single range; (None, None) for the whole, also where the header makes no sense."""
    match = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", header.strip())
    if not match or match.group(0) == "bytes=-" or size == 0:
        return None, None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    end = min(int(last), size - 1) if last else size - 1
    return (int(first), end) if int(first) <= end or int(first) >= size else (None, None)
