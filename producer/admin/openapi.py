"""What /openapi.json says of keys, tenants and usage."""

from typing import Any

from producer.admin.bodies import KeyBody, LimitsBody
from producer.openapi import AFTER, answer, json_body, query, route

_TIME = {"type": ["integer", "null"]}
_KEY = {"type": "object", "required": ["id", "object", "tenant", "scopes"], "properties": {
    "id": {"type": "string"}, "object": {"const": "api_key"}, "tenant": {"type": "string"}, "name": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}}, "created_at": _TIME, "last_used_at": _TIME, "expires_at": _TIME,
    "revoked_at": _TIME, "key": {"type": "string", "description": "Only where it was just made."}}}
_TENANT = {"type": "object", "required": ["id", "object", "limits"], "properties": {
    "id": {"type": "string"}, "object": {"const": "tenant"}, "limits": {"type": "object"}}}
_COUNTS: dict[str, Any] = {**{name: {"type": "integer"} for name in ("jobs", "characters", "spoken_characters")},
                           "audio_seconds": {"type": "number"}}
_USAGE = {"type": "object", "required": ["object", "tenant", "total", "data"], "properties": {
    "object": {"const": "usage"}, "tenant": {"type": "string"}, "total": {"type": "object", "properties": _COUNTS},
    "data": {"type": "array", "items": {"type": "object", "properties": {"date": {"type": "string"}, **_COUNTS}}}}}
_LIMIT = query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
_DAYS = query("days", "how many, today among them", {"type": "integer", "minimum": 1, "maximum": 400, "default": 30})
_ONE_TENANT = query("tenant", "only of this one", {"type": "string"})


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["object", "data", "has_more"], "properties": {
        "object": {"const": "list"}, "data": {"type": "array", "items": of}, "first_id": {"type": ["string", "null"]},
        "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}


MAKE_KEY = route("Make an API key; it is shown this once", {201: answer(_KEY, "The key.")}, problems=(400, 413, 503),
                 body=json_body(KeyBody)) | {"status_code": 201}
LIST_KEYS = route("List API keys", {200: answer(_list(_KEY), "A page.")}, problems=(400, 503),
                  parameters=(_ONE_TENANT, AFTER, _LIMIT))
REVOKE_KEY = route("Revoke an API key", {200: answer(_KEY, "The key.")}, problems=(404, 503))
LIST_TENANTS = route("List tenants", {200: answer(_list(_TENANT), "A page.")}, problems=(400, 503), parameters=(AFTER, _LIMIT))
GET_TENANT = route("Look at a tenant's limits", {200: answer(_TENANT, "The tenant.")}, problems=(400, 503))
SET_TENANT = route("Set a tenant's limits, all of them", {200: answer(_TENANT, "The tenant.")}, problems=(400, 413, 503),
                   body=json_body(LimitsBody))
ALL_USAGE = route("What tenants used, by day", {200: answer(_list(_USAGE), "A page of tenants.")}, problems=(400, 503),
                  parameters=(_ONE_TENANT, _DAYS, AFTER, _LIMIT))
USAGE = route("What you used, by day", {200: answer(_USAGE, "Your usage.")}, problems=(400, 503), parameters=(_DAYS,))
