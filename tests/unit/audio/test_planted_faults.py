"""Good takes by espeak-ng in many languages pass every check; each fault that is planted in them is found, under its name."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from tests.contract.espeak_programs import wheel
from tests.unit.audio.sentences import ALL
from tests.unit.audio.sound import silence, speechlike
from worker.takes.check import check
from worker.takes.flags import Flag
from worker.takes.loops import asks_for_repetition
from worker.takes.loudness import FRAME, levels, loud
from worker.takes.trim import trim
from worker.voices.espeak import Espeak
from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Pcm, Utterance
from worker.voices.tone import MODEL, Tone


@dataclass(frozen=True)
class Good:
    """A take that is as it should be, trimmed."""

    text: str
    pcm: Pcm


@pytest.fixture(scope="module")
def takes() -> list[Good]:
    """Each text by another of espeak-ng's twenty voices; whispering, croaking and echoing ones are among them."""
    espeak = Espeak(wheel())
    model = espeak.warm_up()
    return [Good(text, trim(np.concatenate(list(espeak.speak(Utterance(
        text=text, voice=model.voices[n % len(model.voices)].id, language=language, seed=0)).chunks()))))
        for n, (language, text) in enumerate(ALL)]


def flags(pcm: Pcm, text: str) -> tuple[str, ...]:
    """As a voice's sound is checked; "broken" where it is no use at all."""
    try:
        return tuple(map(str, check(trim(pcm), text)))
    except BrokenSound:
        return ("broken",)


# --- no false alarm

def test_good_takes_pass(takes: list[Good]) -> None:
    assert [(good.text, found) for good in takes if (found := flags(good.pcm, good.text))] == []


def test_good_takes_pass_at_every_level_that_people_hear_well(takes: list[Good]) -> None:
    for gain_db in (-10, 3):
        gain = 10 ** (gain_db / 20)
        heard = [good for good in takes if gain * np.abs(good.pcm).max() < 1]
        assert len(heard) > len(takes) / 3
        assert [good.text for good in heard if flags(gain * good.pcm, good.text)] == []


def test_good_takes_pass_at_other_paces(takes: list[Good]) -> None:
    """As if spoken a third faster or slower, pitch and all."""
    for factor in (0.75, 1.33):
        assert [good.text for good in takes if flags(_at_pace(good.pcm, factor), good.text)] == []


@pytest.mark.parametrize("voice", [voice.id for voice in MODEL.voices])
def test_tones_pass(voice: str) -> None:
    for language, text in ALL:
        if language in MODEL.languages:
            said = Tone().speak(Utterance(text=text, voice=voice, language=language, seed=3))
            assert flags(np.concatenate(list(said.chunks())), text) == ()


# --- every fault

Plant = Callable[[Pcm, np.random.Generator], Pcm]


def with_silence_inside(pcm: Pcm, rng: np.random.Generator, *, duration_s: float) -> Pcm:
    at = _within_speech(pcm, rng, 0.1, 0.9)
    return np.concatenate([pcm[:at], silence(duration_s), pcm[at:]])


def cut_within_a_sound(pcm: Pcm, rng: np.random.Generator) -> Pcm:
    return pcm[:_within_speech(pcm, rng, 0.4, 0.95)]


def with_its_last_second_ten_times(pcm: Pcm, _rng: np.random.Generator) -> Pcm:
    return np.concatenate([pcm, *[pcm[-SAMPLE_RATE_HZ:]] * 10])


def with_gibberish_behind(pcm: Pcm, _rng: np.random.Generator, *, duration_s: float) -> Pcm:
    n_samples = round(duration_s * SAMPLE_RATE_HZ)
    return np.concatenate([pcm, np.resize(pcm[::-1], n_samples)])


def noise(_pcm: Pcm, rng: np.random.Generator) -> Pcm:
    return rng.normal(0, 0.1, 60 * SAMPLE_RATE_HZ).astype(np.float32)


