"""/v1/usage, a tenant's own, and /v1/admin/usage, everybody's."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.admin.openapi import ALL_USAGE, USAGE
from producer.desk import desk_of, tenant_of
from producer.jobs import number
from speechmill.store import tenants
from speechmill.tenant_views import usage_view
from speechmill.tenants import tenant_name

router = APIRouter()


@router.get("/v1/usage", **USAGE)
async def own_usage(request: Request) -> Response:
    return JSONResponse(usage_view(await desk_of(request).store.run(tenants.usage(tenant_of(request), _days(request)))))


@router.get("/v1/admin/usage", **ALL_USAGE)
async def all_usage(request: Request) -> Response:
    """Tenants in the order of their names; the last one of a page is where the next begins."""
    store, query, days = desk_of(request).store, request.query_params, _days(request)
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    names = [tenant_name(query["tenant"])] if "tenant" in query else await store.run(
        tenants.tenants(after=query.get("after", ""), limit=limit))
    shown = names[:limit]
    data = [usage_view(usage) for usage in await store.run_all([tenants.usage(name, days) for name in shown])]
    return JSONResponse({"object": "list", "data": data, "first_id": shown[0] if shown else None,
                         "last_id": shown[-1] if shown else None, "has_more": len(names) > limit})


def _days(request: Request) -> int:
    return number(request.query_params.get("days", "30"), "days", 1, 400)
