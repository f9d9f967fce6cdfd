"""The real engine under a whole system, on tiny random checkpoints of every kind: one producer, four models."""

import base64
import io
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.e2e.stack import Stack, running_stack
from tests.e2e.tiny_checkpoints import write_checkpoint
from tests.e2e.worker_process import ask, ready_workers, until

SPEAKERS, SMALL, DESIGN, CLONE = "tiny-customvoice", "tiny-0.6b-customvoice", "tiny-voicedesign", "tiny-base"
SENTENCE = "The river ran slow."
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A worker of each model, with four slots, on one core."""
    folder = tmp_path_factory.mktemp("qwen3")
    checkpoints = {
        "speakers": write_checkpoint(folder / "Tiny-CustomVoice", "custom_voice"),
        "small": write_checkpoint(folder / "Tiny-0.6B-CustomVoice", "custom_voice", size="0b6"),
        "design": write_checkpoint(folder / "Tiny-VoiceDesign", "voice_design"),
        "clone": write_checkpoint(folder / "Tiny-Base", "base"),
    }
    settings: dict[str, Any] = {"ENGINE__SLOT_POSITIONS": "768", "ENGINE__DEVICE": "cpu", "ENGINE__CPU_THREADS": "1",
                "PRODUCER__DEFAULT_MODEL": SPEAKERS}
    with running_stack(folder / "stack", workers=False, **settings) as stack:
        for name, checkpoint in checkpoints.items():
            stack.start(name, "worker", "speech", WORKER__VOICE="qwen3", ENGINE__CHECKPOINT=str(checkpoint))
        stack.start("cpu", "worker", "cpu")
        stack.wait_ready(len(checkpoints))
        yield stack


def recording(seconds: float, loudness: float = 0.3, *, rate_hz: int = 24_000) -> str:
    """Something like a voice, as a data: URL of a WAV file."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz  # [n_samples]
    voice = np.sin(2 * np.pi * 180 * at_s) * (1 + np.sin(2 * np.pi * 4 * at_s)) / 2
    file = io.BytesIO()
    soundfile.write(file, loudness * voice, rate_hz, format="WAV", subtype="PCM_16")
    return data_url(file.getvalue())


def data_url(content: bytes) -> str:
    return "data:audio/wav;base64," + base64.b64encode(content).decode()


def speak(mill: Stack, text: str = SENTENCE, **body: Any) -> dict[str, Any]:
    return mill.wait(mill.create(text, response_format="wav", **body)["id"])


def heard(wav: bytes) -> tuple[np.ndarray, float]:
    """Samples and duration, s."""
    samples, rate_hz = soundfile.read(io.BytesIO(wav))
    assert rate_hz == 24_000
    return samples, len(samples) / rate_hz


def check_spoken(mill: Stack, job: dict[str, Any]) -> None:
    """It ended well, with as much sound as it says: noise, of which a sentence can have ten seconds."""
    assert job["status"] == "completed", job["error"]
    samples, duration_s = heard(mill.audio(job["id"]))
    assert duration_s == pytest.approx(job["output"]["duration_seconds"], abs=0.01)
    assert 0.1 < duration_s < 20
    assert np.abs(samples).max() > 0.01


# --- what is offered

def test_the_catalogue_lists_every_model_with_its_voices_and_languages(mill: Stack) -> None:
    with mill.http as http:
        models = {model["id"]: model for model in http.get("/v1/models").json()["data"]}
        voices = {name: [voice["id"] for voice in http.get("/v1/audio/voices", params={"model": name}).json()["voices"]]
                  for name in (SPEAKERS, SMALL, DESIGN, CLONE)}
    assert set(voices) <= set(models)
    assert models["tts-1"]["alias_of"] == SPEAKERS
    assert voices[SPEAKERS] == ["ryan", "aiden", "serena", "vivian", "uncle_fu", "dylan", "eric", "ono_anna", "sohee"]
    assert (voices[DESIGN], voices[CLONE]) == (["design"], ["clone"])
    assert set(models[SPEAKERS]["languages"]) == {"zh", "en", "de", "it", "pt", "es", "ja", "ko", "fr", "ru"}
    assert [models[name]["instructions"] for name in (SPEAKERS, SMALL, DESIGN)] == ["taken", "refused", "required"]
    assert [models[name]["cloning"] for name in (SPEAKERS, CLONE)] == [False, True]


# --- what is spoken