def a_tenth_of_it(pcm: Pcm, _rng: np.random.Generator) -> Pcm:
    return pcm[:len(pcm) // 10]


def louder(pcm: Pcm, _rng: np.random.Generator, *, gain_db: float) -> Pcm:
    clipped: Pcm = np.clip(pcm * 10 ** (gain_db / 20), -1, 1)
    return clipped


def with_one_nan(pcm: Pcm, rng: np.random.Generator) -> Pcm:
    broken = pcm.copy()
    broken[rng.integers(len(pcm))] = np.nan
    return broken


def silent(pcm: Pcm, _rng: np.random.Generator) -> Pcm:
    return np.zeros_like(pcm)


@pytest.mark.parametrize(("plant", "flag", "at_least"), [
    (partial(with_silence_inside, duration_s=2.0), Flag.INNER_SILENCE, 1.0),
    (partial(louder, gain_db=18), Flag.CLIPPING, 1.0),
    (partial(louder, gain_db=-30), Flag.TOO_QUIET, 1.0),
    (with_one_nan, "broken", 1.0),
    (silent, "broken", 1.0),
    (cut_within_a_sound, Flag.CUT_OFF, 0.9),   # not where the sound is soft just there
], ids=lambda value: getattr(value, "func", value).__name__ if callable(value) else str(value))
def test_a_planted_fault_is_found(takes: list[Good], plant: Plant, flag: str, at_least: float) -> None:
    rng = np.random.default_rng(11)
    missed = [good.text for good in takes if flag not in flags(plant(good.pcm, rng), good.text)]
    assert len(missed) <= (1 - at_least) * len(takes), missed


@pytest.mark.parametrize("plant", [noise, partial(with_gibberish_behind, duration_s=36)], ids=["noise", "gibberish"])
def test_a_take_that_never_ends_is_found_as_too_long(takes: list[Good], plant: Plant) -> None:
    rng = np.random.default_rng(11)
    some = [good for good in takes[::5] if not re.search("[0-9]{3}", good.text)]  # a minute may be right for forty digits
    assert [good.text for good in some if Flag.TOO_LONG not in flags(plant(good.pcm, rng), good.text)] == []


def test_fifty_decibels_too_little_is_found_as_too_quiet_or_as_no_sound(takes: list[Good]) -> None:
    rng = np.random.default_rng(11)
    assert all({"too_quiet", "broken"} & {*flags(louder(good.pcm, rng, gain_db=-50), good.text)} for good in takes)


def test_a_take_without_most_of_its_words_is_found_as_too_short(takes: list[Good]) -> None:
    rng = np.random.default_rng(11)
    long = [good for good in takes if len(good.text) > 40 and not re.search("[0-9]", good.text)]  # numbers are many words
    assert [good.text for good in long if Flag.TOO_SHORT not in flags(a_tenth_of_it(good.pcm, rng), good.text)] == []


def test_a_second_said_ten_times_more_is_found_as_a_loop_or_as_too_long(takes: list[Good]) -> None:
    rng = np.random.default_rng(11)
    long = [good for good in takes if len(good.pcm) > 1.5 * SAMPLE_RATE_HZ and not asks_for_repetition(good.text)]
    assert len(long) > len(takes) / 2
    for good in long:
        assert {"looping", "too_long"} & {*flags(with_its_last_second_ten_times(good.pcm, rng), good.text)}, good.text


def test_a_loop_that_is_not_quite_the_same_each_time_is_found(takes: list[Good]) -> None:
    """A little faster or slower, louder or softer, with some noise."""
    rng = np.random.default_rng(11)
    long = [good for good in takes if len(good.pcm) > 2 * SAMPLE_RATE_HZ and not asks_for_repetition(good.text)]
    missed = [good.text for good in long if Flag.LOOPING not in flags(_stuck(good.pcm, rng), good.text)]
    assert len(missed) <= 0.2 * len(long), missed


@pytest.mark.parametrize("text", ["Ha ha ha ha ha!", "No, no, no, no, no!", "哈哈哈哈哈哈", "Tick, tock. Tick, tock. Tick, tock.",
                                  "www.example.org", "Round and round and round and round it went.", "1000000"])
def test_a_text_that_repeats_itself_may_be_spoken_so(text: str) -> None:
    assert asks_for_repetition(text)
    looped = np.concatenate([np.tile(speechlike(0.5) * np.linspace(1, 0.2, 12_000, dtype=np.float32), 8), silence(0.1)])
    assert Flag.LOOPING not in flags(looped, text)
    assert Flag.LOOPING in flags(looped, "The mill stood still, and nobody was there.")


def test_few_texts_ask_for_repetition() -> None:
    assert sum(asks_for_repetition(text) for _, text in ALL) < 0.15 * len(ALL)


def _stuck(pcm: Pcm, rng: np.random.Generator) -> Pcm:
    """Its last half a second ten times more, each time a percent or so longer or shorter."""
    said = pcm[-SAMPLE_RATE_HZ:-SAMPLE_RATE_HZ // 2]
    again = [_at_pace(said, 1 + 0.01 * rng.normal()) * np.float32(1 + 0.02 * rng.normal()) for _ in range(10)]
    looped = np.concatenate([pcm[:-SAMPLE_RATE_HZ // 2], *again, pcm[-SAMPLE_RATE_HZ // 2:]])
    return looped + rng.normal(0, 0.0005, len(looped)).astype(np.float32)


def _within_speech(pcm: Pcm, rng: np.random.Generator, low: float, high: float) -> int:
    """A sample in the middle of a sound that is not among the softest, between these shares of the take."""
    loudness = levels(pcm)
    strong = np.flatnonzero(loudness > 0.3 * loudness[loud(loudness)].mean())
    inside = strong[(strong > low * len(loudness)) & (strong < high * len(loudness))]
    return int(rng.choice(inside if len(inside) else strong)) * FRAME + FRAME // 2


def _at_pace(pcm: Pcm, factor: float) -> Pcm:
    at = np.linspace(0, len(pcm) - 1, round(len(pcm) * factor))
    return np.interp(at, np.arange(len(pcm)), pcm).astype(np.float32)
