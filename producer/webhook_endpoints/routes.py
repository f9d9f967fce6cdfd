"""/v1/webhook_endpoints: the receivers that a tenant has registered."""

import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import Desk, desk_of, tenant_of
from producer.jobs import number
from producer.submit import check_webhook
from producer.webhook_endpoints.bodies import ChangesBody, EndpointBody, RotationBody, read
from producer.webhook_endpoints.openapi import CHANGE, DELETE, GET, LIST, MAKE, ROTATE
from speechmill.errors import Conflict, InvalidRequest, NotFound
from speechmill.ids import new_id
from speechmill.store import endpoints
from speechmill.store.endpoints import Changes, NewEndpoint
from speechmill.tenant_views import list_view
from speechmill.webhook_endpoint import Endpoint, endpoint_view, event_filter, secret_of_endpoint

PATH = "/v1/webhook_endpoints"

router = APIRouter(prefix=PATH)


@router.post("", **MAKE)
async def make_endpoint(request: Request) -> Response:
    desk, body = desk_of(request), await read(request, EndpointBody)
    await check_webhook(desk, body.url, "url")
    new = NewEndpoint(new_id("we"), tenant_of(request), body.url, event_filter(body.events), body.description, body.metadata)
    limit = desk.settings.limits.webhook_endpoints
    made = await desk.store.run(endpoints.make_endpoint(new, limit))
    if made is None:
        raise Conflict(f"There are {limit} webhook endpoints already, and more may not be; delete one.",
                       code="too_many_webhook_endpoints")
    return _with_secret(desk, made, status=201)


@router.get("", **LIST)
async def list_endpoints(request: Request) -> Response:
    """The newest first."""
    query = request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    found = await desk_of(request).store.run(endpoints.endpoints(tenant_of(request), after=query.get("after", ""), limit=limit))
    if found is None:
        raise InvalidRequest("after must be the id of a webhook endpoint of yours, as last_id of the page before.", param="after")
    return JSONResponse(list_view(list(map(_view, found[:limit])), has_more=len(found) > limit))


@router.get("/{endpoint_id}", **GET)
async def get_endpoint(request: Request, endpoint_id: str) -> Response:
    return JSONResponse(_view(await endpoint_of(request, endpoint_id)))


@router.post("/{endpoint_id}", **CHANGE)
async def change_endpoint(request: Request, endpoint_id: str) -> Response:
    desk, body = desk_of(request), await read(request, ChangesBody)
    if body.url is not None:
        await check_webhook(desk, body.url, "url")
    changes = Changes(body.url, None if body.events is None else event_filter(body.events), body.description, body.metadata,
                      body.enabled)
    changed = await desk.store.run(endpoints.change_endpoint(endpoint_id, tenant_of(request), changes))
    return JSONResponse(_view(_known(changed, endpoint_id)))


@router.delete("/{endpoint_id}", **DELETE)
async def delete_endpoint(request: Request, endpoint_id: str) -> Response:
    """What waits for it is not sent any more, and its log goes, too."""
    if not await desk_of(request).store.run(endpoints.delete_endpoint(endpoint_id, tenant_of(request))):
        raise missing(endpoint_id)
    return JSONResponse({"id": endpoint_id, "object": "webhook_endpoint.deleted", "deleted": True})


@router.post("/{endpoint_id}/rotate_secret", **ROTATE)
async def rotate_secret(request: Request, endpoint_id: str) -> Response:
    """Asked again after a lost answer, it makes yet another secret; those that receivers may have go on signing meanwhile."""
    desk, body = desk_of(request), await read(request, RotationBody)
    seen = await endpoint_of(request, endpoint_id)
    rotated = await desk.store.run(endpoints.rotate_endpoint(seen, body.overlap_s * 1000))
    return _with_secret(desk, _known(rotated, endpoint_id), status=200)


async def endpoint_of(request: Request, endpoint_id: str) -> Endpoint:
    """Raises NotFound, also for another tenant's."""
    return _known(await desk_of(request).store.run(endpoints.endpoint(endpoint_id, tenant_of(request))), endpoint_id)


def missing(endpoint_id: str) -> NotFound:
    return NotFound(f"There is no webhook endpoint {endpoint_id[:80]!r}.", param="endpoint_id", code="webhook_endpoint_not_found")


def _known(endpoint: Endpoint | None, endpoint_id: str) -> Endpoint:
    if endpoint is None:
        raise missing(endpoint_id)
    return endpoint


def _view(endpoint: Endpoint) -> dict[str, Any]:
    return endpoint_view(endpoint, round(time.time() * 1000))


def _with_secret(desk: Desk, endpoint: Endpoint, *, status: int) -> Response:
    server_secret = desk.settings.webhooks.secret.get_secret_value()
    secret = secret_of_endpoint(server_secret, endpoint.id, endpoint.generation, "SPEECHMILL_WEBHOOKS__SECRET")
    return JSONResponse({**_view(endpoint), "secret": secret}, status_code=status, headers={"Cache-Control": "no-store"})
