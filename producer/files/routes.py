"""/v1/files: upload, list, look, download, delete."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.books.form import Form, read_form
from producer.books.parts import FormLimits, Upload
from producer.content import object_response
from producer.desk import Desk, desk_of, tenant_of
from producer.files.openapi import DELETE_FILE, FILE_CONTENT, GET_FILE, LIST_FILES, UPLOAD_FILE
from producer.jobs import number, one_of
from speechmill.batch_request import ExpiresAfter
from speechmill.blobs.seam import uploaded_key
from speechmill.errors import Conflict, InvalidRequest, NotFound
from speechmill.file import PURPOSES, StoredFile, file_view
from speechmill.ids import new_id
from speechmill.request import first_problem
from speechmill.store import files

router = APIRouter(prefix="/v1/files")

FIELDS_BYTES = 16 * 1024
PAGE_FILES = 1000
"""A page has no more; who asks for OpenAI's 10,000 gets the rest with the next one."""
CONTENT_TYPES = {"jsonl": "application/jsonl", "zip": "application/zip"}


@router.post("", **UPLOAD_FILE)
async def upload_file(request: Request) -> Response:
    """The bytes first: were we to stop in between, the reaper finds that nobody names them."""
    desk, tenant = desk_of(request), tenant_of(request)
    limits = FormLimits(desk.settings.limits.file_bytes, FIELDS_BYTES, "requests.jsonl")
    async with read_form(request, limits) as form:
        upload, kept_s = _checked(form, desk.settings.retention.files_s)
        file_id = new_id("file").replace("_", "-")
        key = uploaded_key(tenant, file_id)
        await desk.storage.run(lambda: desk.storage.blobs.put(key, upload.path, "application/octet-stream"))
    most = desk.settings.limits.files
    file = await desk.store.run(files.added(file_id, tenant, name=_base_name(upload.name), purpose="batch", size=upload.bytes,
                                            key=key, life_ms=kept_s * 1000, most=most))
    if file is None:
        await desk.storage.run(lambda: desk.storage.blobs.delete(key))
        raise Conflict(f"{most:,} files of yours are kept already, and no more may be; delete some first "
                       f"(DELETE {router.prefix}/{{id}}).", code="too_many_files")
    return JSONResponse(file_view(file))


@router.get("", **LIST_FILES)
async def list_files(request: Request) -> Response:
    desk, query = desk_of(request), request.query_params
    limit = min(number(query.get("limit", str(PAGE_FILES)), "limit", 1, 10_000), PAGE_FILES)
    order = one_of(query.get("order", "desc"), "order", ("asc", "desc"))
    purpose = one_of(query.get("purpose", ""), "purpose", ("", *PURPOSES))
    found = await desk.store.run(files.page(tenant_of(request), purpose=purpose, after=query.get("after", ""), limit=limit,
                                            newest_first=order == "desc"))
    if found is None:
        raise InvalidRequest("after must be the id of a file of yours, as last_id of the page before.", param="after")
    data = [file_view(file) for file in found[:limit]]
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(found) > limit})


@router.get("/{file_id}", **GET_FILE)
async def get_file(request: Request, file_id: str) -> Response:
    return JSONResponse(file_view(await find_file(desk_of(request), file_id, tenant_of(request))))


@router.api_route("/{file_id}/content", methods=["GET", "HEAD"], **FILE_CONTENT)
async def file_content(request: Request, file_id: str) -> Response:
    desk = desk_of(request)
    file = await find_file(desk, file_id, tenant_of(request))
    extension = file.name.rpartition(".")[2] if file.purpose == "batch_output" else "jsonl"
    name, content_type = f"{file.id}.{extension}", CONTENT_TYPES[extension]
    if desk.settings.blobs.delivery == "proxy":
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return await object_response(desk, request, file.key, file.bytes, content_type, headers)
    here = desk.viewpoint(request)
    url = await asyncio.to_thread(here.blobs.url, file.key, ttl_s=here.url_ttl_s, filename=name, content_type=content_type)
    return RedirectResponse(here.base_url + url if url.startswith("/") else url, status_code=302,
                            headers={"Cache-Control": "no-store"})


@router.delete("/{file_id}", **DELETE_FILE)
async def delete_file(request: Request, file_id: str) -> Response:
    """The bytes go first: were we to stop in between, the record is still there, and deleting it again ends it."""
    desk = desk_of(request)
    await delete_found(desk, await find_file(desk, file_id, tenant_of(request)))
    return JSONResponse({"id": file_id, "object": "file", "deleted": True})


async def delete_found(desk: Desk, file: StoredFile) -> None:
    await desk.storage.run(lambda: desk.storage.blobs.delete(file.key))
    await desk.store.run(files.deleted(file.id, file.tenant))


async def find_file(desk: Desk, file_id: str, tenant: str) -> StoredFile:
    """Raises NotFound, also for another tenant's file."""
    file = await desk.store.run(files.look(file_id, tenant))
    if file is None:
        raise NotFound(f"There is no file {file_id[:80]!r}, or it is no longer kept.", param="file_id", code="file_not_found")
    return file


def _checked(form: Form, kept_s: int) -> tuple[Upload, int]:
    """The file, and how long it is to be kept, seconds. Raises InvalidRequest."""
    if form.upload is None:
        raise InvalidRequest("file is missing; send the requests, one a line, as a file.", param="file", code="missing_field")
    purpose = _text(form.fields, "purpose")
    if purpose != "batch":
        raise InvalidRequest(f"purpose must be batch, not {purpose[:40]!r}: files are for batches here.", param="purpose",
                             code="invalid_value" if purpose else "missing_field")
    asked = {name: _text(form.fields, f"expires_after[{name}]") for name in ("anchor", "seconds")}
    if not any(asked.values()):
        return form.upload, kept_s
    seconds = asked["seconds"]
    try:
        expires = ExpiresAfter.model_validate({"anchor": asked["anchor"] or "created_at",
                                               "seconds": int(seconds) if seconds.isdecimal() and len(seconds) < 10 else seconds})
    except ValidationError as error:
        problem = first_problem(error)
        raise InvalidRequest(f"expires_after.{problem.message}", param=f"expires_after.{problem.param}") from None
    return form.upload, expires.seconds


def _text(fields: Mapping[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace").strip()


def _base_name(name: str) -> str:
    """Without folders and control characters, and short."""
    shown = "".join(character for character in name if character.isprintable())
    return shown.replace("\\", "/").rpartition("/")[2][-200:] or "file"
