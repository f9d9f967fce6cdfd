"""Accepting a batch. Its lines are looked at by a worker, which says of each that is wrong what would be right."""

from starlette.requests import Request

from producer.body import decode_json, read_body
from producer.desk import Desk, caller_of
from producer.files.routes import find_file
from producer.submit import accepted, check_webhook, idempotency_key
from speechmill.batch import BatchSpec
from speechmill.batch_request import parse_batch
from speechmill.errors import InvalidRequest, NoCatalogue, NotFound
from speechmill.ids import new_id
from speechmill.job import Phase
from speechmill.request import fingerprint
from speechmill.store import verbs
from speechmill.store.verbs import Submission, Submitted

COST_CHARACTERS = 1000
"""Of reading a batch's file, feeding and finishing it, each time: what its lines cost is charged when they are spoken."""


async def submit_batch(desk: Desk, request: Request) -> Submitted:
    """Make the batch durable, or find the one that this request is a repetition of. Raises InvalidRequest, BodyTooLarge,
    NoCatalogue, IdempotencyKeyReused, QueueFull, QuotaExceeded, StoreUnavailable."""
    key = idempotency_key(request)
    body = decode_json(await read_body(request, desk.settings.limits.body_bytes))
    spec = parse_batch(body)
    await _check(desk, request, spec)
    retried = request.headers.get("x-stainless-retry-count", "0") not in ("", "0")
    limits, caller = desk.settings.limits, caller_of(request)
    with desk.tracer.span("submit", "producer", request.state.traceparent) as span:
        submitted = await desk.store.run(verbs.submit(Submission(
            job_id=new_id("batch"), tenant=caller.tenant, spec=spec, phase=Phase.PLAN, characters=COST_CHARACTERS, text="",
            input_key="", request_id=request.state.request_id, fingerprint=fingerprint(body), route="batches",
            idempotency_key=key, attach=retried and desk.settings.producer.attach_sdk_retries,
            queue_limit=limits.queued_jobs, job_limit=limits.jobs, characters_a_day=limits.characters_a_day,
            idempotency_s=desk.settings.retention.idempotency_s, traceparent=span.traceparent)))
        span.tell(job_id=submitted.job_id, outcome=submitted.outcome, job_class=spec.klass.value)
    caller.allowance.note(submitted)
    return accepted(desk, submitted)


async def _check(desk: Desk, request: Request, spec: BatchSpec) -> None:
    """What is known only here. Raises InvalidRequest, NoCatalogue, StoreUnavailable."""
    try:
        file = await find_file(desk, spec.input_file_id, caller_of(request).tenant)
    except NotFound as error:
        raise InvalidRequest(error.message, param="input_file_id", code="file_not_found") from None
    if file.purpose != "batch":
        raise InvalidRequest(f"input_file_id names a file of purpose {file.purpose}; upload one of purpose batch.",
                             param="input_file_id")
    if spec.webhook:
        await check_webhook(desk, spec.webhook.url)
    if not (await desk.catalogue()).models:
        raise NoCatalogue("No speech worker has been here yet, so nothing is known of models and voices; try again soon.")
