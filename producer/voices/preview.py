"""What a voice sounds like: of one's own, what it said when it was made; of the catalogue's, a sentence that is spoken once."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.content import audio_response, object_response
from producer.desk import Desk, caller_of, desk_of, tenant_of
from producer.submit import Asked, submit
from producer.voices.find import catalogue_voice, find_voice
from producer.voices.openapi import PREVIEW_VOICE
from producer.waiting import finished, wait_for
from speechmill.catalogue import ModelInfo, VoiceInfo
from speechmill.errors import Conflict
from speechmill.job import Job, JobClass, Status
from speechmill.own_voice import is_own
from speechmill.request import Limits, fingerprint, parse_speech
from speechmill.view import has_expired
from speechmill.voice import Voice
from speechmill.voice_samples import sample_language, sample_text
from speechmill.voice_view import VOICES_PATH

router = APIRouter(prefix=VOICES_PATH)


@router.get("/{voice_id}/preview", **PREVIEW_VOICE)
async def preview(request: Request, voice_id: str) -> Response:
    """MP3. `?language=` and `?model=` are for voices of the catalogue."""
    desk, query = desk_of(request), request.query_params
    if is_own(voice_id):
        return await _own(desk, request, await find_voice(desk, voice_id, tenant_of(request)))
    catalogue = await desk.catalogue()
    voice, model = catalogue_voice(voice_id, query.get("model", ""), catalogue)
    if model.reference == "required" or model.instructions == "required":
        raise Conflict(f"{voice.id!r} has no sound of its own: model {model.id!r} speaks with the voice that a request "
                       f"{'brings' if model.reference == 'required' else 'describes'}.", code="no_preview")
    asked = await _asked(desk, request, voice, model, query.get("language", ""))
    return await audio_response(desk, request, await _spoken(desk, request, asked))


async def _own(desk: Desk, request: Request, voice: Voice) -> Response:
    if voice.state == "failed":
        raise Conflict(f"Voice {voice.id!r} could not be made: {voice.known().reason}", code="voice_not_ready")
    if voice.preview is None:
        raise Conflict(f"Voice {voice.id!r} is still being prepared.", code="voice_not_ready")
    said = voice.preview
    headers = {"Content-Disposition": f'inline; filename="{voice.id}.mp3"', "Cache-Control": "private, no-cache"}
    return await object_response(desk, request, said.key, said.bytes, said.content_type, headers)


async def _asked(desk: Desk, request: Request, voice: VoiceInfo, model: ModelInfo, language: str) -> Asked:
    """An ordinary job, always the same one of this voice in this language: it is found, not spoken, the next time."""
    tag = model.language(language) if language else sample_language(voice.languages or model.languages)
    body = {"input": sample_text(tag), "model": model.id, "voice": voice.id, "language": tag, "response_format": "mp3", "seed": 0,
            "metadata": {"preview_of": voice.id}}
    parsed = parse_speech(body, await desk.catalogue(), Limits(1000), JobClass.INTERACTIVE)
    caller = caller_of(request)
    return Asked(caller.tenant, caller.allowance, parsed.text, parsed.spec, b"", fingerprint(body),
                 idempotency_key=fingerprint([body, model.revision]), sdk_retry=False, traceparent=request.state.traceparent)


async def _spoken(desk: Desk, request: Request, asked: Asked) -> Job:
    """Raises what a sync client is told when there is no sound."""
    job = await _ended(desk, request, asked)
    if has_expired(job, desk.viewpoint(request).now_s) or (job.ended and job.status is not Status.COMPLETED):
        # That one is remembered longer than it is good for: what comes after it is found by its id.
        job = await _ended(desk, request, replace(asked, idempotency_key=fingerprint([asked.idempotency_key, job.id])))
    return finished(job)


async def _ended(desk: Desk, request: Request, asked: Asked) -> Job:
    submitted = await submit(desk, asked, request.state.request_id, route="preview")
    with desk.feed.watching(submitted.job_id, until_end=True) as watch:
        return await wait_for(desk, watch, submitted.job_id, asked.tenant, lambda job: job.ended,
                              desk.settings.producer.sync_timeout_s)
