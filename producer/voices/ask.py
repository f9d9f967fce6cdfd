"""A request for a voice of one's own, read and checked. Nothing is stored before all of it is right."""

import asyncio
import time
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request

from producer.body import decode_json, read_body
from producer.books.form import Form, read_form
from producer.books.parts import FormLimits
from producer.books.submit import Origin
from producer.desk import Desk
from producer.submit import idempotency_key
from speechmill.errors import InvalidRequest
from speechmill.request import fingerprint
from speechmill.voice import VoiceSpec
from speechmill.voice_file import check_file
from speechmill.voice_request import parse_design, parse_upload

SAMPLE = "audio_sample"
FIELDS_BYTES = 64 * 1024
"""Of all fields but the recording."""


@dataclass(frozen=True)
class AskedVoice:
    """A request that has passed every check that needs no decoding. `recording`: as it came; empty for one to be designed."""

    origin: Origin
    fingerprint: str
    spec: VoiceSpec
    sdk_retry: bool
    recording: bytes = b""
    recording_sha256: str = ""


async def ask_upload(desk: Desk, request: Request) -> AskedVoice:
    """Raises InvalidRequest, BodyTooLarge, NoCatalogue, StoreUnavailable, Unavailable."""
    origin = Origin.of(request, idempotency_key(request), route="voices")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise InvalidRequest(f"Send a form (multipart/form-data) with {SAMPLE} as a file, name, consent and, best, ref_text.",
                             param="Content-Type", code="unsupported_content_type")
    limit_bytes = desk.settings.voices.file_bytes
    async with read_form(request, FormLimits(limit_bytes, limit_bytes + FIELDS_BYTES)) as form:
        recording = _recording(form)
        fields = {name: _text(name, content) for name, content in form.fields.items() if name != SAMPLE}
    check_file(recording, limit_bytes)
    spec = parse_upload(fields, await desk.catalogue(), int(time.time()))
    digest = await asyncio.to_thread(lambda: sha256(recording).hexdigest())
    return AskedVoice(origin, fingerprint({**fields, SAMPLE: digest}), spec, _is_sdk_retry(desk, request), recording, digest)


async def ask_design(desk: Desk, request: Request) -> AskedVoice:
    """Raises InvalidRequest, BodyTooLarge, NoCatalogue, StoreUnavailable."""
    origin = Origin.of(request, idempotency_key(request), route="voices/design")
    body = decode_json(await read_body(request, desk.settings.limits.body_bytes))
    spec = parse_design(body, await desk.catalogue())
    return AskedVoice(origin, fingerprint(body), spec, _is_sdk_retry(desk, request))


def _is_sdk_retry(desk: Desk, request: Request) -> bool:
    return desk.settings.producer.attach_sdk_retries and request.headers.get("x-stainless-retry-count", "0") not in ("", "0")


def _recording(form: Form) -> bytes:
    if form.upload is not None:
        raise InvalidRequest(f"The recording must be sent as {SAMPLE}, not as file.", param="file")
    if SAMPLE not in form.fields:
        raise InvalidRequest(f"{SAMPLE} is missing; send 1 to 30 s of speech as a file (curl: -F {SAMPLE}=@voice.wav).",
                             param=SAMPLE, code="missing_field")
    if SAMPLE not in form.files:
        raise InvalidRequest(f"{SAMPLE} must be sent as a file (curl: -F {SAMPLE}=@voice.wav).", param=SAMPLE)
    return form.fields[SAMPLE]


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name[:80]} is not UTF-8 (byte {error.start}).", param=name[:80]) from None
