"""What /openapi.json says of the routes of batches."""

from producer.openapi import AFTER, EVENTS, IDEMPOTENCY, PREFER, answer, json_body, query, route
from speechmill.batch_request import BatchBody

_TIME = {"type": ["integer", "null"]}
_FILE = {"type": ["string", "null"]}
_BATCH = {"type": "object", "required": ["id", "object", "endpoint", "status", "input_file_id", "completion_window",
                                          "created_at", "request_counts"], "properties": {
    "id": {"type": "string"}, "object": {"const": "batch"}, "endpoint": {"type": "string"},
    "status": {"enum": ["validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"]},
    "input_file_id": {"type": "string"}, "completion_window": {"type": "string"}, "created_at": {"type": "integer"},
    **{f"{name}_at": _TIME for name in ("in_progress", "expires", "finalizing", "completed", "failed", "expired", "cancelling",
                                        "cancelled")},
    **{f"{name}_file_id": _FILE for name in ("output", "error", "manifest", "archive")},
    "errors": {"type": ["object", "null"]},
    "request_counts": {"type": "object", "properties": {
        "total": {"type": "integer"}, "completed": {"type": "integer"}, "failed": {"type": "integer"}}},
    "metadata": {"type": "object", "additionalProperties": {"type": "string"}}}}
_BATCH_LIST = {"type": "object", "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _BATCH}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}
_SOUND = {"description": "The sound.", "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}

CREATE_BATCH = route("Create a batch", {200: answer(_BATCH, "Accepted and durable.")}, problems=(400, 413, 422, 429, 503),
                     body=json_body(BatchBody), parameters=(IDEMPOTENCY,))
LIST_BATCHES = route("List batches", {200: answer(_BATCH_LIST, "A page.")}, problems=(400, 503), parameters=(
    AFTER, query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})))
GET_BATCH = route("Look at a batch", {200: answer(_BATCH, "The batch.")}, problems=(404, 503), parameters=(PREFER,))
BATCH_EVENTS = route("Follow a batch by server-sent events", **EVENTS)
CANCEL_BATCH = route("Cancel a batch", {200: answer(_BATCH, "The batch.")}, problems=(404, 409, 503))
DELETE_BATCH = route("Delete an ended batch, the sound of its lines and the files that it made",
                     {200: answer({"type": "object"}, "It is gone.")}, problems=(404, 409, 503))
LINE_CONTENT = route("Download the sound of one line", {200: _SOUND, 206: _SOUND, 302: {"description": "To a signed URL."}},
                     problems=(404, 409, 410, 503))
