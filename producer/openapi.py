"""What the OpenAPI document says of each route. Bodies are validated by `speechmill.request`, whose schema is shown here."""

from typing import Any

from pydantic import BaseModel

from speechmill.request import CONTENT_TYPES, SpeechBody

PROBLEM = {"type": "object", "required": ["type", "title", "status", "detail", "error"], "properties": {
    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
    "instance": {"type": "string"},
    "error": {"type": "object", "required": ["message", "type", "param", "code"], "properties": {
        "message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string", "null"]},
        "code": {"type": "string"}, "job_id": {"type": "string"}}}}}
PROBLEM_REF = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_JOB = {"type": "object", "required": ["id", "object", "status", "progress"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.speech.job"}, "status": {"type": "string"},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100}}}
_JOB_LIST = {"type": "object", "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _JOB}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}

_TIME = {"type": "object", "required": ["text", "start", "end", "characters", "estimated"], "properties": {
    "text": {"type": "string"}, "start": {"type": "number"}, "end": {"type": "number"},
    "characters": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    "estimated": {"type": "boolean"}}}
TIMESTAMPS = {"type": "object", "required": ["duration_seconds", "sentences", "words"], "properties": {
    "duration_seconds": {"type": "number"}, "sentences": {"type": "array", "items": _TIME},
    "words": {"type": ["array", "null"], "items": _TIME}}}


def answer(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def route(summary: str, answers: dict[int | str, dict[str, Any]], *, problems: tuple[int, ...] = (),
          body: dict[str, Any] | None = None, parameters: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Keyword arguments for a route's decorator. `body`: schemas of what may be sent, by their content type."""
    responses = dict(answers)
    for status in problems:
        responses[status] = {"description": "An error.", "content": PROBLEM_REF}
    extra: dict[str, Any] = {"parameters": list(parameters)} if parameters else {}
    if body:
        extra["requestBody"] = {"required": True, "content": body}
    return {"summary": summary, "responses": responses, "openapi_extra": extra}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A request's body, as `route` takes it."""
    return {"application/json": {"schema": schema_of(model)}}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """A model's JSON schema, in one piece."""
    schema = model.model_json_schema()
    whole: dict[str, Any] = inlined(schema, schema.pop("$defs", {}))
    return whole


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Put what `$ref` points at in its place: FastAPI knows nothing of these definitions."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {name: inlined(part, definitions) for name, part in schema.items()}
    return [inlined(part, definitions) for part in schema] if isinstance(schema, list) else schema


def query(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


AUDIO: dict[str, Any] = {"description": "The audio.", "content": {kind: {"schema": {"type": "string", "format": "binary"}}
                                                   for kind in CONTENT_TYPES.values()}}
AUDIO_OR_TIMES = {"description": "The audio, or when what is heard in it.", "content": {
    **AUDIO["content"], "application/json": {"schema": TIMESTAMPS}, "text/vtt": {"schema": {"type": "string"}},
    "application/x-subrip": {"schema": {"type": "string"}}}}
PREFER = header("Prefer", "respond-async, or wait=N (seconds, at most 60)")
IDEMPOTENCY = header("Idempotency-Key", "1 to 255 characters; the same key and body give the same job for 24 hours")
AFTER = query("after", "the last id of the page before", {"type": "string"})

EVENT_STREAM: dict[str, Any] = {"text/event-stream": {"schema": {
    "type": "object", "description": "Of each event.", "required": ["data"], "properties": {
        "id": {"type": "string"}, "data": {"type": "string", "contentMediaType": "application/json"}}}}}
EVENTS: dict[str, Any] = {
    "answers": {200: {"description": "Server-sent events: a snapshot, then one for each change, until it has ended.",
                      "content": EVENT_STREAM},
                204: {"description": "It has ended, and its client has seen that."}},
    "problems": (404, 503),
    "parameters": (header("Last-Event-ID", "the id of the last event that was seen"),
                   query("starting_after", "the same, for clients that cannot set a header", {"type": "string"}))}
"""Of each route that answers with `producer.streams.events`."""

SPOKEN = {"description": "The audio; with stream_format from its first sound on, as it is or in events.",
          "content": AUDIO["content"] | EVENT_STREAM}
SPEECH = route("Speak a text and answer with the audio", {200: SPOKEN, 202: answer(_JOB, "The job, where the client prefers.")},
                problems=(400, 409, 413, 422, 429, 500, 503, 504), body=json_body(SpeechBody), parameters=(PREFER, IDEMPOTENCY))
CREATE_JOB = route("Create a job", {202: answer(_JOB, "Accepted and durable.")}, problems=(400, 413, 422, 429, 503),
                   body=json_body(SpeechBody), parameters=(IDEMPOTENCY,)) | {"status_code": 202}
LIST_JOBS = route("List jobs", {200: answer(_JOB_LIST, "A page.")}, problems=(400, 503), parameters=(
    AFTER, query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    query("order", "by age", {"enum": ["asc", "desc"], "default": "desc"}), query("status", "only these", {"type": "string"})))
GET_JOB = route("Look at a job", {200: answer(_JOB, "The job."), 304: {"description": "As If-None-Match says."}},
                 problems=(404, 503), parameters=(PREFER, header("If-None-Match", "the ETag of an earlier answer")))
JOB_EVENTS = route("Follow a job by server-sent events", **EVENTS)
CANCEL_JOB = route("Cancel a job", {200: answer(_JOB, "The job.")}, problems=(404, 409, 503))
RETRY_JOB = route("Queue what failed again", {200: answer(_JOB, "The job.")}, problems=(404, 409, 429, 503))
DELETE_JOB = route("Delete an ended job and its results", {200: answer({"type": "object"}, "It is gone.")},
                    problems=(404, 409, 503))
CONTENT = route("Download a result", {200: AUDIO_OR_TIMES, 206: AUDIO, 302: {"description": "To a signed URL."}},
                 problems=(400, 404, 409, 410, 503), parameters=(query("variant", "what to download", {
                     "enum": ["audio", "timestamps", "srt", "vtt"], "default": "audio"}),))
SEGMENTS = route("List a job's segments", {200: answer({"type": "object"}, "A page.")},
                 problems=(400, 404, 410, 503), parameters=(
    query("after", "number of the last segment of the page before", {"type": "integer"}),
    query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20})))
LIST_DELIVERIES = route("List webhook events that were given up", {200: answer({"type": "object"}, "A page.")},
                         problems=(400, 503), parameters=(
    query("after", "the last id of the page before", {"type": "string"}),
    query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    query("state", "of the events", {"enum": ["dead"], "default": "dead"})))
REPLAY_DELIVERY = route("Send a webhook event again that was given up", {202: answer({"type": "object"}, "It is on its way.")},
                         problems=(404, 409, 410, 503)) | {"status_code": 202}
MODELS = route("List models", {200: answer({"type": "object"}, "Models.")}, problems=(503,))
MODEL = route("Look at a model", {200: answer({"type": "object"}, "The model.")}, problems=(404, 503))
HEALTHZ = route("Liveness", {200: answer({"type": "object"}, "Alive.")})
READYZ = route("Readiness", {200: answer({"type": "object"}, "Ready."), 503: answer({"type": "object"}, "Not ready.")})
METRICS = route("Prometheus metrics", {200: {"description": "Metrics.", "content": {"text/plain": {}}}})
