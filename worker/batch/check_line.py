"""What a line of a batch must be: a POST of a speech request, under a custom_id that no other line has."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from speechmill.batch import ENDPOINT
from speechmill.batch_line import AcceptedLine
from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import Voices
from speechmill.request import Limits, Parsed, parse_speech
from worker.batch.member_name import MemberNames
from worker.batch.read_lines import RawLine

LONGEST_ID = 512

_OF_THE_BATCH = {"webhook": "webhook", "deadline": "completion_window", "expires_after": "output_expires_after",
                 "priority": "priority"}
"""Fields of a job that a line cannot have, and what does the same for the whole batch."""


@dataclass(frozen=True)
class CheckedLine:
    accepted: AcceptedLine
    parsed: Parsed


@dataclass
class LineCheck:
    """Checks one line after the other; remembers the custom_ids, 16 bytes of each. `lexicons`: names of the tenant's."""

    catalogue: Catalogue
    voices: Voices
    lexicons: Collection[str]
    limits: Limits
    klass: JobClass
    _names: MemberNames = field(default_factory=MemberNames)
    _seen: dict[bytes, int] = field(default_factory=dict)      # custom_id -> its line

    def check(self, raw: RawLine) -> CheckedLine:
        """Raises InvalidRequest."""
        line = _decoded(raw.text())
        custom_id = self._custom_id(line, raw.number)
        if line.get("method") != "POST":
            raise InvalidRequest(f"method must be POST, not {_shown(line.get('method'))}.", param="method", code="invalid_method")
        if line.get("url") != ENDPOINT:
            raise InvalidRequest(f"url must be {ENDPOINT}, not {_shown(line.get('url'))}.", param="url", code="invalid_url")
        parsed = self._speech(line.get("body"))
        spec = parsed.spec.model_dump(mode="json", exclude_defaults=True)
        return CheckedLine(AcceptedLine(custom_id, self._names.name(custom_id, raw.number), parsed.text, spec), parsed)

    def _custom_id(self, line: dict[str, Any], number: int) -> str:
        custom_id = line.get("custom_id")
        if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= LONGEST_ID:
            raise InvalidRequest(f"custom_id must be a string of 1 to {LONGEST_ID} characters, not {_shown(custom_id)}.",
                                 param="custom_id", code="invalid_custom_id")
        try:
            digest = hashlib.blake2b(custom_id.encode(), digest_size=16).digest()
        except UnicodeEncodeError:
            raise InvalidRequest("custom_id has half of a surrogate pair; send whole characters.", param="custom_id",
                                 code="invalid_custom_id") from None
        if digest in self._seen:
            raise InvalidRequest(f"custom_id {_shown(custom_id)} stands in line {self._seen[digest]} already; each line needs "
                                 "one of its own.", param="custom_id", code="duplicate_custom_id")
        self._seen[digest] = number
        return custom_id

    def _speech(self, body: object) -> Parsed:
        if not isinstance(body, dict):
            raise InvalidRequest("body must be a JSON object: a speech request, with input and what else it takes.", param="body")
        for own, of_the_batch in _OF_THE_BATCH.items():
            if body.get(own) is not None:
                raise InvalidRequest(f"A line has no {own} of its own; give the batch a {of_the_batch}.", param=f"body.{own}")
        try:
            parsed = parse_speech(body, self.catalogue, self.limits, self.klass, self.voices)
        except InvalidRequest as error:
            param = "body" if error.param in (None, "body") else f"body.{error.param}"
            raise InvalidRequest(error.message, param=param, code=error.public_code) from None
        if parsed.spec.timestamps != "none":
            raise InvalidRequest("A batch gives sound and no timestamps; send a job of its own where you want them.",
                                 param="body.timestamps")
        for name in parsed.spec.lexicon_ids or ():
            if name not in self.lexicons:
                raise InvalidRequest(f"There is no lexicon {_shown(name)}.", param="body.lexicon_ids", code="lexicon_not_found")
        return parsed


def _decoded(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidRequest("The line is nested too deeply.", code="invalid_json_line") from None
    except ValueError as error:
        raise InvalidRequest(f"The line is not JSON: {error}.", code="invalid_json_line") from None
    if not isinstance(line, dict):
        raise InvalidRequest("The line must be a JSON object with custom_id, method, url and body.", code="invalid_json_line")
    return line


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _shown(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=True, default=str)
    return shown if len(shown) <= 80 else shown[:77] + "..."
