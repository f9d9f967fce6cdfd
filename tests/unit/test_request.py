"""What a client may ask for: each mistake is named with its field and what would be right."""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.catalogue import Catalogue, ModelInfo, VoiceInfo
from speechmill.errors import InvalidRequest, NoCatalogue
from speechmill.job import JobClass
from speechmill.request import Limits, Parsed, ReferenceSpec, SpeechSpec, clean_text, fingerprint, fits_one_segment, parse_speech

MODEL = ModelInfo(id="espeak", voices=(VoiceInfo(id="f1", name="F1"), VoiceInfo(id="m1", name="M1")), default_voice="m1",
                  voice_aliases={"alloy": "f1"}, languages=("de", "en-US"))
CATALOGUE = Catalogue(default_model="espeak", models=(
    MODEL,
    MODEL.model_copy(update={"id": "cloner", "reference": "required"}),
    MODEL.model_copy(update={"id": "designer", "instructions": "required"}),
    MODEL.model_copy(update={"id": "small", "instructions": "refused"}),
))
LIMITS = Limits(1000, "Longer texts go elsewhere.")


def parse(**body: Any) -> Parsed:
    return parse_speech(body, CATALOGUE, LIMITS, JobClass.BATCH)


def refused(**body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(**{"input": "Hello.", **body})
    return caught.value


def test_only_input_is_needed() -> None:
    parsed = parse(input="Hello.")
    text, spec = parsed.text, parsed.spec
    assert text == "Hello."
    assert spec == SpeechSpec(model="espeak", voice="m1", language="auto")


@pytest.mark.parametrize("name", ["", "tts-1", "tts-1-hd", "gpt-4o-mini-tts", "espeak", None])
def test_openais_model_names_and_none_mean_the_default_model(name: str | None) -> None:
    assert parse(input="Hello.", model=name).spec.model == "espeak"


@pytest.mark.parametrize(("voice", "meant"), [("f1", "f1"), ("F1", "f1"), ("alloy", "f1"), ("Alloy", "f1"), ({"id": "f1"}, "f1"),
                                              ("", "m1"), (None, "m1"), ({"id": None}, "m1"), ({}, "m1")])
def test_a_voice_is_a_name_an_alias_an_object_or_left_out(voice: Any, meant: str) -> None:
    assert parse(input="Hello.", voice=voice).spec.voice == meant


@pytest.mark.parametrize(("normalize", "meant"), [(None, True), (True, True), (False, False)])
def test_numbers_are_read_as_words_unless_the_request_says_otherwise(normalize: bool | None, meant: bool) -> None:
    assert parse(input="12", normalize=normalize).spec.normalize is meant


def test_unknown_fields_are_ignored() -> None:
    assert parse(input="Hello.", something="else").text == "Hello."


@pytest.mark.parametrize(("body", "field", "hint"), [
    ({"input": ""}, "input", "empty"),
    ({"input": " \n\t "}, "input", "empty"),
    ({"input": "…!?"}, "input", "letter, digit or symbol"),
    ({"input": "x" * 1001}, "input", "1,000"),
    ({"input": 7}, "input", "string"),
    ({"input": "\ud800"}, "input", "surrogate"),
    ({"voice": "nobody"}, "voice", "f1, m1"),
    ({"voice": 3}, "voice", "string"),
    ({"model": "gpt-9"}, "model", "espeak"),
    ({"language": "xx"}, "language", "de, en-US"),
    ({"response_format": "ogg"}, "response_format", "'opus'"),
    ({"speed": 0.2}, "speed", "0.25"),
    ({"speed": 4.1}, "speed", "4"),
    ({"speed": "fast"}, "speed", "number"),
    ({"speed": float("nan")}, "speed", "0.25"),
    ({"seed": -1}, "seed", "0"),
    ({"normalize": "no"}, "normalize", "boolean"),
    ({"priority": "urgent"}, "priority", "'interactive'"),
    ({"deadline": 0}, "deadline", "1"),
    ({"expires_after": 5}, "expires_after", "60"),
    ({"metadata": {"a": 1}}, "metadata.a", "string"),
    ({"metadata": {f"k{n}": "v" for n in range(17)}}, "metadata", "16"),
    ({"metadata": {"a": "\ud800"}}, "metadata.a", "unicode"),
    ({"instructions": "\ud800"}, "instructions", "surrogate"),
    ({"webhook": {}}, "webhook.url", "https"),
    ({"webhook": {"url": "https://x.example", "events": ["speech.job.done"]}}, "webhook.events.0", "speech.job.completed"),
    ({"webhook": "https://x.example"}, "webhook", "dictionary"),
    ({"ref_audio": "data:"}, "ref_audio", "clone"),
    ({"stream_format": "sse"}, "stream_format", "audio"),
    ({"timestamps": "word"}, "timestamps", "SPEECHMILL_ALIGN__MODEL"),
    ({"timestamps": "phoneme"}, "timestamps", "'sentence'"),
    ({"webhook": {"url": "https://x.example", "events": ["speech.job.failed"] * 19}}, "webhook.events", "18"),
    ({"lexicon_ids": ["a", "b", "c", "d", "e"]}, "lexicon_ids", "at most 4"),
])
def test_a_mistake_names_its_field_and_what_would_be_right(body: dict[str, Any], field: str, hint: str) -> None:
    error = refused(**body)
    assert error.param == field
    assert hint in error.message


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(InvalidRequest, match="JSON object"):
        parse_speech(body, CATALOGUE, LIMITS, JobClass.BATCH)


def test_a_missing_input_says_what_to_send() -> None:
    with pytest.raises(InvalidRequest, match="send the text to speak") as caught:
        parse_speech({}, CATALOGUE, LIMITS, JobClass.BATCH)
    assert caught.value.param == "input"


def test_an_input_that_is_too_long_says_where_longer_ones_go() -> None:
    error = refused(input="x" * 1001)
    assert error.public_code == "input_too_long"
    assert "Longer texts go elsewhere." in error.message


def test_without_any_model_ever_published_requests_are_refused_for_now() -> None:
    with pytest.raises(NoCatalogue):
        parse_speech({"input": "Hello."}, Catalogue(), LIMITS, JobClass.BATCH)


def test_control_characters_become_spaces_and_line_breaks_stay() -> None:
    assert clean_text("a\x00b\x1bc\nd", LIMITS) == "a b c\nd"


@pytest.mark.parametrize("text", ["😀", "€5", "שלום", "你好", "مرحبا", "e\u0301", "7"])
def test_anything_with_a_spoken_form_is_taken(text: str) -> None:
    assert clean_text(text, LIMITS)


WAV = b"RIFF\x00\x00\x00\x00WAVE not looked at here"


@pytest.mark.parametrize("ref_audio", ["data:audio/wav;base64," + base64.b64encode(WAV).decode(), base64.b64encode(WAV).decode()])
def test_a_voice_to_clone_comes_as_a_data_url_or_as_base64(ref_audio: str) -> None:
    parsed = parse(input="Hello.", model="cloner", ref_audio=ref_audio, ref_text=" What it says. ")
    assert parsed.reference_audio == WAV
    assert parsed.spec.reference == ReferenceSpec(sha256=hashlib.sha256(WAV).hexdigest(), text="What it says.")


@pytest.mark.parametrize(("body", "field", "hint"), [
    ({"model": "cloner"}, "ref_audio", "send ref_audio"),
    ({"model": "cloner", "ref_text": "Hi."}, "ref_text", "send ref_audio too"),
    ({"model": "cloner", "ref_audio": "https://x.example/a.wav"}, "ref_audio", "addresses are not fetched"),
    ({"model": "cloner", "ref_audio": "data:audio/wav,abc"}, "ref_audio", "base64"),
    ({"model": "cloner", "ref_audio": "data:audio/wav;base64,"}, "ref_audio", "empty"),
    ({"model": "cloner", "ref_audio": "no such thing!"}, "ref_audio", "not base64"),
    ({"model": "designer"}, "instructions", "description"),
    ({"model": "small", "instructions": "Whisper."}, "instructions", "drop"),
])
def test_what_a_model_needs_or_would_drop_is_said_at_once(body: dict[str, Any], field: str, hint: str) -> None:
    error = refused(**body)
    assert error.param == field
    assert hint in error.message


def test_a_model_without_a_use_for_instructions_passes_them_over() -> None:
    assert parse(input="Hello.", instructions="Cheerful.").spec.instructions == "Cheerful."


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_taken_or_refused_clearly(text: str) -> None:
    refusal = ""
    cleaned = ""
    try:
        cleaned = clean_text(text, LIMITS)
    except InvalidRequest as error:
        refusal = error.message
    assert bool(cleaned.strip()) != refusal.startswith("input ")
    assert "\x00" not in cleaned


@pytest.mark.parametrize(("text", "one"), [("x" * 280, True), ("x" * 281, False), ("字" * 80, True), ("字" * 81, False),
                                           ("x" * 100 + "かな", False), ("한국어", True)])
def test_length_alone_decides_whether_a_text_is_one_segment(text: str, one: bool) -> None:
    assert fits_one_segment(text) is one


def test_bodies_that_mean_the_same_have_one_fingerprint() -> None:
    assert fingerprint({"a": 1, "b": "é"}) == fingerprint({"b": "\u00e9", "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_a_body_that_is_nested_too_deeply_to_be_written_is_refused() -> None:
    body: list[object] = []
    for _ in range(100_000):
        body = [body]
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        fingerprint(body)
