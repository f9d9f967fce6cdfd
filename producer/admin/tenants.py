"""/v1/admin/tenants: what each may use. A tenant begins to be by being named."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.admin.bodies import LimitsBody, read
from producer.admin.openapi import GET_TENANT, LIST_TENANTS, SET_TENANT
from producer.desk import desk_of
from producer.jobs import number
from speechmill.store import tenants
from speechmill.tenant_views import list_view, tenant_view
from speechmill.tenants import TenantLimits, tenant_name

router = APIRouter(prefix="/v1/admin/tenants")


@router.get("", **LIST_TENANTS)
async def list_tenants(request: Request) -> Response:
    store, query = desk_of(request).store, request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    names = await store.run(tenants.tenants(after=query.get("after", ""), limit=limit))
    shown = names[:limit]
    limits = await store.run_all([tenants.tenant_limits(name) for name in shown])
    return JSONResponse(list_view(list(map(tenant_view, shown, limits)), has_more=len(names) > limit))


@router.get("/{tenant_id}", **GET_TENANT)
async def get_tenant(request: Request, tenant_id: str) -> Response:
    name = tenant_name(tenant_id)
    return JSONResponse(tenant_view(name, await desk_of(request).store.run(tenants.tenant_limits(name))))


@router.post("/{tenant_id}", **SET_TENANT)
async def set_tenant(request: Request, tenant_id: str) -> Response:
    name = tenant_name(tenant_id)
    body = await read(request, LimitsBody)
    limits = await desk_of(request).store.run(tenants.set_limits(name, TenantLimits(**body.model_dump())))
    return JSONResponse(tenant_view(name, limits))
