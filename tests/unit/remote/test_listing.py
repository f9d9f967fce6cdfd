"""Lists of models and voices in all the shapes that servers have, and in any other: a catalogue that hangs together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.catalogue import OPENAI_VOICES
from speechmill.settings import RemoteSettings
from worker.voices.remote.listing import Offer, RemoteModel, remote_model

MODELS = {"object": "list", "data": [{"id": "org/Some-Model"}]}
KEYS = ["data", "models", "voices", "uploaded_voices", "id", "name", "voice_id", "model", "languages", "language", "aliases",
        "default", "description", "owned_by", "instructions", "cloning"]
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda part: st.lists(part, max_size=4) | st.dictionaries(
                        st.sampled_from(KEYS), part, max_size=5), max_leaves=25)


def described(models: object, voices: object, **settings: Any) -> RemoteModel:
    found = remote_model(RemoteSettings(url="http://far.example", **settings), Offer(models, voices))
    assert found
    return found


@pytest.mark.parametrize("voices", [
    {"voices": ["Anna", "ben"]},
    {"voices": ["Anna", "ben", "ben", "BEN", ""]},
    {"voices": [{"id": "Anna", "name": "Anna"}, {"id": "ben"}]},
    {"voices": [{"voice_id": "Anna"}, {"name": "ben"}]},
    {"voices": ["Anna"], "uploaded_voices": [{"name": "ben"}]},
    {"voices": ["Anna", "ben"], "uploaded_voices": [{"name": "ben"}]},
    {"object": "list", "data": [{"id": "Anna"}, {"id": "ben"}]},
    ["Anna", "ben"],
    [{"id": "Anna"}, {"id": "ben", "model": "org/Some-Model"}, {"id": "other", "model": "org/Other"}],
    {"voices": ["Anna", 5, None, "line\nbreak", "x" * 5000, "ben"]},
])
def test_voices_are_found_in_every_shape(voices: object) -> None:
    model = described(MODELS, voices)
    assert model.names_there == {"anna": "Anna", "ben": "ben"}
    assert [voice.id for voice in model.info.voices] == ["anna", "ben"]


def test_what_a_voice_says_of_itself_is_kept() -> None:
    voices = {"voices": [{"id": "a", "languages": ["en", "English", "de-DE", "not a tag"], "aliases": ["nova", 3]},
                         {"id": "b", "name": "Bea", "description": "Warm.", "language": "German", "default": True}]}
    info = described(MODELS, voices).info
    assert info.default_voice == "b"
    assert info.voice("nova").id == "a"
    assert info.languages == ("en", "de-DE", "de")
    assert [voice.languages for voice in info.voices] == [("en", "de-DE"), ("de",)]
    assert (info.voices[1].name, info.voices[1].description) == ("Bea", "Warm.")


@pytest.mark.parametrize(("names", "wanted", "found"), [
    (["tts-1", "tts-1-hd", "kokoro"], "", "kokoro"), (["tts-1"], "", "tts-1"), (["a", "b"], "", "a"), (["a", "b"], "b", "b"),
    (["a"], "not listed", "not listed"), ([], "set", "set")])
def test_the_model_is_the_one_that_is_set_or_the_first_that_is_no_alias(names: list[str], wanted: str, found: str) -> None:
    assert described({"data": [{"id": name} for name in names]}, None, model=wanted).id == found


@pytest.mark.parametrize("models", [None, {}, {"data": []}, {"data": None}, [], "", 5, {"data": [{"name": "x"}, "y"]}])
def test_without_a_model_there_is_nothing_to_describe_yet(models: object) -> None:
    assert remote_model(RemoteSettings(url="http://far.example"), Offer(models, {"voices": ["a"]})) is None


@pytest.mark.parametrize(("model", "id"), [("Qwen/Qwen3-TTS-12Hz", "qwen3-tts-12hz"), ("tts 1:HD", "tts-1-hd"),
                                           ("/models/x/", "x"), ("语音", "remote")])
def test_its_name_here_is_the_end_of_its_name_there_in_small_letters(model: str, id: str) -> None:
    assert described(None, None, model=model).info.id == id


def test_another_speechmill_tells_what_its_model_takes() -> None:
    entry = {"id": "qwen3", "instructions": "required", "cloning": True, "languages": ["de", "en"], "owned_by": "Qwen"}
    info = described({"data": [entry]}, None, fields="speechmill").info
    assert (info.instructions, info.reference, info.languages, info.owned_by) == ("required", "taken", ("de", "en"), "Qwen")


@given(models=JSON, voices=JSON, fields=st.sampled_from(["openai", "vllm-omni", "speechmill"]))
def test_whatever_a_server_lists_the_catalogue_hangs_together(models: object, voices: object, fields: Any) -> None:
    model = described(models, voices, model="m", fields=fields)
    info = model.info
    ids = [voice.id for voice in info.voices]
    assert len(set(ids)) == len(ids) > 0
    assert set(ids) == set(model.names_there)
    assert all(voice.name and voice.description for voice in info.voices)
    assert info.default_voice in ids
    assert set(info.voice_aliases) == set(OPENAI_VOICES)
    assert set(info.voice_aliases.values()) <= set(ids)
    assert info.languages
    assert all(info.language(tag).lower() == tag.lower() for tag in info.languages)
    assert all(set(voice.languages) <= set(info.languages) for voice in info.voices)
