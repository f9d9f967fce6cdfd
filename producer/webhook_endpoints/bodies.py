"""What may be sent to /v1/webhook_endpoints, checked."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError
from starlette.requests import Request

from producer.body import decode_json, read_body
from speechmill.request import MAX_METADATA_PAIRS, first_problem
from speechmill.webhook_endpoint import ALL

B = TypeVar("B", bound=BaseModel)

LIMIT_BYTES = 64 * 1024
DAY_S = 86_400

Url = Annotated[StrictStr, Field(min_length=1, max_length=2048, description="https, port 443 or 8443, a public address.")]
Events = Annotated[list[StrictStr], Field(min_length=1, max_length=100, description=(
    "Types, groups such as speech.job.*, or * for all. Groups and * leave progress out, which wants to be named."))]
Description = Annotated[StrictStr, Field(max_length=512, description="For people.")]
Metadata = Annotated[dict[Annotated[StrictStr, Field(max_length=64)], Annotated[StrictStr, Field(max_length=512)]],
                     Field(max_length=MAX_METADATA_PAIRS)]


class EndpointBody(BaseModel):
    """An endpoint to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url
    events: Events = [ALL]
    description: Description = ""
    metadata: Metadata = {}


class ChangesBody(BaseModel):
    """What is to be different; what is left out stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    metadata: Metadata | None = None
    enabled: Annotated[StrictBool | None, Field(description=(
        "false: it is sent nothing more, and what waits for it is withdrawn."))] = None


class RotationBody(BaseModel):
    """How to change to the next secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap_s: Annotated[StrictInt, Field(ge=0, le=30 * DAY_S, description=(
        "How long the secrets before it sign as well, seconds; 0: they are known to others and end now."))] = DAY_S


async def read(request: Request, kind: type[B]) -> B:
    """No body at all is {}. Raises InvalidRequest, BodyTooLarge."""
    raw = await read_body(request, LIMIT_BYTES)
    try:
        return kind.model_validate(decode_json(raw) if raw.strip() else {})
    except ValidationError as error:
        raise first_problem(error) from None