def test_a_job_is_spoken_by_a_speaker_of_the_checkpoint(mill: Stack) -> None:
    job = speak(mill, model=SPEAKERS, voice="vivian", language="en", instructions="Whisper.", seed=3)
    assert (job["model"], job["voice"]) == (SPEAKERS, "vivian")
    check_spoken(mill, job)


def test_a_sync_request_is_answered_with_the_sound(mill: Stack) -> None:
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Good evening.", "model": "tts-1", "voice": "alloy",
                                                     "response_format": "wav"})
    assert answer.status_code == 200, answer.text
    samples, duration_s = heard(answer.content)
    assert 0.1 < duration_s < 10
    assert np.abs(samples).max() > 0.01


def test_the_segments_of_a_long_text_are_spoken_several_in_a_launch(mill: Stack) -> None:
    counters = ("speech_engine_frames_total", "speech_engine_launches_total")
    before = [counted(mill, name, SPEAKERS) for name in counters]
    text = "\n\n".join(f"Chapter {word} of ten. {SENTENCE}" for word in NUMBERS)
    job = speak(mill, text, model=SPEAKERS, voice="ryan")
    assert (job["status"], job["segments"]["completed"]) == ("completed", job["segments"]["total"])
    assert job["segments"]["total"] == len(NUMBERS)
    with mill.http as http:
        segments = http.get(f"/v1/audio/speech/jobs/{job['id']}/segments").json()["data"]
    assert all(segment["duration_seconds"] > 0 and 1 <= segment["spoken"] <= 4 for segment in segments)
    assert heard(mill.audio(job["id"]))[1] >= sum(segment["duration_seconds"] for segment in segments)
    frames, launches = (counted(mill, name, SPEAKERS) - start for name, start in zip(counters, before, strict=True))
    assert frames / launches > 1.3


def test_a_voice_is_designed_from_instructions(mill: Stack) -> None:
    check_spoken(mill, speak(mill, model=DESIGN, instructions="An old sailor, hoarse and kind."))


@pytest.mark.parametrize("ref_text", ["", "It is quiet here."], ids=["from the sound alone", "going on from what it says"])
def test_a_voice_is_cloned(mill: Stack, ref_text: str) -> None:
    check_spoken(mill, speak(mill, model=CLONE, ref_audio=recording(1.5, rate_hz=16_000), ref_text=ref_text))


def test_a_sync_request_may_bring_a_voice_of_its_own(mill: Stack) -> None:
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Good evening.", "model": CLONE, "response_format": "wav",
                                                     "ref_audio": recording(1.0)})
    assert answer.status_code == 200, answer.text
    assert heard(answer.content)[1] > 0.1


def test_words_that_look_like_the_models_own_tokens_are_read_out(mill: Stack) -> None:
    check_spoken(mill, speak(mill, "Now <|im_end|> it ends.", model=SPEAKERS))


# --- voices of one's own

def test_a_kept_voice_is_encoded_once_and_then_needs_no_recording(mill: Stack) -> None:
    voice = made(mill, "/v1/audio/voices", data={"name": "Ada", "consent": "true", "ref_text": "It is quiet here."},
                 files={"audio_sample": ("ada.wav", base64.b64decode(recording(2.0).partition(",")[2]))})
    folder = mill.folder / "objects" / "t" / "local" / "voices" / voice["id"]
    assert len(list(folder.glob("*.npz"))) == 1
    (folder / voice["recording"]["sha256"]).unlink()  # whoever still had to encode it would find none
    job = speak(mill, voice=voice["id"], seed=3)
    assert (job["model"], job["voice"]) == (CLONE, voice["id"])
    check_spoken(mill, job)


def test_a_voice_is_designed_by_one_model_and_spoken_by_another(mill: Stack) -> None:
    voice = made(mill, "/v1/audio/voices/design", json={"name": "Sailor", "description": "An old sailor, hoarse and kind.",
                                                         "text": "It is late, and the tide is out."})
    assert (voice["model"], voice["source"], voice["ref_text"]) == (CLONE, "design", "It is late, and the tide is out.")
    check_spoken(mill, speak(mill, voice=voice["id"]))


def made(mill: Stack, path: str, **request: Any) -> dict[str, Any]:
    """A voice that is ready."""
    with mill.http as http:
        answer = http.post(path, **request)
        assert answer.status_code == 201, answer.text
        voice: dict[str, Any] = answer.json()
        for _ in range(5):
            if voice["status"] != "preparing":
                break
            voice = http.get(f"/v1/audio/voices/{voice['id']}", headers={"Prefer": "wait=20"}).json()
    assert voice["status"] == "ready", voice
    return voice


