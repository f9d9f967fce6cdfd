"""A form's fields as the JSON that they stand for."""

import base64
import json
from typing import Any

from producer.books.form import Form
from speechmill.errors import InvalidRequest

JSON_FIELDS = frozenset({"chapters", "cast", "lexicon_ids", "metadata", "webhook", "seed", "expires_after", "deadline",
                         "normalize", "dry_run"})
"""Objects, arrays, numbers and booleans, which a form has no way to tell from text."""
EITHER = frozenset({"lexicon", "formats"})
"""JSON where it looks like JSON, else text: a table or PLS; m4b,mp3."""


def body_of(form: Form) -> dict[str, Any]:
    """What the same request would be as JSON, without its file. A field that is empty was not given. Raises InvalidRequest."""
    return {name: _value(name, content, name in form.files) for name, content in form.fields.items() if content.strip()}


def _value(name: str, content: bytes, is_file: bool) -> Any:
    if name == "ref_audio" and is_file:
        return base64.b64encode(content).decode()
    if is_file and name != "lexicon":
        raise InvalidRequest(f"{name[:80]} was sent as a file; send it as a field, or the book as file.", param=name[:80])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name[:80]} is not UTF-8 (byte {error.start}).", param=name[:80]) from None
    if name in JSON_FIELDS or (name in EITHER and text.lstrip()[:1] in ("{", "[")):
        return _decoded(name, text)
    return text


def _decoded(name: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidRequest(f"{name} is nested too deeply.", param=name, code="malformed_json") from None
    except ValueError as error:
        raise InvalidRequest(f"{name} is not valid JSON: {error}.", param=name, code="malformed_json") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
