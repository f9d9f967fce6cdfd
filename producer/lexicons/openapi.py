"""What /openapi.json says of lexicons."""

from producer.openapi import answer, route

_LEXICON = {"type": "object", "required": ["id", "object", "entries", "bytes", "sha256", "updated_at"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.lexicon"}, "entries": {"type": "integer"}, "bytes": {"type": "integer"},
    "sha256": {"type": "string"}, "updated_at": {"type": "integer"},
    "content": {"type": "array", "description": "Only of one that was asked for by its name.", "items": {
        "type": "object", "required": ["grapheme", "alias"], "properties": {
            "grapheme": {"type": "string"}, "alias": {"type": "string"}, "language": {"type": "string"}}}}}}
_LIST = {"type": "object", "required": ["object", "data", "has_more"], "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _LEXICON}, "has_more": {"const": False}}}
_DELETED = {"type": "object", "required": ["id", "object", "deleted"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.lexicon.deleted"}, "deleted": {"const": True}}}
_BODY = {"application/json": {"schema": {"anyOf": [
    {"type": "object", "additionalProperties": {"type": "string"}, "description": "How words are said."},
    {"type": "array", "items": {"type": "object", "required": ["grapheme", "alias"]}}]}},
    "text/plain": {"schema": {"type": "string", "description": "A table: grapheme, alias and language by tab or comma."}},
    "application/pls+xml": {"schema": {"type": "string"}}}

PUT_LEXICON = route("Keep a lexicon under a name", {200: answer(_LEXICON, "What is kept.")}, problems=(400, 413, 503), body=_BODY)
LIST_LEXICONS = route("List lexicons", {200: answer(_LIST, "All of them, by name.")}, problems=(503,))
GET_LEXICON = route("Look at a lexicon", {200: answer(_LEXICON, "The lexicon with its entries.")}, problems=(404, 503))
DELETE_LEXICON = route("Delete a lexicon", {200: answer(_DELETED, "It is gone.")}, problems=(404, 503))
