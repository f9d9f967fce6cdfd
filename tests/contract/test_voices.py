"""What every voice promises, said once and asked of each: tone, espeak from PATH and from the wheel, Qwen3-TTS with an
engine process that speaks tones, and remote with another speechmill behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from speechmill.catalogue import OPENAI_VOICES, ModelInfo
from speechmill.errors import Unspeakable, VoiceFailed, VoiceRefused
from speechmill.settings import RemoteSettings
from tests.contract.espeak_programs import on_path, wheel
from tests.e2e.stack import running_stack
from tests.qwen3_tones import qwen3_of_tones
from worker.voices.espeak import Espeak
from worker.voices.remote.voice import Remote
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Pcm, Speech, Utterance, Voice
from worker.voices.tone import Tone

SENTENCE = "The quick brown fox jumps over the lazy dog."
LONG = " ".join([SENTENCE] * 60)

GREETINGS = {"en": "Good morning, everyone.", "de": "Guten Morgen, ihr alle.", "es": "Buenos días a todos.",
             "ru": "Доброе утро всем.", "ar": "صباح الخير جميعا.", "hi": "सुप्रभात सबको।", "zh": "大家早上好。",
             "ja": "みなさん、おはよう。", "ko": "여러분 안녕하세요."}

ODD = {
    "control characters": "one\x00two\x01200Sthree\x02\x07\x1b[0m\x7f\x85four",
    "half a surrogate": "one \ud83d two",
    "private use": "one \ue000\ue03c two",
    "emoji": "Well done 👩‍👩‍👧‍👦 🎉!",
    "only symbols": "€ ☺",
    "right to left": "\u202eשלום עולם\u202c مرحبا",
    "Chinese in an English sentence": "He said 你好 to me.",
    "combining marks": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "phoneme brackets": "[[h@'loU]] world [[",
    "markup": "<speak>Hello <break time='30s'/> there</speak> &lt;b&gt; <!-- no -->",
    "looks like an option": "-v evil --help",
    "looks like a second option": "--stdout\n-w /tmp/evil.wav",
    "format string": "100%s %n %d {0} $HOME `id`",
    "one letter": "a",
    "many blank lines": "one\n\n\n\r\n\ttwo",
    "a word of 10,000 letters": "a" * 10_000,
    "10,000 digits": "9" * 10_000,
}


@pytest.fixture(scope="module", params=["tone", "espeak on PATH", "espeak in the wheel", "qwen3", "remote"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Voice]:
    match request.param:
        case "tone":
            return Tone
        case "espeak on PATH":
            program = on_path(tmp_path_factory.mktemp("bin"))
            return lambda: Espeak(program)
        case "qwen3":
            checkpoint = tmp_path_factory.mktemp("Qwen3-TTS-Tones")
            return lambda: qwen3_of_tones(checkpoint)
        case "remote":
            base_url = request.getfixturevalue("mill")
            return lambda: Remote(RemoteSettings(url=base_url, fields="speechmill"), speech_slots=8)
        case _:
            return lambda: Espeak(wheel())


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another speechmill, which speaks tones."""
    with running_stack(tmp_path_factory.mktemp("mill"), LIMITS__SYNC_CHARACTERS="20000", WORKER__SPEECH_SLOTS="8",
                       PRODUCER__ABANDON_AFTER_S="0") as stack:
        yield stack.base_url


@pytest.fixture(scope="module")
def ready(make: Callable[[], Voice]) -> Iterator[tuple[Voice, ModelInfo]]:
    voice = make()
    yield voice, voice.warm_up()
    voice.close()


@pytest.fixture
def voice(ready: tuple[Voice, ModelInfo]) -> Voice:
    return ready[0]


@pytest.fixture
def model(ready: tuple[Voice, ModelInfo]) -> ModelInfo:
    return ready[1]