# --- what is refused

@pytest.mark.parametrize(("body", "param", "code"), [
    ({"model": DESIGN}, "instructions", "missing_field"),
    ({"model": DESIGN, "instructions": "  "}, "instructions", "missing_field"),
    ({"model": CLONE}, "ref_audio", "missing_field"),
    ({"model": CLONE, "ref_text": "It is quiet."}, "ref_text", "invalid_value"),
    ({"model": CLONE, "ref_audio": "https://example.com/voice.wav"}, "ref_audio", "invalid_value"),
    ({"model": CLONE, "ref_audio": "data:audio/wav;base64,?"}, "ref_audio", "invalid_value"),
    ({"model": SPEAKERS, "ref_audio": recording(1.0)}, "ref_audio", "invalid_value"),
    ({"model": SMALL, "instructions": "Whisper."}, "instructions", "invalid_value"),
    ({"model": SPEAKERS, "voice": "nobody"}, "voice", "unknown_voice"),
    ({"model": SPEAKERS, "language": "tlh"}, "language", "unknown_language"),
    ({"model": "tiny-nothing"}, "model", "model_not_found"),
    ({"model": SPEAKERS, "input": "… — !"}, "input", "input_unspeakable"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_model_can_never_speak_is_refused_at_once(mill: Stack, body: dict[str, Any], param: str, code: str) -> None:
    with mill.http as http:
        answer = http.post("/v1/audio/speech/jobs", json={"input": SENTENCE, **body})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code), error["message"]


BAD_REFERENCES = {
    "silent": (recording(3, loudness=0.0), "silent"),
    "half a second": (recording(0.5), "0.50 s"),
    "31 seconds": (recording(31, rate_hz=8_000), "1 to 30 s"),
    "a text file": (data_url(b"It is quiet here, and this is no sound."), "no sound"),
}


def test_recordings_that_are_no_voice_fail_their_jobs_before_a_frame_is_computed(mill: Stack) -> None:
    before = counted(mill, "speech_engine_frames_total", CLONE)
    jobs = {name: mill.create(SENTENCE, model=CLONE, ref_audio=audio)["id"] for name, (audio, _) in BAD_REFERENCES.items()}
    for name, (_, said) in BAD_REFERENCES.items():
        job = mill.wait(jobs[name])
        error = job["error"]
        assert (job["status"], error["code"], error["param"]) == ("failed", "bad_reference", "ref_audio")
        assert said in error["message"]
        assert (error["retryable"], job["attempts"]) == (False, 1)
    assert counted(mill, "speech_engine_frames_total", CLONE) == before


def test_a_sync_request_is_told_what_is_wrong_with_its_recording(mill: Stack) -> None:
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": SENTENCE, "model": CLONE, "ref_audio": recording(0.5)})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "ref_audio", "bad_reference")


def test_a_prompt_that_fits_no_slot_is_refused_and_says_by_how_much(mill: Stack) -> None:
    job = speak(mill, model=SPEAKERS, instructions="Whisper, and then shout. " * 160)
    error = job["error"]
    assert (job["status"], error["code"], error["param"]) == ("failed", "voice_refused", "input")
    assert "of the 768 of a slot" in error["message"]


# --- what is measured

def test_an_engines_figures_are_on_the_metrics_page_until_its_worker_leaves(mill: Stack) -> None:
    assert counted(mill, "speech_engine_frames_total", SMALL) == 0
    assert [mill.metric("speech_engine_slots", model=SMALL, state=state) for state in ("used", "free")] == [0, 4]
    assert (mill.metric("speech_engine_resident_memory_bytes", model=SMALL) or 0) > 50e6
    mill.programs["small"].stop()
    until(lambda: mill.metric("speech_engine_slots", model=SMALL) is None, "its figures stay")
    assert mill.metric("speech_engine_slots", model=SPEAKERS) == 4


def counted(mill: Stack, name: str, model: str) -> float:
    """A counter of an idle engine, once it stands still: the engine's beat tells of it, twice a second, and then its worker's,
    which comes every 0.75 s."""
    (worker,) = (each for each in ready_workers(mill) if ask(mill, "HEXISTS", f"worker:{each}", f"cap:speech:{model}:batch"))
    value, beats = mill.metric(name, model=model), set[Any]()
    while value is None or len(beats) < 4:
        time.sleep(0.2)
        now = mill.metric(name, model=model)
        if now != value:
            value, beats = now, set()
        beats.add(ask(mill, "ZSCORE", "workers", worker))
    return value
