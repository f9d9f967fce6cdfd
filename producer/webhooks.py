"""/v1/webhooks/deliveries: events that were given up, and sending them again."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import desk_of, tenant_of
from producer.jobs import number
from producer.openapi import LIST_DELIVERIES, REPLAY_DELIVERY
from speechmill.errors import Conflict, Gone, InvalidRequest, NotFound
from speechmill.store import deliveries
from speechmill.store.deliveries import DeadEvent

router = APIRouter(prefix="/v1/webhooks/deliveries")


@router.get("", **LIST_DELIVERIES)
async def list_deliveries(request: Request) -> Response:
    desk, tenant, query = desk_of(request), tenant_of(request), request.query_params
    state = query.get("state", "dead")
    if state != "dead":
        raise InvalidRequest(f"state must be dead, not {state[:40]!r}: others are not listed.", param="state")
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    events = await desk.store.run(deliveries.dead_events(tenant, after=query.get("after", ""), limit=limit))
    if events is None:
        raise InvalidRequest("after must be the id of a dead event of yours, as last_id of the page before.", param="after")
    data = [_view(event) for event in events[:limit]]
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(events) > limit})


@router.post("/{event_id}/replay", **REPLAY_DELIVERY)
async def replay_delivery(request: Request, event_id: str) -> Response:
    """The event keeps its id, by which a receiver knows it; its schedule begins again. Asked twice, it is sent once."""
    desk = desk_of(request)
    outcome, bells = await desk.store.run(deliveries.replay(event_id, tenant_of(request)))
    desk.doorbell.ring(bells)
    if outcome == "missing":
        raise NotFound(f"There is no event {event_id[:80]!r}, or it is no longer kept.", param="event_id", code="event_not_found")
    if outcome == "delivered":
        raise Conflict("The event has been delivered; only one that was given up can be sent again.",
                       code="event_delivered")
    if outcome == "endpoint_disabled":
        raise Conflict("The webhook endpoint that the event was for is disabled; enable it first.",
                       code="webhook_endpoint_disabled")
    if outcome == "job_gone":
        raise Gone("The job that the event tells of is no longer kept.", code="job_gone")
    return JSONResponse({"id": event_id, "object": "webhook.delivery", "state": "pending"}, status_code=202)


def _view(event: DeadEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "object": "webhook.delivery",
        "state": "dead",
        "type": event.type,
        "job_id": None if event.job_id.startswith("we_") else event.job_id,
        "endpoint_id": event.endpoint_id or None,
        "url": event.url or None,
        "attempts": event.tries,
        "created_at": event.created_ms // 1000,
        "given_up_at": event.given_up_ms // 1000,
        "last_status": event.status,
        "last_error": event.error or None,
    }
