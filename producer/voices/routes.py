"""/v1/audio/voices: list, make of a recording or a description, look, describe, delete."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.body import decode_json, read_body
from producer.desk import Desk, desk_of, tenant_of
from producer.prefer import parse_prefer
from producer.voices.ask import ask_design, ask_upload
from producer.voices.find import catalogue_voice, find_voice, settled_voice, voice_not_found
from producer.voices.openapi import CREATE_VOICE, DELETE_VOICE, DESCRIBE_VOICE, DESIGN_VOICE, GET_VOICE, LIST_VOICES
from producer.voices.submit import submit_voice
from speechmill.blobs.seam import voice_prefixes
from speechmill.errors import BlobsUnavailable, Conflict
from speechmill.own_voice import is_own
from speechmill.store import verbs
from speechmill.store.verbs import Submitted
from speechmill.store.voices import delete_voice as deleted
from speechmill.store.voices import describe, look_at_voice
from speechmill.voice import Voice
from speechmill.voice_request import parse_description
from speechmill.voice_view import VOICES_PATH, catalogue_voice_view, own_voice_view

router = APIRouter()

MOST_KEPT = 1000
"""Of one tenant, whatever the settings say."""


@router.get(VOICES_PATH, **LIST_VOICES)
@router.get("/audio/voices", include_in_schema=False)
async def list_voices(request: Request) -> Response:
    """The voices of all models, or of `?model=`, and then the tenant's own, the oldest first."""
    desk = desk_of(request)
    catalogue, base_url = await desk.catalogue(), desk.viewpoint(request).base_url
    wanted = request.query_params.get("model", "")
    models = (catalogue.model(wanted),) if wanted else catalogue.models
    own = [voice for voice in await _own_voices(desk, tenant_of(request))
           if not wanted or voice.spec.for_model == models[0].id]
    voices = [catalogue_voice_view(voice, model, base_url) for model in models for voice in model.voices]
    voices += [own_voice_view(voice, base_url) for voice in own]
    return JSONResponse({"object": "list", "voices": voices, "data": voices})


async def _own_voices(desk: Desk, tenant: str) -> list[Voice]:
    ids = await desk.store.run(verbs.list_jobs(tenant, status="", after="", limit=MOST_KEPT, newest_first=False, kind="voices"))
    voices = await desk.store.run_all([look_at_voice(voice_id, tenant) for voice_id in ids or ()])
    return [voice for voice in voices if voice]


@router.post(VOICES_PATH, **CREATE_VOICE)
async def create_voice(request: Request) -> Response:
    desk = desk_of(request)
    return await _made(desk, request, await submit_voice(desk, await ask_upload(desk, request)))


@router.post(VOICES_PATH + "/design", **DESIGN_VOICE)
async def design_voice(request: Request) -> Response:
    desk = desk_of(request)
    return await _made(desk, request, await submit_voice(desk, await ask_design(desk, request)))


async def _made(desk: Desk, request: Request, submitted: Submitted) -> Response:
    """The voice as it is now; with `Prefer: wait=N`, once it is ready or has failed."""
    preference = parse_prefer(request.headers.get("prefer", ""))
    voice = await settled_voice(desk, submitted.job_id, tenant_of(request), preference.wait_s)
    headers = {"Location": f"{VOICES_PATH}/{voice.id}", "Vary": "Prefer"}
    if preference.wait_s is not None:
        headers["Preference-Applied"] = preference.applied
    if submitted.outcome != "created":
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(own_voice_view(voice, desk.viewpoint(request).base_url), status_code=201, headers=headers)


@router.get(VOICES_PATH + "/{voice_id}", **GET_VOICE)
async def get_voice(request: Request, voice_id: str) -> Response:
    """Long-polls a voice of one's own with `Prefer: wait=N`, until it is ready or has failed."""
    desk, base_url = desk_of(request), desk_of(request).viewpoint(request).base_url
    if not is_own(voice_id):
        voice, model = catalogue_voice(voice_id, request.query_params.get("model", ""), await desk.catalogue())
        return JSONResponse(catalogue_voice_view(voice, model, base_url))
    preference = parse_prefer(request.headers.get("prefer", ""))
    own = await settled_voice(desk, voice_id, tenant_of(request), preference.wait_s)
    headers = {"Vary": "Prefer", "Cache-Control": "no-cache"}
    if preference.wait_s is not None:
        headers["Preference-Applied"] = preference.applied
    return JSONResponse(own_voice_view(own, base_url), headers=headers)


@router.patch(VOICES_PATH + "/{voice_id}", **DESCRIBE_VOICE)
async def describe_voice(request: Request, voice_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)
    body = decode_json(await read_body(request, desk.settings.limits.body_bytes))
    voice = await find_voice(desk, voice_id, tenant)
    if not await desk.store.run(describe(voice, parse_description(body, voice.spec))):
        raise Conflict("The voice was changed by somebody else meanwhile; look at it again.", code="voice_changed")
    return JSONResponse(own_voice_view(await find_voice(desk, voice_id, tenant), desk.viewpoint(request).base_url))


@router.delete(VOICES_PATH + "/{voice_id}", **DELETE_VOICE)
async def delete_voice(request: Request, voice_id: str) -> Response:
    """Nobody finds it from now on. Jobs that were accepted with it speak with it to their end; then its objects go."""
    desk, tenant = desk_of(request), tenant_of(request)
    outcome, bells = await desk.store.run(deleted(voice_id, tenant))
    desk.doorbell.ring(bells)
    if outcome == "missing":
        raise voice_not_found(voice_id)
    if outcome == "free":
        await _delete_objects(desk, voice_id, tenant)
    return JSONResponse({"id": voice_id, "object": "audio.voice.deleted", "deleted": True})


async def _delete_objects(desk: Desk, voice_id: str, tenant: str) -> None:
    """And then the record, which the reaper finds them by, should this not come to its end."""
    def delete() -> None:
        for prefix in voice_prefixes(tenant, voice_id):
            desk.storage.blobs.delete_prefix(prefix)

    try:
        await desk.storage.run(delete)
    except BlobsUnavailable:
        return
    await desk.store.run(verbs.reaped(voice_id))
