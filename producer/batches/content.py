"""The sound of a single line of a batch: by a redirect to a signed URL, or through the producer."""

import asyncio
import re
import time

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.batches.find import Found, find_batch
from producer.batches.openapi import LINE_CONTENT
from producer.content import object_response
from producer.desk import Desk, desk_of, tenant_of
from speechmill.batch_line import LineSound
from speechmill.batch_view import BATCHES_PATH
from speechmill.blobs.seam import result_key
from speechmill.errors import BlobMissing, Conflict, Gone, NotFound
from speechmill.request import CONTENT_TYPES
from speechmill.view import has_expired

router = APIRouter(prefix=BATCHES_PATH + "/{batch_id}/lines/{number}")


@router.api_route("/content", methods=["GET", "HEAD"], **LINE_CONTENT)
async def line_content(request: Request, batch_id: str, number: str) -> Response:
    """Lines are numbered from 1, without blank ones, as the output and manifest files name them."""
    desk, tenant = desk_of(request), tenant_of(request)
    found = await find_batch(desk, batch_id, tenant)
    sound = await _sound(desk, found, number)
    key = result_key(tenant, f"{batch_id}.{number}", sound.token, sound.format)
    name, content_type = f"{batch_id}-{number}.{sound.format}", CONTENT_TYPES[sound.format]
    if desk.settings.blobs.delivery == "proxy":
        size = await desk.storage.run(lambda: desk.storage.blobs.size(key))
        if size is None:
            raise Gone("The sound of this line is no longer kept.", job_id=batch_id)
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return await object_response(desk, request, key, size, content_type, headers)
    here = desk.viewpoint(request)
    url = await asyncio.to_thread(here.blobs.url, key, ttl_s=here.url_ttl_s, filename=name, content_type=content_type)
    return RedirectResponse(here.base_url + url if url.startswith("/") else url, status_code=302,
                            headers={"Cache-Control": "no-store"})


async def _sound(desk: Desk, found: Found, number: str) -> LineSound:
    """Where it lies, which the table of the batch says. Raises NotFound, Conflict, Gone, BlobsUnavailable."""
    batch, state = found.batch, found.state
    if not re.fullmatch(r"[1-9][0-9]{0,6}", number) or (state.lines is not None and int(number) > state.lines):
        raise NotFound(f"The batch has no line {number[:20]!r}.", param="number", code="line_not_found")
    if not batch.ended:
        raise Conflict(f"The batch is {batch.status}; the sound of its lines is there when it has ended.",
                       code="batch_not_ended", job_id=batch.id)
    if has_expired(batch, time.time()):
        raise Gone("The results of the batch have expired.", job_id=batch.id)
    if not state.files.table_key:
        raise NotFound("Nothing of this batch was spoken.", param="number", code="line_not_spoken")

    def read() -> LineSound:
        with desk.storage.blobs.open(state.files.table_key, (int(number) - 1) * LineSound.SIZE, LineSound.SIZE) as stream:
            return LineSound.unpack(stream.read())

    try:
        sound = await desk.storage.run(read)
    except BlobMissing:
        raise Gone("The results of the batch have expired.", job_id=batch.id) from None
    if not sound.token:
        raise NotFound(f"Line {number} was not spoken; the error file says why.", param="number", code="line_not_spoken")
    return sound
