"""/v1/admin/keys: make, list, revoke."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.admin.bodies import KeyBody, read
from producer.admin.openapi import LIST_KEYS, MAKE_KEY, REVOKE_KEY
from producer.desk import desk_of
from producer.jobs import number
from speechmill.errors import InvalidRequest, NotFound
from speechmill.store import tenants
from speechmill.tenant_views import key_view, list_view
from speechmill.tenants import new_key, scopes_of, tenant_name

router = APIRouter(prefix="/v1/admin/keys")


@router.post("", **MAKE_KEY)
async def make_key(request: Request) -> Response:
    body = await read(request, KeyBody)
    key = new_key()
    expires_in_ms = None if body.expires_in_s is None else body.expires_in_s * 1000
    record = await desk_of(request).store.run(
        tenants.make_key(key, tenant_name(body.tenant), body.name, scopes_of(body.scopes), expires_in_ms))
    return JSONResponse({**key_view(record), "key": key.text}, status_code=201, headers={"Cache-Control": "no-store"})


@router.get("", **LIST_KEYS)
async def list_keys(request: Request) -> Response:
    """Revoked ones, too, the newest first."""
    query = request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    tenant = tenant_name(query["tenant"]) if "tenant" in query else ""
    found = await desk_of(request).store.run(tenants.keys(tenant, after=query.get("after", ""), limit=limit))
    if found is None:
        raise InvalidRequest("after must be the id of a key, as last_id of the page before.", param="after")
    return JSONResponse(list_view([key_view(key) for key in found[:limit]], has_more=len(found) > limit))


@router.post("/{key_id}/revoke", **REVOKE_KEY)
async def revoke_key(request: Request, key_id: str) -> Response:
    """It is refused from now on (producers that know it, within a second). It stays in the list."""
    record = await desk_of(request).store.run(tenants.revoke_key(key_id))
    if record is None:
        raise NotFound(f"There is no API key {key_id[:80]!r}.", param="key_id", code="key_not_found")
    return JSONResponse(key_view(record))
