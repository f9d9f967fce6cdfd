"""What the OpenAPI document says of each route. Bodies are validated by `speechmill.request`, whose schema is shown here."""

from typing import Any

from speechmill.request import CONTENT_TYPES, SpeechBody

_PROBLEM = {"type": "object", "required": ["type", "title", "status", "detail", "error"], "properties": {
    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
    "instance": {"type": "string"},
    "error": {"type": "object", "properties": {
        "message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string", "null"]},
        "code": {"type": "string"}, "job_id": {"type": "string"}}}}}
_JOB = {"type": "object", "required": ["id", "object", "status", "progress"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.speech.job"}, "status": {"type": "string"},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100}}}
_JOB_LIST = {"type": "object", "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _JOB}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}


def _json(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _route(summary: str, answers: dict[int | str, dict[str, Any]], *, problems: tuple[int, ...] = (),
           body: bool = False, parameters: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Keyword arguments for a route's decorator."""
    responses = dict(answers)
    for status in problems:
        responses[status] = {"description": "An error.", "content": {"application/problem+json": {"schema": _PROBLEM}}}
    extra: dict[str, Any] = {"parameters": list(parameters)} if parameters else {}
    if body:
        schema = SpeechBody.model_json_schema()
        definitions = schema.pop("$defs", {})
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": _inlined(schema, definitions)}}}
    return {"summary": summary, "responses": responses, "openapi_extra": extra}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Put what `$ref` points at in its place: FastAPI knows nothing of these definitions."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {name: _inlined(part, definitions) for name, part in schema.items()}
    return [_inlined(part, definitions) for part in schema] if isinstance(schema, list) else schema


def _query(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


_AUDIO = {"description": "The audio.", "content": {kind: {"schema": {"type": "string", "format": "binary"}}
                                                   for kind in CONTENT_TYPES.values()}}
_PREFER = _header("Prefer", "respond-async, or wait=N (seconds, at most 60)")
_IDEMPOTENCY = _header("Idempotency-Key", "1 to 255 characters; the same key and body give the same job for 24 hours")
_AFTER = _query("after", "the last id of the page before", {"type": "string"})

SPEECH = _route("Speak a text and answer with the audio", {200: _AUDIO, 202: _json(_JOB, "The job, where the client prefers.")},
                problems=(400, 409, 413, 422, 429, 500, 503, 504), body=True, parameters=(_PREFER, _IDEMPOTENCY))
CREATE_JOB = _route("Create a job", {202: _json(_JOB, "Accepted and durable.")}, problems=(400, 413, 422, 429, 503), body=True,
                    parameters=(_IDEMPOTENCY,)) | {"status_code": 202}
LIST_JOBS = _route("List jobs", {200: _json(_JOB_LIST, "A page.")}, problems=(400, 503), parameters=(
    _AFTER, _query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    _query("order", "by age", {"enum": ["asc", "desc"], "default": "desc"}), _query("status", "only these", {"type": "string"})))
GET_JOB = _route("Look at a job", {200: _json(_JOB, "The job."), 304: {"description": "As If-None-Match says."}},
                 problems=(404, 503), parameters=(_PREFER, _header("If-None-Match", "the ETag of an earlier answer")))
CANCEL_JOB = _route("Cancel a job", {200: _json(_JOB, "The job.")}, problems=(404, 409, 503))
RETRY_JOB = _route("Queue what failed again", {200: _json(_JOB, "The job.")}, problems=(404, 409, 503))
DELETE_JOB = _route("Delete an ended job and its results", {200: _json({"type": "object"}, "It is gone.")},
                    problems=(404, 409, 503))
CONTENT = _route("Download a result", {200: _AUDIO, 206: _AUDIO, 302: {"description": "To a signed URL."}},
                 problems=(400, 404, 409, 410, 503), parameters=(_query("variant", "what to download", {"enum": ["audio"]}),))
SEGMENTS = _route("List a job's segments", {200: _json({"type": "object"}, "A page.")}, problems=(400, 404, 503), parameters=(
    _query("after", "number of the last segment of the page before", {"type": "integer"}),
    _query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20})))
LIST_DELIVERIES = _route("List webhook events that were given up", {200: _json({"type": "object"}, "A page.")},
                         problems=(400, 503), parameters=(
    _query("after", "the last id of the page before", {"type": "string"}),
    _query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    _query("state", "of the events", {"enum": ["dead"], "default": "dead"})))
REPLAY_DELIVERY = _route("Send a webhook event again that was given up", {202: _json({"type": "object"}, "It is on its way.")},
                         problems=(404, 409, 410, 503)) | {"status_code": 202}
MODELS = _route("List models", {200: _json({"type": "object"}, "Models.")}, problems=(503,))
MODEL = _route("Look at a model", {200: _json({"type": "object"}, "The model.")}, problems=(404, 503))
VOICES = _route("List voices", {200: _json({"type": "object"}, "Voices.")}, problems=(400, 503), parameters=(
    _query("model", "only of this model", {"type": "string"}),))
HEALTHZ = _route("Liveness", {200: _json({"type": "object"}, "Alive.")})
READYZ = _route("Readiness", {200: _json({"type": "object"}, "Ready."), 503: _json({"type": "object"}, "Not ready.")})
METRICS = _route("Prometheus metrics", {200: {"description": "Metrics.", "content": {"text/plain": {}}}})
