"""What each kind of server is asked, and what clients are told that it offers: after the field lists of OpenAI, Kokoro-FastAPI,
vllm-omni and sglang-omni. Their servers refuse what they don't know, or drop it; here anything beyond the list fails."""

import base64
import io
from typing import Any

import numpy as np
import pytest
import soundfile

from speechmill.catalogue import OPENAI_VOICES, ModelInfo
from speechmill.settings import RemoteSettings
from tests.contract.remote.listening import heard, remote, say
from tests.contract.remote.speech_server import TEXT, Asked, speech_server, tone
from worker.engine.speaker import Reference
from worker.voices.remote.voice import Remote

OPENAI_FIELDS = {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"}
KOKORO_FIELDS = {"model", "input", "voice", "response_format", "download_format", "speed", "stream", "return_download_link",
                 "lang_code", "volume_multiplier", "normalization_options"}
VLLM_OMNI_FIELDS = OPENAI_FIELDS | {
    "sample_rate", "stream", "task_type", "language", "ref_audio", "ref_text", "x_vector_only_mode", "speaker_embedding",
    "max_new_tokens", "seed", "initial_codec_chunk_frames", "non_streaming_mode", "extra_params", "word_timestamps"}
SGLANG_OMNI_FIELDS = OPENAI_FIELDS | {"stream", "task_type", "language", "ref_audio", "ref_text", "references",
                                      "x_vector_only_mode", "max_new_tokens", "temperature", "top_p", "top_k", "seed"}

VLLM_VOICES = {"voices": ["Ryan", "Vivian", "custom_voice_1"],
               "uploaded_voices": [{"name": "custom_voice_1", "consent": "user_consent_id", "created_at": 1738660000,
                                    "file_size": 1024000, "mime_type": "audio/wav"}]}


def models(*names: str) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 1, "owned_by": "vllm"} for name in names]}


def offered(settings: dict[str, Any], **lists: Any) -> ModelInfo:
    with speech_server(**lists) as server:
        voice = Remote(RemoteSettings(**{"url": server.url, **settings}), speech_slots=4)
        info = voice.warm_up()
        assert voice.model_id == info.id
        voice.close()
    return info


def asked(settings: dict[str, Any], lists: dict[str, Any], **utterance: Any) -> Asked:
    """The request for one utterance."""
    with speech_server(**lists) as server, remote(server, **settings) as voice:
        heard(say(voice, **utterance))
        return server.spoken[0]


# --- Kokoro-FastAPI and OpenAI

KOKORO = {"models": models("tts-1", "tts-1-hd", "kokoro"), "voices": {"voices": ["af_heart", "am_adam", "bf_emma"]}}


def test_kokoro_is_asked_in_its_own_words() -> None:
    request = asked({}, KOKORO)
    assert (request.method, request.path) == ("POST", "/v1/audio/speech")
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert request.fields == {"model": "kokoro", "input": TEXT, "voice": "af_heart", "response_format": "pcm"}
    assert set(request.fields) <= KOKORO_FIELDS


def test_kokoro_offers_its_voices_and_openais_names_for_them() -> None:
    info = offered({}, **KOKORO)
    assert info.id == "kokoro"
    assert [voice.id for voice in info.voices] == ["af_heart", "am_adam", "bf_emma"]
    assert info.voice("alloy").id == "af_heart"
    assert info.default_voice == "af_heart"
    assert info.revision == "kokoro"
    assert info.draws


def test_a_server_without_lists_has_openais_voices() -> None:
    info = offered({"model": "gpt-4o-mini-tts"}, models=None, voices=None)
    assert info.id == "gpt-4o-mini-tts"
    assert [voice.id for voice in info.voices] == list(OPENAI_VOICES)
    assert all(info.voice(name).id == name for name in OPENAI_VOICES)
    assert info.reference == "none"


def test_openai_gets_instructions_and_the_key_and_nothing_that_it_does_not_know() -> None:
    request = asked({"model": "gpt-4o-mini-tts", "api_key": "sk-x"}, {"models": None, "voices": None}, voice="coral",
                    instructions="Whisper.")
    assert request.headers["authorization"] == "Bearer sk-x"
    assert request.fields["instructions"] == "Whisper."
    assert set(request.fields) <= OPENAI_FIELDS


# --- vllm-omni and sglang-omni

def custom_voice(**more: Any) -> dict[str, Any]:
    return {"models": models("Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice"), "voices": VLLM_VOICES, **more}


def test_vllm_omni_gets_language_seed_and_task_by_its_own_names() -> None:
    request = asked({"fields": "vllm-omni"}, custom_voice(), voice="vivian", language="de", seed=2**40 + 5, instructions="Sadly.")
    assert request.fields == {
        "model": "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice", "input": TEXT, "voice": "Vivian", "response_format": "pcm",
        "stream_format": "audio", "task_type": "CustomVoice", "language": "German", "seed": 5, "instructions": "Sadly."}
    assert set(request.fields) <= VLLM_OMNI_FIELDS & SGLANG_OMNI_FIELDS