@pytest.fixture
def say(voice: Voice, model: ModelInfo) -> Callable[..., Speech]:
    def say(text: str, speaker: str = "", language: str = "en") -> Speech:
        return voice.speak(Utterance(text=text, voice=speaker or model.default_voice, language=language, seed=7))

    return say


def read_slowly(chunks: Iterator[Pcm], canceller: threading.Thread) -> None:
    for n_heard, _chunk in enumerate(chunks):
        canceller.join(0.005 if n_heard < 20 else 60)  # it may be slow to start, and must come before the end


def heard(speech: Speech) -> Pcm:
    return np.concatenate(list(speech.chunks()))


# --- what it offers

def test_the_catalogue_of_a_voice_hangs_together(model: ModelInfo) -> None:
    ids = [voice.id for voice in model.voices]
    assert len(set(ids)) == len(ids) > 1
    assert all(voice.description and voice.name for voice in model.voices)
    assert all(voice_id == voice_id.lower() for voice_id in ids)
    assert model.voice("").id == model.default_voice
    assert len({tag.lower() for tag in model.languages}) == len(model.languages)
    assert model.language("") == "auto"
    assert {"en", "de", "es", "ru", "zh", "ja", "ko"} <= set(model.languages)


def test_every_voice_of_openai_has_a_counterpart_that_exists(model: ModelInfo) -> None:
    assert set(model.voice_aliases) == set(OPENAI_VOICES)
    assert set(model.voice_aliases.values()) <= {voice.id for voice in model.voices}


def test_every_voice_speaks_in_its_own_way(say: Callable[..., Speech], model: ModelInfo) -> None:
    sounds = {voice.id: heard(say(SENTENCE, voice.id)) for voice in model.voices}
    assert all(np.abs(sound).max() > 0.05 for sound in sounds.values())
    assert len({sound.tobytes() for sound in sounds.values()}) == len(sounds)


def test_it_speaks_the_languages_it_names(say: Callable[..., Speech], model: ModelInfo) -> None:
    for language in GREETINGS.keys() & set(model.languages):
        sound = heard(say(GREETINGS[language], language=language))
        assert 0.3 < len(sound) / SAMPLE_RATE_HZ < 10, language
        assert np.abs(sound).max() > 0.05, language


def test_another_language_changes_the_sound(say: Callable[..., Speech]) -> None:
    assert heard(say("Die Rose", language="de")).tobytes() != heard(say("Die Rose", language="en")).tobytes()


def test_a_voice_it_does_not_have_is_named_in_the_error(say: Callable[..., Speech]) -> None:
    with pytest.raises((VoiceFailed, VoiceRefused), match="'nobody'"):
        heard(say(SENTENCE, "nobody"))


def test_a_language_it_does_not_have_is_named_in_the_error(say: Callable[..., Speech]) -> None:
    with pytest.raises((VoiceFailed, VoiceRefused), match="'tlh-Qabs'"):
        heard(say(SENTENCE, language="tlh-Qabs"))


# --- what comes out

def test_sound_is_float32_mono_within_full_scale(say: Callable[..., Speech]) -> None:
    chunks = list(say(SENTENCE).chunks())
    assert all(chunk.dtype == np.float32 and chunk.ndim == 1 for chunk in chunks)
    sound = np.concatenate(chunks)
    assert np.isfinite(sound).all()
    assert 0.05 < np.abs(sound).max() <= 1.0


def test_duration_fits_the_text(say: Callable[..., Speech]) -> None:
    short_s, long_s = (len(heard(say(text))) / SAMPLE_RATE_HZ for text in (SENTENCE, LONG))
    assert 1.5 < short_s < 6
    assert long_s == pytest.approx(60 * short_s, rel=0.3)


def test_sound_comes_in_pieces_small_enough_to_stop_between(say: Callable[..., Speech]) -> None:
    assert max(len(chunk) for chunk in say(LONG).chunks()) <= SAMPLE_RATE_HZ


