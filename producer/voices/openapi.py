"""What /openapi.json says of the routes of voices."""

from producer.openapi import IDEMPOTENCY, PREFER, answer, json_body, query, route
from speechmill.request import CONTENT_TYPES
from speechmill.voice_request import DescribeBody, DesignBody

_VOICE = {"type": "object", "required": ["id", "object", "name", "model", "status", "own"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.voice"}, "name": {"type": "string"}, "description": {"type": "string"},
    "model": {"type": "string"}, "languages": {"type": "array", "items": {"type": "string"}}, "own": {"type": "boolean"},
    "status": {"enum": ["preparing", "ready", "failed"]}, "ref_text": {"type": "string"},
    "recording": {"type": ["object", "null"]}, "warnings": {"type": "array", "items": {"type": "object"}},
    "consent": {"type": ["object", "null"]}, "error": {"type": ["object", "null"]}}}
_VOICES = {"type": "object", "required": ["object", "voices", "data"], "properties": {
    "object": {"const": "list"}, "voices": {"type": "array", "items": _VOICE}, "data": {"type": "array", "items": _VOICE}}}
_UPLOAD = {"multipart/form-data": {"schema": {
    "type": "object", "required": ["name", "audio_sample", "consent"], "properties": {
        "name": {"type": "string", "maxLength": 100},
        "audio_sample": {"type": "string", "format": "binary", "description": "1 to 30 s of one person speaking."},
        "ref_text": {"type": "string", "maxLength": 1000, "description": "What the recording says, word for word."},
        "consent": {"type": "string", "enum": ["true"], "description": "That the person whose voice it is has agreed."},
        "model": {"type": "string", "description": "The model to speak with it; if not given, the first that clones voices."},
        "language": {"type": "string"}, "description": {"type": "string", "maxLength": 1000}}}}}
_MODEL = query("model", "only of this model", {"type": "string"})
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_MP3 = {"description": "A few seconds of speech.", "content": {CONTENT_TYPES["mp3"]: _BYTES}}

LIST_VOICES = route("List voices: the models', and one's own", {200: answer(_VOICES, "Voices.")}, problems=(400, 503),
                    parameters=(_MODEL,))
CREATE_VOICE = route("Make a voice of a recording", {201: answer(_VOICE, "Accepted; it is being prepared.")},
                     problems=(400, 409, 413, 422, 429, 503), body=_UPLOAD,
                     parameters=(PREFER, IDEMPOTENCY)) | {"status_code": 201}
DESIGN_VOICE = route("Make a voice of a description", {201: answer(_VOICE, "Accepted; it is being prepared.")},
                     problems=(400, 409, 413, 422, 429, 503), body=json_body(DesignBody),
                     parameters=(PREFER, IDEMPOTENCY)) | {"status_code": 201}
GET_VOICE = route("Look at a voice", {200: answer(_VOICE, "The voice.")}, problems=(400, 404, 503), parameters=(PREFER, _MODEL))
DESCRIBE_VOICE = route("Rename or describe a voice of one's own", {200: answer(_VOICE, "The voice.")},
                       problems=(400, 404, 409, 413, 503), body=json_body(DescribeBody))
DELETE_VOICE = route("Delete a voice of one's own", {200: answer({"type": "object"}, "It is gone.")}, problems=(404, 503))
PREVIEW_VOICE = route("Hear a voice", {200: _MP3, 206: _MP3}, problems=(400, 404, 409, 410, 429, 500, 503, 504), parameters=(
    query("model", "of which model, where several have a voice of this name", {"type": "string"}),
    query("language", "in which language; of voices of the catalogue", {"type": "string"})))
