"""The embedded voice through the whole system: real speech, and texts that nobody thought of."""

import io
from collections.abc import Iterator

import pytest
import soundfile

from tests.e2e.stack import Stack, running_stack


@pytest.fixture(scope="module")
def espeak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("espeak"), WORKER__VOICE="espeak") as running:
        yield running


@pytest.mark.parametrize(("text", "language"), [
    ("The quick brown fox jumps over the lazy dog.", "en"), ("Der Hund schläft unter dem Tisch.", "de"),
    ("今天的天气很好。", "auto"), ("Сегодня хорошая погода.", "auto"), ("مرحبا بالعالم", "auto"), ("שלום עולם", "auto"),
    ("नमस्ते दुनिया", "auto")])
def test_many_languages_are_spoken(espeak: Stack, text: str, language: str) -> None:
    with espeak.http as http:
        answer = http.post("/v1/audio/speech", json={"input": text, "language": language, "response_format": "wav"})
    assert answer.status_code == 200, answer.text
    sound, rate = soundfile.read(io.BytesIO(answer.content))
    assert len(sound) / rate > 0.5
    assert abs(sound).max() > 0.05


@pytest.mark.parametrize("text", ["\u0000\u0007bell", "😀😀😀", "a" * 10_000, "字" * 300, "€5 ≠ £5", "-v evil --help",
                                  "<speak><voice name='x'>x</voice></speak>", "[[h@l'oU]]", "\u202eright to left\u202c",
                                  "e\u0301" * 500, "\u200b\u200dinvisible", "1" * 400, "🏳️‍🌈 " * 100, "..." * 500 + " end"])
def test_unusual_texts_are_spoken_or_refused_clearly(espeak: Stack, text: str) -> None:
    job = espeak.wait(espeak.create(text)["id"], timeout_s=90)
    if job["status"] == "failed":
        assert job["error"]["code"] in ("unspeakable_text", "voice_failed")
        assert job["error"]["message"]
    else:
        assert job["status"] == "completed"
        assert job["output"]["duration_seconds"] > 0.05


def test_each_of_openais_voices_sounds_different(espeak: Stack) -> None:
    with espeak.http as http:
        aliases = {alias for voice in http.get("/v1/audio/voices").json()["voices"] for alias in voice["aliases"]}
        sounds = {http.post("/v1/audio/speech", json={"input": "Listen.", "voice": alias, "response_format": "pcm"}).content
                  for alias in sorted(aliases)}
    assert len(aliases) == len(sounds) >= 13
