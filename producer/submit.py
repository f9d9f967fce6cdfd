"""Accepting a job: read, validate, store the input, SUBMIT, ring. Nothing is enqueued unless everything is right."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from producer.allowance import Allowance, until_midnight_s
from producer.body import decode_json, read_body
from producer.desk import Desk, caller_of
from producer.lexicons.routes import check_lexicons
from producer.references import keep_reference
from producer.voices.known import known_voices
from speechmill.address import Policy, check_at_submit
from speechmill.blobs.seam import input_key
from speechmill.errors import Conflict, IdempotencyKeyReused, InvalidRequest, QueueFull, QuotaExceeded
from speechmill.ids import new_id
from speechmill.job import JobClass, Phase
from speechmill.request import Limits, Parsed, SpeechSpec, StreamFormat, fingerprint, fits_one_segment, parse_speech
from speechmill.store import verbs
from speechmill.store.verbs import Submission, Submitted

LARGE_BYTES = 64 * 1024
"""Bodies above this are validated on a thread, so that one of them does not hold up everybody else."""


@dataclass(frozen=True)
class Asked:
    """A request that has passed every check."""

    tenant: str
    allowance: Allowance
    text: str
    spec: SpeechSpec
    reference_audio: bytes
    fingerprint: str
    idempotency_key: str
    sdk_retry: bool
    traceparent: str
    stream_format: StreamFormat | None = None


async def ask(desk: Desk, request: Request, limits: Limits, default_class: JobClass) -> Asked:
    """Read and validate a speech request. Raises InvalidRequest, BodyTooLarge, NoCatalogue, StoreUnavailable."""
    key = idempotency_key(request)
    raw = await read_body(request, desk.settings.limits.body_bytes)
    catalogue = await desk.catalogue()

    body = await asyncio.to_thread(decode_json, raw) if len(raw) > LARGE_BYTES else decode_json(raw)
    caller = caller_of(request)
    voices = await known_voices(desk, caller.tenant, body)

    def check() -> tuple[Parsed, str]:
        return parse_speech(body, catalogue, limits, default_class, voices), fingerprint(body)

    parsed, print_ = await asyncio.to_thread(check) if len(raw) > LARGE_BYTES else check()
    if parsed.spec.webhook:
        await check_webhook(desk, parsed.spec.webhook.url)
    await check_lexicons(desk, caller.tenant, parsed.spec.lexicon_ids)
    sdk_retry = desk.settings.producer.attach_sdk_retries and request.headers.get("x-stainless-retry-count", "0") not in ("", "0")
    return Asked(caller.tenant, caller.allowance, parsed.text, parsed.spec, parsed.reference_audio, print_, key, sdk_retry,
                 request.state.traceparent, parsed.stream_format)


async def submit(desk: Desk, asked: Asked, request_id: str, *, route: str, waiter: str = "") -> Submitted:
    """Make the job durable, or find the one that this request is a repetition of."""
    with desk.tracer.span("submit", "producer", asked.traceparent) as span:
        submitted = await _submit(desk, asked, request_id, route, waiter, span.traceparent)
        span.tell(job_id=submitted.job_id, outcome=submitted.outcome, model=asked.spec.model, job_class=asked.spec.klass.value,
                  characters=len(asked.text))
    asked.allowance.note(submitted)
    return accepted(desk, submitted)


def accepted(desk: Desk, submitted: Submitted) -> Submitted:
    """Ring for a job that is in the store now. Raises IdempotencyKeyReused, QueueFull, QuotaExceeded, Conflict where it is
    not."""
    if submitted.outcome == "reused":
        raise IdempotencyKeyReused("This Idempotency-Key was used with another body; use a new key.", param="Idempotency-Key",
                                   job_id=submitted.job_id)
    check_room(submitted.outcome, submitted.limit)
    if submitted.outcome == "spent":
        raise QuotaExceeded(f"{submitted.limit:,} characters may be accepted a day, and fewer are left of today than this would "
                            f"take; the next day begins in {-(-until_midnight_s() // 60)} minutes (UTC).", retry_after_s=60)
    if submitted.outcome == "many":
        raise Conflict(f"{submitted.limit:,} voices may be kept, and a hundred that failed beside them; delete one first.",
                       code="too_many_voices")
    desk.doorbell.ring(submitted.bells)
    return submitted


def check_room(outcome: str, limit: int) -> None:
    """`outcome`: of SUBMIT or RETRY. Raises QueueFull."""
    if outcome == "full":
        raise QueueFull(f"{limit:,} jobs are waiting already; try again later.", retry_after_s=30)
    if outcome == "busy":
        raise QueueFull(f"{limit:,} jobs are queued or in progress already, and more may not be at a time; try again "
                        "when one has ended.", retry_after_s=5)


async def _submit(desk: Desk, asked: Asked, request_id: str, route: str, waiter: str, traceparent: str) -> Submitted:
    job_id = new_id("speech")
    text, object_key = asked.text, ""
    encoded = text.encode()
    if len(encoded) > desk.settings.limits.inline_bytes:
        text, object_key = "", input_key(asked.tenant, job_id)
        await desk.storage.run(lambda: desk.storage.blobs.put(object_key, encoded, "text/plain; charset=utf-8"))
    if asked.spec.reference and asked.reference_audio:
        await keep_reference(desk, asked.tenant, asked.spec.reference, asked.reference_audio)
    submitted = await desk.store.run(verbs.submit(Submission(
        job_id=job_id, tenant=asked.tenant, spec=asked.spec,
        phase=Phase.WHOLE if asked.spec.streamed or fits_one_segment(asked.text) else Phase.PLAN,
        characters=len(asked.text), text=text, input_key=object_key, request_id=request_id,
        fingerprint=asked.fingerprint, route=route, idempotency_key=asked.idempotency_key,
        attach=asked.sdk_retry, waiter=waiter, queue_limit=desk.settings.limits.queued_jobs,
        job_limit=desk.settings.limits.jobs, characters_a_day=desk.settings.limits.characters_a_day,
        idempotency_s=desk.settings.retention.idempotency_s, traceparent=traceparent)))
    if object_key and submitted.outcome != "created":
        await desk.storage.run(lambda: desk.storage.blobs.delete(object_key))
    return submitted


async def check_webhook(desk: Desk, url: str, param: str = "webhook.url") -> None:
    """Raises InvalidRequest for an address that events must not be posted to."""
    webhooks = desk.settings.webhooks
    if not webhooks.secret.get_secret_value():
        raise InvalidRequest("This server sends no webhooks: it has no secret to sign them with "
                             "(SPEECHMILL_WEBHOOKS__SECRET). Leave webhook out and poll.", param=param.partition(".")[0])
    await check_at_submit(url, Policy.of(webhooks), desk.lookup, param=param)


def idempotency_key(request: Request) -> str:
    """Raises InvalidRequest for a key that is empty or over 255 characters."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if not 1 <= len(key) <= 255:
        raise InvalidRequest(f"Idempotency-Key has {len(key)} characters; send 1 to 255.", param="Idempotency-Key")
    return key
