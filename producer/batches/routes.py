"""/v1/batches: create, list, look, follow, cancel, delete."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.batches.find import Found, batch_not_found, find_batch
from producer.batches.openapi import BATCH_EVENTS, CANCEL_BATCH, CREATE_BATCH, DELETE_BATCH, GET_BATCH, LIST_BATCHES
from producer.batches.submit import submit_batch
from producer.desk import desk_of, tenant_of
from producer.files.routes import delete_found
from producer.jobs import number, poll_later
from producer.prefer import parse_prefer
from producer.streams.events import Snapshot, events_response
from producer.waiting import wait_until
from speechmill.batch_view import BATCHES_PATH
from speechmill.blobs.seam import job_prefixes
from speechmill.errors import Conflict, InvalidRequest
from speechmill.store import batches, files, verbs

router = APIRouter(prefix=BATCHES_PATH)


@router.post("", **CREATE_BATCH)
async def create_batch(request: Request) -> Response:
    """200, as OpenAI answers, where other jobs have 202."""
    desk = desk_of(request)
    submitted = await submit_batch(desk, request)
    found = await find_batch(desk, submitted.job_id, tenant_of(request))
    headers = {"Location": f"{BATCHES_PATH}/{submitted.job_id}", "x-speech-job-id": submitted.job_id, **poll_later()}
    if submitted.outcome != "created":
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(found.view(), headers=headers)


@router.get("", **LIST_BATCHES)
async def list_batches(request: Request) -> Response:
    desk, tenant, query = desk_of(request), tenant_of(request), request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    ids = await desk.store.run(verbs.list_jobs(tenant, status="", after=query.get("after", ""), limit=limit, newest_first=True,
                                               kind="batches"))
    if ids is None:
        raise InvalidRequest("after must be the id of a batch of yours, as last_id of the page before.", param="after")
    jobs = await desk.store.run_all([verbs.look(batch_id, tenant) for batch_id in ids[:limit]])
    states = await desk.store.run_all([batches.state(batch_id, tenant) for batch_id in ids[:limit]])
    data = [Found(batch, state).view() for batch, state in zip(jobs, states, strict=True) if batch and state]
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(ids) > limit})


@router.get("/{batch_id}", **GET_BATCH)
async def get_batch(request: Request, batch_id: str) -> Response:
    """With `Prefer: wait=N`, once it has ended or the time is over."""
    desk, tenant = desk_of(request), tenant_of(request)
    preference = parse_prefer(request.headers.get("prefer", ""))
    headers = {"Vary": "Prefer", "Cache-Control": "no-cache"}
    if preference.wait_s is None:
        found = await find_batch(desk, batch_id, tenant)
    else:
        with desk.feed.watching(batch_id, until_end=True) as watch:
            found = await wait_until(watch, lambda: find_batch(desk, batch_id, tenant), lambda found: found.batch.ended,
                                     preference.wait_s)
        headers["Preference-Applied"] = f"wait={preference.wait_s}"
    return JSONResponse(found.view(), headers=headers if found.batch.ended else headers | poll_later())


@router.get("/{batch_id}/events", **BATCH_EVENTS)
async def batch_events(request: Request, batch_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)

    async def look() -> Snapshot:
        found = await find_batch(desk, batch_id, tenant)
        view = found.view()
        # Not every line that ends makes a new version.
        mark = f"{found.batch.version}.{found.state.completed}.{found.state.failed}"
        return Snapshot(mark, f"batch.{view['status']}", found.batch.ended, view)

    return await events_response(desk, request, batch_id, look)


@router.post("/{batch_id}/cancel", **CANCEL_BATCH)
async def cancel_batch(request: Request, batch_id: str) -> Response:
    """What was spoken until then is kept; `cancelled` comes when its files are written."""
    desk, tenant = desk_of(request), tenant_of(request)
    await find_batch(desk, batch_id, tenant)
    outcome, bells = await desk.store.run(verbs.cancel(batch_id, tenant))
    desk.doorbell.ring(bells)
    found = await find_batch(desk, batch_id, tenant)
    if outcome == "ended":
        raise Conflict(f"The batch is {found.batch.status} already.", code="batch_already_ended", job_id=batch_id)
    return JSONResponse(found.view())


@router.delete("/{batch_id}", **DELETE_BATCH)
async def delete_batch(request: Request, batch_id: str) -> Response:
    """Of OpenAI's batches nothing is deleted but their files. The objects go first: were we to stop in between, the record is
    still there, and deleting it again ends it. The file that was uploaded stays, as other batches may be made from it."""
    desk, tenant = desk_of(request), tenant_of(request)
    found = await find_batch(desk, batch_id, tenant)
    if not found.batch.ended:
        raise Conflict(f"The batch is {found.view()['status']}; cancel it first.", code="batch_not_ended", job_id=batch_id)

    def delete_objects() -> None:
        for prefix in job_prefixes(tenant, batch_id):
            desk.storage.blobs.delete_prefix(prefix)

    await desk.storage.run(delete_objects)
    for file_id in found.state.files.ids:
        if file := await desk.store.run(files.look(file_id, tenant)):  # else somebody has deleted it already
            await delete_found(desk, file)
    if await desk.store.run(verbs.delete(batch_id, tenant)) == "missing":
        raise batch_not_found(batch_id)
    return JSONResponse({"id": batch_id, "object": "batch.deleted", "deleted": True})
