"""A line is a speech request under a name of its own; what is wrong with it is said with the field."""

import json
from typing import Any

import pytest

from speechmill.batch_line import AcceptedLine
from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES
from speechmill.request import Limits, SpeechSpec
from worker.batch.check_line import CheckedLine, LineCheck
from worker.batch.read_lines import RawLine
from worker.voices.tone import Tone, ToneOptions

CATALOGUE = Catalogue(models=(Tone(ToneOptions()).warm_up(),), default_model="")
GOOD = {"custom_id": "a", "method": "POST", "url": "/v1/audio/speech", "body": {"input": "Hello.", "model": "tone"}}


def new_check(klass: JobClass = JobClass.BATCH) -> LineCheck:
    return LineCheck(CATALOGUE, NO_VOICES, ("names",), Limits(1000), klass)


def check(line: Any, checks: LineCheck | None = None, number: int = 1) -> CheckedLine:
    content = line if isinstance(line, bytes) else json.dumps(line).encode()
    return (checks or new_check()).check(RawLine(number, content, 10_000))


def refused(line: Any) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequest) as refusal:
        check(line)
    return refusal.value.public_code, refusal.value.param


def body(**more: Any) -> dict[str, Any]:
    return {**GOOD, "body": {"input": "Hello.", "model": "tone", **more}}


def test_a_good_line_is_kept_with_all_that_it_asks_for() -> None:
    accepted = check(body(voice="high", response_format="wav", speed=1.5, seed=7, metadata={"k": "v"})).accepted
    assert (accepted.custom_id, accepted.name, accepted.text) == ("a", "a", "Hello.")
    spec = SpeechSpec.model_validate(AcceptedLine.read(accepted.line()).spec)
    assert (spec.voice, spec.response_format, spec.speed, spec.seed, spec.metadata) == ("high", "wav", 1.5, 7, {"k": "v"})
    assert spec.klass is JobClass.BATCH


def test_lines_have_the_class_of_their_batch() -> None:
    accepted = check(GOOD, new_check(JobClass.INTERACTIVE)).accepted
    assert SpeechSpec.model_validate(AcceptedLine.read(accepted.line()).spec).klass is JobClass.INTERACTIVE


@pytest.mark.parametrize(("line", "code", "param"), [
    (b"{", "invalid_json_line", None), (b"[1]", "invalid_json_line", None), (b'"a"', "invalid_json_line", None),
    (b"[" * 9000, "invalid_json_line", None), (b'{"custom_id": NaN}', "invalid_json_line", None),
    ({**GOOD, "custom_id": ""}, "invalid_custom_id", "custom_id"), ({**GOOD, "custom_id": 1}, "invalid_custom_id", "custom_id"),
    ({**GOOD, "custom_id": "x" * 513}, "invalid_custom_id", "custom_id"),
    (b'{"custom_id": "\\ud800"}', "invalid_custom_id", "custom_id"),
    ({**GOOD, "method": "GET"}, "invalid_method", "method"), ({**GOOD, "url": "/v1/x"}, "invalid_url", "url"),
    ({**GOOD, "body": None}, "invalid_value", "body"), (body(input=""), "input_empty", "body.input"),
    (body(input="x" * 1001), "input_too_long", "body.input"), (body(input=None), "invalid_value", "body.input"),
    (body(model="gone"), "model_not_found", "body.model"),
    (body(webhook={"url": "https://a.b"}), "invalid_value", "body.webhook"),
    (body(deadline=5), "invalid_value", "body.deadline"), (body(priority="batch"), "invalid_value", "body.priority"),
    (body(stream_format="sse"), "invalid_value", "body.stream_format"),
    (body(timestamps="sentence"), "invalid_value", "body.timestamps"),
    (body(lexicon_ids=["gone"]), "lexicon_not_found", "body.lexicon_ids")])
def test_what_is_wrong_is_named(line: Any, code: str, param: str | None) -> None:
    assert refused(line) == (code, param)


def test_a_custom_id_that_stands_twice_names_the_line_where_it_stood_first() -> None:
    checks = new_check()
    check(GOOD, checks, number=4)
    with pytest.raises(InvalidRequest, match="stands in line 4 already"):
        check(GOOD, checks, number=9)


def test_a_lexicon_that_there_is_may_be_named() -> None:
    assert check(body(lexicon_ids=["names"])).parsed.spec.lexicon_ids == ("names",)
