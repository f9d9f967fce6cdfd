"""/healthz: this process lives. /readyz: it can take jobs."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import desk_of
from producer.openapi import HEALTHZ, READYZ
from speechmill.errors import Unavailable

router = APIRouter()


@router.get("/healthz", **HEALTHZ)
async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


@router.get("/readyz", **READYZ)
async def readyz(request: Request) -> Response:
    """Ready when Redis and storage answer. Workers may be away: jobs are accepted and wait."""
    desk = desk_of(request)
    checks = {"redis": "ok", "storage": "ok"}
    try:
        models = [model.id for model in (await desk.store.catalogue("")).models]
    except Unavailable as error:
        checks["redis"], models = error.message, []
    try:
        await desk.storage.check()
    except Unavailable as error:
        checks["storage"] = error.message
    ready = set(checks.values()) == {"ok"}
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks, "models": models},
                        status_code=200 if ready else 503)
