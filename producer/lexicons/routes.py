"""/v1/audio/lexicons: how words are said in everything that a tenant has spoken."""

import asyncio
import json
from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.body import read_raw
from producer.desk import Desk, desk_of, tenant_of
from producer.lexicons.openapi import DELETE_LEXICON, GET_LEXICON, LIST_LEXICONS, PUT_LEXICON
from speechmill.errors import InvalidRequest, NotFound
from speechmill.lexicon.kept import MAX_BYTES, LexiconContent, content_of, lexicon_name, lexicon_view
from speechmill.lexicon.parse import parse_lexicon
from speechmill.store import lexicons

router = APIRouter(prefix="/v1/audio/lexicons")


@router.get("", **LIST_LEXICONS)
async def list_lexicons(request: Request) -> Response:
    kept = await desk_of(request).store.run(lexicons.lexicons(tenant_of(request)))
    return JSONResponse({"object": "list", "data": list(map(lexicon_view, kept)), "has_more": False})


@router.put("/{name}", **PUT_LEXICON)
async def put_lexicon(request: Request, name: str) -> Response:
    """JSON, a table or PLS, told apart by what they look like. It holds for all that is cut from then on."""
    desk, name = desk_of(request), lexicon_name(name)
    raw = await read_raw(request, MAX_BYTES)

    def content() -> LexiconContent:
        return content_of(parse_lexicon(raw))

    most = desk.settings.limits.lexicons
    kept = await desk.store.run(lexicons.put_lexicon(tenant_of(request), name, await asyncio.to_thread(content), most=most))
    if kept is None:
        raise InvalidRequest(f"There are {most} lexicons already, and no more are kept; delete one, or make two one.",
                             param="name", code="too_many_lexicons")
    return JSONResponse(lexicon_view(kept))


@router.get("/{name}", **GET_LEXICON)
async def get_lexicon(request: Request, name: str) -> Response:
    found = await desk_of(request).store.run(lexicons.lexicon(tenant_of(request), name))
    if found is None:
        raise _missing(name)
    known, content = found
    return JSONResponse({**lexicon_view(known), "content": json.loads(content)})


@router.delete("/{name}", **DELETE_LEXICON)
async def delete_lexicon(request: Request, name: str) -> Response:
    if not await desk_of(request).store.run(lexicons.drop_lexicon(tenant_of(request), name)):
        raise _missing(name)
    return JSONResponse({"id": name, "object": "audio.lexicon.deleted", "deleted": True})


async def check_lexicons(desk: Desk, tenant: str, names: Sequence[str] | None) -> None:
    """Raises InvalidRequest where the tenant has none of such a name."""
    if not names:
        return
    known = {lexicon.name for lexicon in await desk.store.run(lexicons.lexicons(tenant))}
    for name in names:
        if name not in known:
            raise InvalidRequest(f"There is no lexicon {name!r}; there {_those(sorted(known))}.", param="lexicon_ids",
                                 code="lexicon_not_found")


def _those(names: Sequence[str]) -> str:
    return f"are {', '.join(names)}" if names else "are none; PUT /v1/audio/lexicons/NAME keeps one"


def _missing(name: str) -> NotFound:
    return NotFound(f"There is no lexicon {name[:80]!r}.", param="name", code="lexicon_not_found")