def test_vllm_omni_offers_its_speakers_in_small_letters_and_qwens_languages() -> None:
    info = offered({"fields": "vllm-omni"}, **custom_voice())
    assert info.id == "qwen3-tts-12hz-1.7b-customvoice"
    assert [voice.id for voice in info.voices] == ["ryan", "vivian", "custom_voice_1"]
    assert set(info.languages) == {"zh", "en", "de", "it", "pt", "es", "ja", "ko", "fr", "ru"}
    assert (info.instructions, info.reference) == ("taken", "none")


def test_a_model_that_designs_voices_needs_instructions_and_has_no_speakers() -> None:
    lists = {"models": models("Qwen/Qwen3-TTS-12Hz-1.7B-VoiceDesign"), "voices": {"voices": [], "uploaded_voices": []}}
    info = offered({"fields": "vllm-omni"}, **lists)
    assert [voice.id for voice in info.voices] == ["design"]
    assert info.instructions == "required"
    request = asked({"fields": "vllm-omni"}, lists, voice="design", instructions="An old sailor.")
    assert "voice" not in request.fields
    assert request.fields["task_type"] == "VoiceDesign"


@pytest.mark.parametrize("said", ["What it says.", ""])
def test_a_model_that_clones_gets_the_reference_as_wav(said: str) -> None:
    lists = {"models": models("Qwen/Qwen3-TTS-12Hz-0.6B-Base"), "voices": None}
    assert offered({"fields": "vllm-omni"}, **lists).reference == "required"
    request = asked({"fields": "vllm-omni"}, lists, voice="clone", reference=Reference(tone(1.5), said))
    head, _, encoded = request.fields["ref_audio"].partition(",")
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded)), dtype="float32")
    assert head == "data:audio/wav;base64"
    assert rate == 24_000
    assert np.abs(sound - tone(1.5)).max() < 1e-4
    assert request.fields.get("ref_text", "") == said
    assert request.fields.get("x_vector_only_mode", False) is (said == "")
    assert request.fields["task_type"] == "Base"
    assert set(request.fields) <= VLLM_OMNI_FIELDS & SGLANG_OMNI_FIELDS


def test_another_model_of_vllm_omni_has_no_task_and_may_clone() -> None:
    lists = {"models": models("fishaudio/s2-pro"), "voices": {"voices": ["default"]}}
    assert offered({"fields": "vllm-omni"}, **lists).reference == "taken"
    request = asked({"fields": "vllm-omni", "response_format": "pcm"}, lists, voice="default", language="ko")
    assert "task_type" not in request.fields


def test_formats_that_cannot_be_streamed_are_not_asked_for_as_streams() -> None:
    with speech_server(**custom_voice()) as server, remote(server, fields="vllm-omni", response_format="flac") as voice:
        heard(say(voice, voice="ryan"))
        assert server.spoken[0].fields["response_format"] == "flac"
        assert "stream_format" not in server.spoken[0].fields


# --- settings go before lists

def test_names_voices_languages_and_revision_may_be_set() -> None:
    settings = {"name": "Narrator", "model": "tts-1-hd", "voices": "Bf_Emma,zf_new", "languages": "en,zh-TW",
                "revision": "2026-11"}
    info = offered(settings, **KOKORO)
    assert (info.id, info.revision, info.languages) == ("Narrator", "2026-11", ("en", "zh-TW"))
    assert [voice.id for voice in info.voices] == ["bf_emma", "zf_new"]
    request = asked(settings, KOKORO, voice="bf_emma")
    assert (request.fields["model"], request.fields["voice"]) == ("tts-1-hd", "Bf_Emma")


@pytest.mark.parametrize(("url", "path"), [("", "/v1/audio/speech"), ("/v1/", "/v1/audio/speech"),
                                           ("/api/tts", "/api/tts/audio/speech")])
def test_the_base_is_taken_as_the_openai_sdks_take_it(url: str, path: str) -> None:
    with speech_server() as server, remote(server, url=f"http://127.0.0.1:{server.port}{url}", model="m", voices="a,b") as voice:
        heard(say(voice, voice="a"))
        assert server.spoken[0].path == path


# --- text

def test_text_arrives_as_it_is_and_half_a_surrogate_does_not() -> None:
    with speech_server() as server, remote(server) as voice:
        text = 'He said: "你好 👩‍👧"\n\\u0000 \x01'
        heard(say(voice, text))
        heard(say(voice, "one \ud83d two"))
        assert [request.fields["input"] for request in server.spoken] == [text, "one ? two"]
