"""A request that names a voice of one's own: what it means, and why it is refused."""

from typing import Any

import pytest

from speechmill.book_request import ParsedBook, parse_book
from speechmill.catalogue import Catalogue, ModelInfo, VoiceInfo
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import OwnVoice, own_ids
from speechmill.request import Limits, ReferenceSpec, SpeechSpec, parse_speech
from speechmill.voice_request import parse_design, parse_upload

ADA, UNREADY, FAILED, MISSING = (f"voice_{n:032x}" for n in range(4))


def model(model_id: str, **more: Any) -> ModelInfo:
    given = {"id": model_id, "voices": (VoiceInfo(id="one", name="One"),), "default_voice": "one", "languages": ("de", "en")}
    return ModelInfo(**{**given, **more})


SPEAKS, CLONES, ALSO = model("speaks"), model("clones", reference="required"), model("also", reference="taken", languages=("en",))
DESIGNS = model("designs", instructions="required")
CATALOGUE = Catalogue(models=(ALSO, CLONES, SPEAKS), default_model="speaks")


class Known:
    def get(self, voice_id: str) -> OwnVoice | None:
        return {
            ADA: OwnVoice(ADA, "ready", "clones", language="de", sha256="5ec", text="Eins."),
            UNREADY: OwnVoice(UNREADY, "preparing", "clones"),
            FAILED: OwnVoice(FAILED, "failed", "clones", reason="audio_sample is silent."),
        }.get(voice_id)


def parsed(**body: Any) -> SpeechSpec:
    return parse_speech({"input": "Hello.", **body}, CATALOGUE, Limits(100), JobClass.BATCH, Known()).spec


def refused(**body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parsed(**body)
    return caught.value


@pytest.mark.parametrize("voice", [ADA, {"id": ADA}])
@pytest.mark.parametrize("named", ["", "tts-1", "clones"])
def test_a_voice_brings_its_model_its_language_and_its_recording(voice: object, named: str) -> None:
    spec = parsed(voice=voice, model=named)
    assert (spec.model, spec.voice, spec.language) == ("clones", "one", "de")
    assert spec.reference == ReferenceSpec(sha256="5ec", text="Eins.", voice_id=ADA)
    assert spec.own_voices == (ADA,)


def test_another_model_that_clones_and_another_language_may_be_named() -> None:
    assert parsed(voice=ADA, language="en").language == "en"
    assert parsed(voice=ADA, model="also", language="en").model == "also"


@pytest.mark.parametrize(("body", "param", "code", "says"), [
    ({"voice": MISSING}, "voice", "unknown_voice", "/v1/audio/voices"),
    ({"voice": UNREADY}, "voice", "voice_not_ready", "still being prepared"),
    ({"voice": FAILED}, "voice", "voice_not_ready", "audio_sample is silent."),
    ({"voice": ADA, "model": "speaks"}, "voice", "invalid_value", "clones is then meant"),
    ({"voice": ADA, "model": "also"}, "language", "unknown_language", "'de'"),
    ({"voice": ADA, "ref_audio": "AAAA"}, "ref_audio", "invalid_value", "leave ref_audio out"),
    ({"voice": ADA, "ref_text": "One."}, "ref_text", "invalid_value", "leave ref_text out"),
    ({"voice": "voice_of_god"}, "voice", "unknown_voice", "It has: one"),
])
def test_what_cannot_be_is_refused(body: dict[str, Any], param: str, code: str, says: str) -> None:
    error = refused(**body)
    assert (error.param, error.public_code) == (param, code)
    assert says in error.message


def test_who_can_look_none_up_says_so() -> None:
    with pytest.raises(InvalidRequest, match="cannot be used here") as caught:
        parse_speech({"input": "Hello.", "voice": ADA}, CATALOGUE, Limits(100), JobClass.BATCH)
    assert caught.value.param == "voice"


def test_a_books_narrator_and_cast_may_be_voices_of_ones_own() -> None:
    def book_of(guest: str) -> ParsedBook:
        body = {"input": "Hello.", "voice": ADA, "cast": {"Guest": {"voice": guest}}}
        return parse_book(body, CATALOGUE, has_file=False, voices=Known())

    book = book_of(ADA)
    reference = ReferenceSpec(sha256="5ec", text="Eins.", voice_id=ADA)
    assert (book.narrator.reference, book.cast["guest"].reference) == (reference, reference)
    assert book.recordings == {}
    with pytest.raises(InvalidRequest) as caught:
        book_of(FAILED)
    assert caught.value.param == "cast.Guest.voice"


@pytest.mark.parametrize(("body", "ids"), [
    ({"voice": ADA}, [ADA]), ({"voice": {"id": ADA}}, [ADA]), ({"voice": "alloy"}, []), ({"voice": 7}, []), ([ADA], []),
    ({"voice": ADA, "cast": {"a": {"voice": FAILED}, "b": {"voice": "one"}, "c": 1}}, [ADA, FAILED]), ({"cast": [1]}, []),
    ({"voice": ADA.upper()}, []), ({"voice": ADA + "0"}, [])])
def test_the_ids_in_a_body_are_found_whatever_else_is_wrong_with_it(body: object, ids: list[str]) -> None:
    assert list(own_ids(body)) == ids


# --- requests for one

def test_an_upload_is_for_the_default_model_where_that_clones_else_the_first_that_does() -> None:
    fields = {"name": "Ada", "consent": " TRUE "}
    assert parse_upload(fields, CATALOGUE, 7).for_model == "also"
    cloning_default = Catalogue(models=CATALOGUE.models, default_model="clones")
    spec = parse_upload(fields, cloning_default, 7)
    assert (spec.for_model, spec.consent and spec.consent.given_at) == ("clones", 7)
    assert spec.said.startswith("Good evening.")


def test_a_voice_in_german_says_its_first_words_in_german() -> None:
    spec = parse_upload({"name": "Ada", "consent": "true", "model": "clones", "language": "de"}, CATALOGUE, 7)
    assert spec.said.startswith("Guten Abend.")


@pytest.mark.parametrize(("models", "param", "code", "says"), [
    ((SPEAKS,), "model", "no_designing_model", "VoiceDesign"), ((SPEAKS, DESIGNS), "for_model", "no_cloning_model", "Base"),
    ((SPEAKS, CLONES), "model", "no_designing_model", "VoiceDesign")])
def test_a_design_says_which_model_is_missing(models: tuple[ModelInfo, ...], param: str, code: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as caught:
        parse_design({"name": "Ada", "description": "Low."}, Catalogue(models=models))
    assert (caught.value.param, caught.value.public_code) == (param, code)


def test_where_no_model_clones_an_upload_says_what_would_bring_one() -> None:
    with pytest.raises(InvalidRequest, match="Qwen3-TTS Base") as caught:
        parse_upload({"name": "Ada", "consent": "true"}, Catalogue(models=(SPEAKS,)), 7)
    assert caught.value.public_code == "no_cloning_model"


@pytest.mark.parametrize("text", ["half a \ud800", "\ud83d"])
def test_half_a_character_is_refused_by_field(text: str) -> None:
    with pytest.raises(InvalidRequest, match="surrogate") as caught:
        parse_design({"name": text, "description": "Low."}, Catalogue(models=(CLONES, DESIGNS)))
    assert caught.value.param == "name"
