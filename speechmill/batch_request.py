"""What a client may ask for with POST /v1/batches: OpenAI's fields, and `webhook` and `priority` of ours."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from speechmill.batch import ENDPOINT, BatchSpec
from speechmill.book_request import refuse_half_characters
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.request import BATCH_EVENTS, MAX_DEADLINE_S, MAX_METADATA_PAIRS, WebhookSpec, first_problem

_WINDOW = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class ExpiresAfter(BaseModel):
    """As OpenAI has it: how long files are kept, from when they were made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[StrictInt, Field(ge=3600, le=30 * 86_400)]


class BatchBody(BaseModel):
    """The request as it comes. Unknown fields are ignored, as OpenAI does."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    input_file_id: Annotated[StrictStr, Field(min_length=1, max_length=100)]
    endpoint: Annotated[StrictStr, Field(description=f"{ENDPOINT}, and no other")]
    completion_window: Annotated[StrictStr, Field(description="How long it may take: a number and s, m, h or d, at most 30d")]
    metadata: dict[Annotated[StrictStr, Field(max_length=64)], Annotated[StrictStr, Field(max_length=512)]] | None = None
    output_expires_after: ExpiresAfter | None = None
    webhook: WebhookSpec | None = None
    priority: Literal["interactive", "batch"] | None = None


def parse_batch(body: object) -> BatchSpec:
    """A request for a batch, checked; whether there is such a file is not known here. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object with input_file_id, endpoint and completion_window.", param="body")
    refuse_half_characters(body)
    try:
        asked = BatchBody.model_validate(_with_events(body))
    except ValidationError as error:
        raise first_problem(error) from None
    if asked.endpoint != ENDPOINT:
        raise InvalidRequest(f"endpoint must be {ENDPOINT}, not {asked.endpoint[:80]!r}: speech is what is made here.",
                             param="endpoint")
    metadata = asked.metadata or {}
    if len(metadata) > MAX_METADATA_PAIRS:
        raise InvalidRequest(f"metadata has {len(metadata)} pairs; at most {MAX_METADATA_PAIRS} are kept.", param="metadata")
    return BatchSpec(
        input_file_id=asked.input_file_id, completion_window=asked.completion_window,
        deadline=window_s(asked.completion_window), metadata=metadata, webhook=asked.webhook,
        expires_after=asked.output_expires_after.seconds if asked.output_expires_after else None,
        klass=JobClass(asked.priority) if asked.priority else JobClass.BATCH)


def window_s(window: str) -> int:
    """Seconds of "24h", "7d", "90m". Raises InvalidRequest."""
    match = _WINDOW.fullmatch(window)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= MAX_DEADLINE_S:
        raise InvalidRequest(f"completion_window must be a time such as 1h, 24h or 7d, of at most {MAX_DEADLINE_S // 86_400}d, "
                             f"not {window[:40]!r}.", param="completion_window")
    return seconds


def _with_events(body: Mapping[str, Any]) -> dict[str, Any]:
    """A batch tells of its end, where its client names no events."""
    webhook = body.get("webhook")
    if isinstance(webhook, dict) and "events" not in webhook:
        return {**body, "webhook": {**webhook, "events": list(BATCH_EVENTS)}}
    return dict(body)
