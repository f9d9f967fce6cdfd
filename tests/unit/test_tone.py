"""What a test can steer in the tone voice, and that the settings choose among voices."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from speechmill.settings import Settings, WorkerSettings
from worker.voices.choose import open_voice
from worker.voices.espeak import Espeak
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Speech, Utterance
from worker.voices.tone import Tone, ToneOptions


class Nobody:
    """Watches a voice that can't die."""

    def died(self, speeches: Sequence[Speech]) -> None:
        raise AssertionError(speeches)

    def broken(self, reason: str) -> None:
        raise AssertionError(reason)


def say(voice: Tone, text: str, seed: int = 1) -> Speech:
    return voice.speak(Utterance(text=text, voice="low", language="en", seed=seed))


def test_a_tone_lasts_60_ms_a_character_and_at_least_a_fifth_of_a_second() -> None:
    assert sum(map(len, say(Tone(), "x" * 50).chunks())) == 3.0 * SAMPLE_RATE_HZ
    assert sum(map(len, say(Tone(), "x").chunks())) == 0.2 * SAMPLE_RATE_HZ


def test_another_seed_gives_another_tone() -> None:
    assert b"".join(chunk.tobytes() for chunk in say(Tone(), "hello", 1).chunks()) \
        != b"".join(chunk.tobytes() for chunk in say(Tone(), "hello", 2).chunks())


def test_silence_of_20_ms_leads_and_trails() -> None:
    sound = np.concatenate(list(say(Tone(), "x" * 20).chunks()))
    sounding = np.flatnonzero(np.abs(sound) > 0.01)
    assert sounding[0] / SAMPLE_RATE_HZ == pytest.approx(0.02, abs=0.005)
    assert (len(sound) - sounding[-1]) / SAMPLE_RATE_HZ == pytest.approx(0.02, abs=0.005)


def test_pace_makes_it_as_slow_as_asked() -> None:
    began = time.monotonic()
    list(say(Tone(ToneOptions(pace=0.2)), "x" * 25).chunks())  # 1.5 s of sound
    assert 0.29 < time.monotonic() - began < 10


def test_a_cancel_does_not_wait_for_the_pace() -> None:
    speech = say(Tone(ToneOptions(pace=100)), "x" * 25)
    threading.Timer(0.1, speech.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(speech.chunks())
    assert time.monotonic() - began < 60, "at that pace it takes 150 s"


def test_with_one_slot_the_second_waits_for_the_first() -> None:
    voice = Tone(ToneOptions(slots=1))
    first = say(voice, "x" * 50).chunks()
    next(first)
    second = say(voice, "y" * 50)
    waiting = threading.Thread(target=lambda: list(second.chunks()))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    list(first)
    waiting.join(60)
    assert not waiting.is_alive()


def test_one_that_waits_for_a_slot_can_be_cancelled() -> None:
    voice = Tone(ToneOptions(slots=1))
    first = say(voice, "x" * 50).chunks()
    next(first)
    second = say(voice, "y")
    threading.Timer(0.05, second.cancel).start()
    with pytest.raises(Cancelled):
        list(second.chunks())


def test_the_settings_choose_the_voice() -> None:
    assert isinstance(open_voice(Settings(worker=WorkerSettings(voice="tone")), Nobody()), Tone)
    assert isinstance(open_voice(Settings(worker=WorkerSettings(voice="espeak")), Nobody()), Espeak)