def test_the_same_utterance_gives_the_same_bytes(say: Callable[..., Speech]) -> None:
    assert heard(say(SENTENCE)).tobytes() == heard(say(SENTENCE)).tobytes()


@pytest.mark.parametrize("kind", ODD)
def test_odd_text_is_spoken_all_the_same(say: Callable[..., Speech], kind: str) -> None:
    sound = heard(say(ODD[kind]))
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() > 0.05
    assert len(sound) / SAMPLE_RATE_HZ < 10 + len(ODD[kind])


@pytest.mark.parametrize("text", ["   ", "…", "\n"])
def test_text_without_a_sound_is_unspeakable(say: Callable[..., Speech], text: str) -> None:
    with pytest.raises(Unspeakable):
        heard(say(text))


def test_eight_at_once_sound_as_each_alone(say: Callable[..., Speech], model: ModelInfo) -> None:
    texts = [f"{SENTENCE} Number {n}." for n in range(8)]
    alone = [heard(say(text)).tobytes() for text in texts]
    with ThreadPoolExecutor(8) as threads:
        together = [sound.tobytes() for sound in threads.map(lambda text: heard(say(text)), texts)]
    assert together == alone
    assert len(set(alone)) == 8


# --- stopping it

def test_a_speech_that_ends_by_itself_was_not_cut_short(say: Callable[..., Speech]) -> None:
    speech = say(SENTENCE)
    heard(speech)
    assert not speech.capped


def test_a_voice_is_well_when_it_is_warm(voice: Voice) -> None:
    assert voice.well


def test_cancelled_before_it_is_read_it_never_sounds(say: Callable[..., Speech]) -> None:
    speech = say(SENTENCE)
    speech.cancel()
    with pytest.raises(Cancelled):
        next(speech.chunks())


def test_cancelled_from_another_thread_it_stops_midway(say: Callable[..., Speech]) -> None:
    speech = say(LONG)
    chunks = speech.chunks()
    next(chunks)
    canceller = threading.Thread(target=speech.cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        read_slowly(chunks, canceller)
    canceller.join()


def test_cancelled_after_its_last_sound_it_still_counts_as_cancelled(say: Callable[..., Speech]) -> None:
    speech = say("Hi.")
    chunks = speech.chunks()
    next(chunks)
    speech.cancel()
    with pytest.raises(Cancelled):
        list(chunks)


def test_cancelling_twice_or_after_the_end_is_harmless(say: Callable[..., Speech]) -> None:
    speech = say(SENTENCE)
    heard(speech)
    speech.cancel()
    speech.cancel()


def test_one_cancelled_leaves_the_others_alone(say: Callable[..., Speech]) -> None:
    doomed, lucky = say(LONG), say(SENTENCE)
    chunks = doomed.chunks()
    next(chunks)
    doomed.cancel()
    assert len(heard(lucky))
    with pytest.raises(Cancelled):
        next(chunks)


def test_closing_cancels_what_is_in_flight_and_what_comes_later(make: Callable[[], Voice]) -> None:
    voice = make()
    utterance = Utterance(text=LONG, voice=voice.warm_up().default_voice, language="en", seed=1)
    reading, waiting = voice.speak(utterance), voice.speak(utterance)
    chunks = reading.chunks()
    next(chunks)
    voice.close()
    for speech_chunks in (chunks, waiting.chunks(), voice.speak(utterance).chunks()):
        with pytest.raises(Cancelled):
            next(speech_chunks)
    voice.close()


def test_a_speech_that_nobody_reads_to_its_end_leaves_nothing_behind(make: Callable[[], Voice]) -> None:
    voice = make()
    utterance = Utterance(text=LONG, voice=voice.warm_up().default_voice, language="en", seed=1)
    before = open_files()
    for _ in range(5):
        chunks = voice.speak(utterance).chunks()
        next(chunks)
        del chunks
    deadline = time.monotonic() + 30
    while open_files() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    voice.close()


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())
