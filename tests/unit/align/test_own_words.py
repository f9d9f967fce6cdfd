"""Voices that know when they say what: espeak-ng through its library, and the tone."""

from itertools import pairwise

import numpy as np
import pytest

from worker.align.choose import open_aligner
from worker.align.own import OwnWords
from worker.takes.loudness import levels
from worker.takes.trim import trim
from worker.text.words import words_in
from worker.times.segment import WordTimes
from worker.voices.espeak import Espeak
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm, Utterance, Voice
from worker.voices.tone import Tone


def take(voice: Voice, utterance: Utterance) -> Pcm:
    return trim(np.concatenate(list(voice.speak(utterance).chunks())))


def spoken(text: str, language: str, *, longer: bool = False) -> tuple[WordTimes, Pcm]:
    voice = Espeak()
    utterance = Utterance(text=text, voice=voice.warm_up().default_voice, language=language, seed=1)
    pcm = take(voice, utterance)
    return OwnWords(voice).align(utterance, np.append(pcm, pcm[:1]) if longer else pcm), pcm


@pytest.mark.parametrize(("text", "language"), [
    ("Hello, World of the mill. It is in the house; “well”, this is it.", "en"), ("Es war der 3. Mai 1999, um 12:30 Uhr.", "de"),
    ("今天的天气很好。我们去公园。", "cmn"), ("Сегодня хорошая погода.", "ru")])
def test_espeak_tells_when_it_says_each_word(text: str, language: str) -> None:
    times, pcm = spoken(text, language)
    assert len(times) == len(words_in(text))
    known = [time for time in times if time]
    assert len(known) == len(times)
    assert known[0][0] < 0.1
    assert known[-1][1] == pytest.approx(len(pcm) / SAMPLE_RATE_HZ, abs=0.15)
    assert all(start < end for start, end in known)
    assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(known))


def test_a_pause_belongs_to_no_word() -> None:
    times, pcm = spoken("One. Two.", "en")
    assert times[0] is not None
    assert times[1] is not None
    between = pcm[round(times[0][1] * SAMPLE_RATE_HZ):round(times[1][0] * SAMPLE_RATE_HZ)]
    assert len(between) / SAMPLE_RATE_HZ > 0.1
    assert abs(between).max() < 0.05


@pytest.mark.parametrize(("text", "language"), [
    ("“Hello,” she said. ‘What?’ — he asked… “No!”", "en"), ("One. Two. Three, four; five. Six! Seven? Eight: nine. Ten.", "en"),
    ("It rained all night. The lake rose, and rose. Nobody slept. Then it stopped; the sun came.", "en"),
    ("Es war gut, sagte er. Dann ging er. Nein! Warum? Ja, gut. Also, los.", "de")])
def test_no_word_ends_with_the_pause_behind_it_wherever_the_next_one_begins(text: str, language: str) -> None:
    times, pcm = spoken(text, language)
    quiet = 0.01 * float(levels(pcm).max())
    ends_s = [time[1] for time in times if time]
    assert len(ends_s) == len(words_in(text))
    for end_s in ends_s[:-1]:
        before = pcm[round((end_s - 0.05) * SAMPLE_RATE_HZ):round(end_s * SAMPLE_RATE_HZ)]
        assert levels(before).max() >= quiet, f"silence before {end_s}"


def test_words_without_a_pause_between_them_meet() -> None:
    times, _ = spoken("We are all on our way home", "en")
    known = [time for time in times if time]
    assert all(before[1] == after[0] for before, after in pairwise(known))


def test_a_take_that_is_not_what_it_says_has_no_times() -> None:
    times, _ = spoken("One. Two.", "en", longer=True)
    assert times == [None, None]


def test_each_character_of_a_tone_lasts_as_long_as_any_other() -> None:
    voice = Tone()
    utterance = Utterance(text="Hello, World", voice="low", language="en", seed=1)
    times = OwnWords(voice).align(utterance, take(voice, utterance))
    (first, second) = [time for time in times if time]
    assert first == pytest.approx((0.0, 0.3), abs=0.011)
    assert second == pytest.approx((0.42, 0.72), abs=0.021)


def test_there_is_no_aligner_for_a_voice_that_does_not_know() -> None:
    assert isinstance(open_aligner(Tone(), ""), OwnWords)
    silent = Espeak()   # not warm: no program was found yet
    assert open_aligner(silent, "") is None
