"""What /openapi.json says of the routes of files."""

from producer.openapi import AFTER, answer, query, route
from speechmill.file import PURPOSES

_FILE = {"type": "object", "required": ["id", "object", "bytes", "created_at", "filename", "purpose"], "properties": {
    "id": {"type": "string"}, "object": {"const": "file"}, "bytes": {"type": "integer"}, "created_at": {"type": "integer"},
    "expires_at": {"type": ["integer", "null"]}, "filename": {"type": "string"}, "purpose": {"enum": list(PURPOSES)},
    "status": {"const": "processed"}}}
_FILE_LIST = {"type": "object", "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _FILE}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}
_UPLOAD = {"multipart/form-data": {"schema": {"type": "object", "required": ["file", "purpose"], "properties": {
    "file": {"type": "string", "format": "binary", "description": "One request a line, JSON."},
    "purpose": {"enum": ["batch"]},
    "expires_after[anchor]": {"enum": ["created_at"]},
    "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 30 * 86_400}}}}}
_BYTES = {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}

UPLOAD_FILE = route("Upload a file", {200: answer(_FILE, "The file.")}, problems=(400, 409, 413, 429, 503), body=_UPLOAD)
LIST_FILES = route("List files", {200: answer(_FILE_LIST, "A page.")}, problems=(400, 503), parameters=(
    AFTER, query("limit", "how many; a page has 1,000 at most",
                 {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000}),
    query("order", "by age", {"enum": ["asc", "desc"], "default": "desc"}),
    query("purpose", "only these", {"enum": list(PURPOSES)})))
GET_FILE = route("Look at a file", {200: answer(_FILE, "The file.")}, problems=(404, 503))
DELETE_FILE = route("Delete a file", {200: answer({"type": "object"}, "It is gone.")}, problems=(404, 503))
FILE_CONTENT = route("Download a file", {200: _BYTES, 206: _BYTES, 302: {"description": "To a signed URL."}},
                     problems=(404, 410, 416, 503))
