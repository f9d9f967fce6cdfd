"""What /openapi.json says of webhook endpoints."""

from typing import Any

from producer.openapi import AFTER, answer, json_body, query, route
from producer.webhook_endpoints.bodies import ChangesBody, EndpointBody, RotationBody

_TIME = {"type": ["integer", "null"], "description": "Unix seconds."}
_TEXT = {"type": ["string", "null"]}
_ENDPOINT = {"type": "object", "required": ["id", "object", "url", "events", "enabled"], "properties": {
    "id": {"type": "string"}, "object": {"const": "webhook_endpoint"}, "url": {"type": "string"},
    "events": {"type": "array", "items": {"type": "string"}}, "description": {"type": "string"},
    "metadata": {"type": "object", "additionalProperties": {"type": "string"}}, "enabled": {"type": "boolean"},
    "disabled_at": _TIME, "disabled_reason": {"enum": [None, "requested", "gone", "failing"]},
    "failing_since": _TIME, "created_at": {"type": "integer"}, "secret_generation": {"type": "integer"},
    "older_secrets": {"type": "array", "items": {"type": "object", "properties": {
        "generation": {"type": "integer"}, "signs_until": {"type": "integer"}}}}}}
_WITH_SECRET = {**_ENDPOINT, "required": [*_ENDPOINT["required"], "secret"], "properties": {
    **_ENDPOINT["properties"],  # type: ignore[dict-item]  # both are what they look like
    "secret": {"type": "string", "description": "whsec_…; shown this once."}}}
_DELIVERY = {"type": "object", "required": ["id", "object", "state"], "properties": {
    "id": {"type": "string", "description": "The event's, as in webhook-id."}, "object": {"const": "webhook.delivery"},
    "state": {"enum": ["pending", "delivered", "dead", "withdrawn"]}, "type": {"type": "string"}, "job_id": _TEXT,
    "attempts": {"type": "integer"}, "created_at": {"type": "integer"}, "last_attempt_at": _TIME,
    "last_status": {"type": ["integer", "null"]}, "last_error": _TEXT, "last_duration_ms": {"type": ["integer", "null"]},
    "next_attempt_at": _TIME}}
_DELETED = {"type": "object", "required": ["id", "object", "deleted"], "properties": {
    "id": {"type": "string"}, "object": {"const": "webhook_endpoint.deleted"}, "deleted": {"const": True}}}
_LIMIT = query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["object", "data", "has_more"], "properties": {
        "object": {"const": "list"}, "data": {"type": "array", "items": of}, "first_id": _TEXT, "last_id": _TEXT,
        "has_more": {"type": "boolean"}}}


MAKE = route("Register a webhook endpoint; its secret is shown this once", {201: answer(_WITH_SECRET, "The endpoint.")},
             problems=(400, 409, 413, 503), body=json_body(EndpointBody)) | {"status_code": 201}
LIST = route("List webhook endpoints", {200: answer(_list(_ENDPOINT), "A page.")}, problems=(400, 503),
             parameters=(AFTER, _LIMIT))
GET = route("Look at a webhook endpoint", {200: answer(_ENDPOINT, "The endpoint.")}, problems=(404, 503))
CHANGE = route("Change a webhook endpoint, disable or enable it", {200: answer(_ENDPOINT, "The endpoint.")},
               problems=(400, 404, 413, 503), body=json_body(ChangesBody))
DELETE = route("Delete a webhook endpoint", {200: answer(_DELETED, "It is gone.")}, problems=(404, 503))
ROTATE = route("Give a webhook endpoint its next secret", {200: answer(_WITH_SECRET, "The endpoint.")},
               problems=(400, 404, 413, 503), body=json_body(RotationBody))
TEST = route("Send a test event", {202: answer(_DELIVERY, "It is on its way.")}, problems=(404, 409, 503)) | {"status_code": 202}
DELIVERIES = route("List what was sent to a webhook endpoint, of late", {200: answer(_list(_DELIVERY), "A page.")},
                   problems=(400, 404, 503), parameters=(AFTER, _LIMIT))
REDELIVER = route("Send an event to a webhook endpoint again", {202: answer(_DELIVERY, "It is on its way.")},
                  problems=(404, 409, 410, 503)) | {"status_code": 202}
