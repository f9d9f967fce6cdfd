"""What may be sent to /v1/admin, checked."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from starlette.requests import Request

from producer.body import decode_json, read_body
from speechmill.request import first_problem

B = TypeVar("B", bound=BaseModel)

LIMIT_BYTES = 64 * 1024
TEN_YEARS_S = 3650 * 86_400

Limit = Annotated[StrictInt | None, Field(ge=0, le=10**12)]


class KeyBody(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: Annotated[StrictStr, Field(description="1 to 63 of a-z, 0-9 and -.")]
    name: Annotated[StrictStr, Field(max_length=100, description="What it is for; for people.")] = ""
    scopes: Annotated[list[StrictStr], Field(description="Of speech, read, admin, metrics.")] = ["speech", "read"]
    expires_in_s: Annotated[StrictInt | None, Field(ge=1, le=TEN_YEARS_S, description="Seconds; null: never.")] = None


class LimitsBody(BaseModel):
    """A tenant's limits, all of them: what is left out or null is the default again, and 0 is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Annotated[float | None, Field(ge=0.01, le=1000, description="Its share of the workers beside others'.")] = None
    jobs: Annotated[Limit, Field(description="Queued and in progress at the same time.")] = None
    queued_jobs: Annotated[Limit, Field(description="Waiting at the same time.")] = None
    characters_a_day: Annotated[Limit, Field(description="Accepted on a day (UTC).")] = None
    requests_a_minute: Annotated[StrictInt | None, Field(ge=0, le=1_000_000, description="That make or change something.")] = None


async def read(request: Request, kind: type[B]) -> B:
    """Raises InvalidRequest, BodyTooLarge."""
    body: Any = decode_json(await read_body(request, LIMIT_BYTES))
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
