"""/v1/webhook_endpoints/{id}/test and /deliveries: trying an endpoint out, what was sent to it, and sending it again."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import desk_of, tenant_of
from producer.jobs import number
from producer.webhook_endpoints.openapi import DELIVERIES, REDELIVER, TEST
from producer.webhook_endpoints.routes import PATH, endpoint_of, missing
from speechmill.errors import Conflict, Gone, InvalidRequest, NotFound
from speechmill.ids import new_id
from speechmill.store import deliveries, endpoints
from speechmill.store.deliveries import Sent
from speechmill.webhook_endpoint import TEST_EVENT

router = APIRouter(prefix=PATH + "/{endpoint_id}")


@router.post("/test", **TEST)
async def test_endpoint(request: Request, endpoint_id: str) -> Response:
    """By the same way as every event: signed, tried again where it is refused, in the log."""
    desk, event_id = desk_of(request), new_id("evt")
    outcome, bells = await desk.store.run(endpoints.test_endpoint(endpoint_id, tenant_of(request), event_id))
    desk.doorbell.ring(bells)
    if outcome == "missing":
        raise missing(endpoint_id)
    if outcome == "disabled":
        raise _disabled()
    return _accepted(event_id, TEST_EVENT)


@router.get("/deliveries", **DELIVERIES)
async def list_deliveries(request: Request, endpoint_id: str) -> Response:
    """The newest first."""
    query = request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    after = f"{query['after']}_{endpoint_id}" if query.get("after") else ""
    found = await desk_of(request).store.run(deliveries.sent(endpoint_id, tenant_of(request), after=after, limit=limit))
    if found == "missing":
        raise missing(endpoint_id)
    if found == "no_cursor":
        raise InvalidRequest("after must be the id of an event in this log, as last_id of the page before.", param="after")
    data = [_view(sent) for sent in found[:limit]]
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(found) > limit})


@router.post("/deliveries/{event_id}/redeliver", **REDELIVER)
async def redeliver(request: Request, endpoint_id: str, event_id: str) -> Response:
    """Under its id, by which a receiver knows it, and on a schedule that begins again; also one that was taken. One that is about
    to be sent anyway stays as it is."""
    desk, tenant = desk_of(request), tenant_of(request)
    await endpoint_of(request, endpoint_id)
    outcome, bells = await desk.store.run(deliveries.replay(f"{event_id}_{endpoint_id}", tenant, delivered=True))
    desk.doorbell.ring(bells)
    if outcome == "missing":
        raise NotFound(f"There is no event {event_id[:80]!r} in this log, or it is no longer kept.", param="event_id",
                       code="event_not_found")
    if outcome == "job_gone":
        raise Gone("The job that the event tells of is no longer kept.", code="job_gone")
    if outcome == "endpoint_disabled":
        raise _disabled()
    return _accepted(event_id)


def _disabled() -> Conflict:
    return Conflict("The webhook endpoint is disabled; enable it first.", code="webhook_endpoint_disabled")


def _accepted(event_id: str, kind: str = "") -> Response:
    told = {"type": kind} if kind else {}
    return JSONResponse({"id": event_id, "object": "webhook.delivery", "state": "pending", **told}, status_code=202)


def _view(sent: Sent) -> dict[str, Any]:
    return {
        "id": sent.event_id,
        "object": "webhook.delivery",
        "state": sent.state,
        "type": sent.type,
        "job_id": None if sent.job_id.startswith("we_") else sent.job_id,
        "attempts": sent.tries,
        "created_at": sent.created_ms // 1000,
        "last_attempt_at": None if sent.tried_ms is None else sent.tried_ms // 1000,
        "last_status": sent.status,
        "last_error": sent.error or None,
        "last_duration_ms": sent.duration_ms,
        "next_attempt_at": None if sent.next_ms is None else sent.next_ms // 1000,
    }
