"""What the qwen3 voice makes of a checkpoint, of an utterance and of the engine's errors. Its engine process speaks tones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speechmill.errors import BadReference, VoiceFailed, VoiceRefused
from speechmill.settings import EngineSettings, Settings, WorkerSettings
from tests.qwen3_tones import Note, qwen3_of_tones
from tests.unit.engine.tone_speaker import LANGUAGES, ToneOptions
from worker.engine.errors import BrokenNumbers, EngineDied, EngineFull
from worker.engine.options import EngineOptions
from worker.engine.speaker import Reference, SpeakerInfo
from worker.model.errors import BadUtterance, EngineError
from worker.reference.options import ReferenceOptions
from worker.voices.choose import open_voice
from worker.voices.qwen3 import Qwen3, max_frames, public
from worker.voices.qwen3_catalogue import model_id, model_info
from worker.voices.qwen3_start import ENGINE, REFERENCE, EngineStart
from worker.voices.seam import BrokenSound, Utterance

SENTENCE = "The quick brown fox jumps over the lazy dog."


def utterance(text: str = SENTENCE, **more: object) -> Utterance:
    return Utterance(**{"text": text, "voice": "sohee", "language": "en", "seed": 7, **more})  # type: ignore[arg-type]


def info(**more: object) -> SpeakerInfo:
    return SpeakerInfo(**{"name": "x", "kind": "custom_voice", "voices": ("ryan", "zoe"),  # type: ignore[arg-type]
                          "languages": LANGUAGES, "takes_instructions": True, "revision": "abc", "n_slots": 4,
                          "longest_frames": 1024, **more})


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Qwen3]:
    voice = qwen3_of_tones(tmp_path)
    voice.warm_up()
    yield voice
    voice.close()


# --- its catalogue

@pytest.mark.parametrize(("checkpoint", "name"), [
    ("Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice", "qwen3-tts-12hz-1.7b-customvoice"),
    ("Qwen/Qwen3-TTS-12Hz-0.6B-Base@5d83992", "qwen3-tts-12hz-0.6b-base"),
    ("somebody/My Voice: the 2nd", "my-voice-the-2nd"),
    ("/", "qwen3-tts"),
])
def test_a_model_is_named_after_its_checkpoint(checkpoint: str, name: str) -> None:
    assert model_id(checkpoint) == name


def test_a_model_in_a_folder_is_named_after_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Tiny@Voice").mkdir()
    assert model_id(str(tmp_path / "Tiny@Voice")) == "tiny-voice"
    monkeypatch.chdir(tmp_path / "Tiny@Voice")
    assert model_id(".") == "tiny-voice"


def test_speakers_of_a_fine_tuned_checkpoint_are_offered_beside_the_published_ones() -> None:
    model = model_info("m", info())
    assert [voice.id for voice in model.voices] == ["ryan", "zoe"]
    assert model.default_voice == "ryan"
    assert model.voice("alloy").id in ("ryan", "zoe")
    assert (model.instructions, model.reference, model.revision) == ("taken", "none", "abc")


def test_languages_that_a_checkpoint_lacks_are_not_offered() -> None:
    assert model_info("m", info(languages=("english", "german", "klingon"))).languages == ("en", "de")


def test_a_small_custom_voice_refuses_instructions_rather_than_drop_them() -> None:
    assert model_info("m", info(takes_instructions=False)).instructions == "refused"


def test_a_voice_design_checkpoint_has_one_voice_that_must_be_described() -> None:
    model = model_info("m", info(kind="voice_design", voices=()))
    assert [voice.id for voice in model.voices] == ["design"]
    assert (model.instructions, model.reference) == ("required", "none")


def test_a_base_checkpoint_has_one_voice_that_needs_a_reference() -> None:
    model = model_info("m", info(kind="base", voices=(), takes_instructions=False))
    assert [voice.id for voice in model.voices] == ["clone"]
    assert (model.instructions, model.reference) == ("refused", "required")


# --- how it is started

def start(factory: str, tmp_path: Path, **settings: object) -> EngineStart:
    engine = EngineSettings(checkpoint=str(tmp_path), cpu_threads=3, **settings)
    return EngineStart(factory, engine, WorkerSettings(speech_slots=64, reserved_slots=3))


def test_the_engine_gets_the_workers_slots(tmp_path: Path) -> None:
    started = start(ENGINE, tmp_path, slot_positions=512, stall_s=7.0, kv_dtype="float8").options(print)
    assert started.stall_s == 7.0
    assert started.options == EngineOptions(checkpoint=tmp_path, n_slots=64, interactive_slots=3, slot_positions=512,
                                            kv_dtype="float8", cpu_threads=3)


def test_sound_of_many_slots_has_room_on_its_way_to_the_worker(tmp_path: Path) -> None:
    engine = EngineSettings(checkpoint=str(tmp_path))
    blocks = [EngineStart(ENGINE, engine, WorkerSettings(speech_slots=n)).options(print).arena_blocks for n in (4, 512, 1500)]
    assert blocks == [256, 512, 1500]


def test_the_reference_gets_what_compiles_it_and_a_name_of_its_own(tmp_path: Path) -> None:
    reference = start(REFERENCE, tmp_path, compile="max-autotune", fullgraph=True)
    assert reference.options(print).options == ReferenceOptions(
        checkpoint=tmp_path, batch=64, attention="flash_attention_2", compile="max-autotune", fullgraph=True, cpu_threads=3)
    assert reference.model_id == f"{start(ENGINE, tmp_path).model_id}-reference"


def test_the_settings_choose_it(tmp_path: Path) -> None:
    settings = Settings(worker=WorkerSettings(voice="qwen3"), engine=EngineSettings(checkpoint=str(tmp_path)))
    voice = open_voice(settings, Note())
    assert isinstance(voice, Qwen3)
    assert voice.model_id == tmp_path.name.lower()
    assert voice.well


def test_a_checkpoint_that_is_not_there_is_said_by_warm_up(tmp_path: Path) -> None:
    voice = qwen3_of_tones(tmp_path / "Not There", offline=True)
    with pytest.raises(VoiceFailed, match="Not There"):
        voice.warm_up()
    voice.close()


# --- speaking

def test_two_seeds_give_two_sounds(voice: Qwen3) -> None:
    one, other = (np.concatenate(list(voice.speak(utterance(seed=seed)).chunks())) for seed in (1, 2))
    assert one.tobytes() != other.tobytes()


def test_a_cap_ends_it_and_is_told(voice: Qwen3) -> None:
    speech = voice.speak(utterance(longest_s=0.8))
    assert sum(map(len, speech.chunks())) == 10 * 1920
    assert speech.capped


def test_its_figures_can_be_read_while_it_is_warm(voice: Qwen3) -> None:
    list(voice.speak(utterance()).chunks())
    assert voice.gauges["rss_bytes"] > 0


def test_the_watcher_is_told_which_speeches_died_before_they_fail(tmp_path: Path) -> None:
    note = Note()
    voice = qwen3_of_tones(tmp_path, note)
    voice.warm_up()
    speech = voice.speak(utterance("CRASH"))
    with pytest.raises(VoiceFailed, match="died") as failed:
        list(speech.chunks())
    assert "SIGKILL" not in failed.value.message
    assert note.deaths == [[speech]]
    assert list(voice.speak(utterance()).chunks())
    voice.close()


def test_the_watcher_is_told_when_it_cannot_be_restarted(tmp_path: Path) -> None:
    note = Note()
    voice = qwen3_of_tones(tmp_path, note, ToneOptions(starts_file=tmp_path / "starts", good_starts=1))
    voice.warm_up()
    for _ in range(2):
        with pytest.raises(VoiceFailed):
            list(voice.speak(utterance("CRASH")).chunks())
    assert note.reasons == ["model.safetensors is gone."]
    assert not voice.well
    voice.close()


@pytest.mark.parametrize(("error", "told", "param", "retryable"), [
    (BadUtterance("too long", param="text"), VoiceRefused, "input", False),
    (BadUtterance("nobody", param="voice"), VoiceRefused, "voice", False),
    (BadUtterance("dropped", param="instructions"), VoiceRefused, "instructions", False),
    (BadUtterance("silent", param="reference"), BadReference, "ref_audio", False),
    (BadUtterance("missing", param="reference_text"), VoiceRefused, "ref_text", False),
    (BadUtterance("1,030 of 1,024", param="max_frames"), VoiceRefused, "input", False),
    (EngineFull("full"), VoiceFailed, None, True),
    (BrokenNumbers("NaN"), BrokenSound, None, True),
    (EngineDied("died"), VoiceFailed, None, True),
])
def test_errors_of_the_engine_have_a_public_face(error: EngineError, told: type[Exception], param: str | None,
                                                 retryable: bool) -> None:
    face = public(error)
    assert type(face) is told
    assert (face.param, face.retryable) == (param, retryable)


# --- its cap

def test_a_text_may_take_twice_as_long_as_it_should() -> None:
    assert 40 < max_frames(utterance("x" * 280), 1024) / 12.5 < 50
    assert max_frames(utterance("你" * 80), 1024) / 12.5 == pytest.approx(44, abs=0.1)


def test_a_cap_of_the_utterances_own_is_rounded_up_to_frames() -> None:
    assert max_frames(utterance(longest_s=10.01), 1024) == 126


def test_a_cap_is_no_longer_than_a_slot_whatever_else_is_in_the_prompt() -> None:
    """What the prompt leaves of a slot, the engine knows: tokens are counted there."""
    assert max_frames(utterance("x" * 280), 170) == 170
    assert max_frames(utterance("x" * 280, instructions="y" * 4000), 1279) == max_frames(utterance("x" * 280), 1279)


def test_a_reference_travels_with_the_utterance(tmp_path: Path) -> None:
    voice = qwen3_of_tones(tmp_path, tones=ToneOptions(kind="base"))
    assert voice.warm_up().reference == "required"
    reference = Reference(np.zeros(24_000, np.float32), "One.")
    assert list(voice.speak(utterance(voice="clone", reference=reference)).chunks())
    voice.close()
