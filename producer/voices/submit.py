"""Accepting a voice: its recording into storage, SUBMIT, ring."""

from producer.desk import Desk
from producer.submit import accepted
from producer.voices.ask import AskedVoice
from speechmill.blobs.seam import recording_key
from speechmill.ids import new_id
from speechmill.job import Phase
from speechmill.store import verbs
from speechmill.store.verbs import Submission, Submitted


async def submit_voice(desk: Desk, asked: AskedVoice) -> Submitted:
    """Make the voice durable, or find the one that this request is a repetition of. Raises IdempotencyKeyReused, QueueFull,
    QuotaExceeded, Conflict (too many are kept), BlobsUnavailable, StoreUnavailable."""
    with desk.tracer.span("submit", "producer", asked.origin.traceparent) as span:
        submitted = await _submit(desk, asked, span.traceparent)
        span.tell(job_id=submitted.job_id, outcome=submitted.outcome, model=asked.spec.model)
    return accepted(desk, submitted)


async def _submit(desk: Desk, asked: AskedVoice, traceparent: str) -> Submitted:
    origin, spec, limits, voice_id = asked.origin, asked.spec, desk.settings.limits, new_id("voice")
    object_key = ""
    if asked.recording:
        # Under the voice's own id and a hash: nothing that came with the request is part of it.
        object_key = recording_key(origin.tenant, voice_id, asked.recording_sha256)
        await desk.storage.run(lambda: desk.storage.blobs.put(object_key, asked.recording, "application/octet-stream"))
    submitted = await desk.store.run(verbs.submit(Submission(
        job_id=voice_id, tenant=origin.tenant, spec=spec, phase=Phase.PLAN if asked.recording else Phase.WHOLE,
        characters=len(spec.said) + len(spec.instructions and spec.recorded_text), text="", input_key=object_key,
        request_id=origin.request_id, fingerprint=asked.fingerprint, route=origin.route,
        idempotency_key=origin.idempotency_key, attach=asked.sdk_retry, queue_limit=limits.queued_jobs, job_limit=limits.jobs,
        characters_a_day=limits.characters_a_day, idempotency_s=desk.settings.retention.idempotency_s, traceparent=traceparent,
        voice_limit=desk.settings.voices.kept)))
    if object_key and submitted.outcome != "created":
        await desk.storage.run(lambda: desk.storage.blobs.delete(object_key))
    return submitted
