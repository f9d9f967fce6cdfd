"""Sentences and words on the clock of the file: in order, without overlap, at the places where the client wrote them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.timestamps import SentenceTime
from worker.text.cut import cut
from worker.text.piece import Boundary
from worker.text.reading import Reading
from worker.text.words import words_in
from worker.times.clock import FileClock
from worker.times.segment import Cut, Said, written_words
from worker.times.timeline import Heard, sentences

TEXTS = st.text(st.sampled_from("abc. d! \n\n,5$%“”漢字。、😀é"), min_size=1, max_size=500)


def timeline(text: str, *, words: bool = False, clock: FileClock = FileClock()) -> list[SentenceTime]:  # noqa: B008 - frozen
    """Every segment lasts a second, with half a second behind it; its sentences share it evenly, and so do its words."""
    heard = []
    for n, piece in enumerate(cut(text, "en", Reading())):
        said = Said(piece.spoken, piece.written, piece.boundary is not Boundary.PHRASE)
        ends = said.inner_ends
        cuts = [Cut((k + 1) / (len(ends) + 1), estimated=True) for k in range(len(ends))]
        spoken = words_in(piece.spoken)
        times = [(k / len(spoken), (k + 1) / len(spoken)) for k in range(len(spoken))]
        heard.append(Heard(said, 1.5 * n, 1.5 * n + 1, cuts, written_words(said, times, 1.0) if words else None))
    return list(sentences(heard, clock))


def test_a_segment_of_two_sentences_is_two_that_meet() -> None:
    first, second = timeline("Hello there. How are you?")
    assert (first.text, first.start_s, first.end_s, first.first, first.last) == ("Hello there.", 0.0, 0.5, 0, 12)
    assert (second.text, second.start_s, second.end_s, second.first, second.last) == ("How are you?", 0.5, 1.0, 13, 25)
    assert first.estimated
    assert second.estimated
    assert first.words is None


def test_a_sentence_of_several_segments_is_one() -> None:
    text = "it went on and on, " * 40 + "until it ended. Then it was over, all of it, for good."
    first, second = timeline(text)
    assert text[first.first:first.last] == first.text == text[:text.index("Then") - 1]
    assert first.end_s > 3
    assert not first.estimated
    assert second.text.startswith("Then")


def test_the_files_clock_is_told() -> None:
    clock = FileClock(speed=2.0, shift_s=0.04, duration_s=0.5)
    first, second = timeline("Hello there. How are you?", clock=clock)
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.04, 0.29, 0.29, 0.5)


@given(TEXTS)
def test_times_and_places_never_go_back_and_the_text_is_the_clients(text: str) -> None:
    found = timeline(text, words=True)
    for sentence in found:
        assert sentence.start_s <= sentence.end_s
        assert sentence.first < sentence.last
        assert "".join(sentence.text.split()) == "".join(text[sentence.first:sentence.last].split()) or "\n" in text
    for before, after in pairwise(found):
        assert before.end_s <= after.start_s
        assert before.last <= after.first
    words = [word for sentence in found for word in sentence.words or ()]
    assert [text[word.first:word.last].split() for word in words] == [word.text.split() for word in words]
    for earlier, later in pairwise(words):
        assert earlier.end_s <= later.start_s + 1e-6
        assert earlier.last <= later.first


@given(TEXTS)
def test_times_come_back_from_the_store_as_they_were(text: str) -> None:
    for sentence in timeline(text, words=True):
        assert SentenceTime.of_record(sentence.record()) == sentence


def test_what_is_said_in_several_words_for_one_is_one() -> None:
    (sentence,) = timeline("She paid $5.50 on Jan. 3 for 1,234 “cats” & dogs.", words=True)
    words = ["She", "paid", "$5.50", "on", "Jan. 3", "for", "1,234", "cats", "&", "dogs"]
    assert [word.text for word in sentence.words or ()] == words


URL = ("https://docs.example.com/articles/2024/05/how-to-install-the-new-version-of-our-software-on-linux-and-windows/part-2.html"
       "?utm_source=newsletter&utm_medium=email")
PI = "3." + "1415926535" * 40


@pytest.mark.parametrize(("text", "words"), [
    (f"See {URL} for more.", ["See", URL, "for", "more"]), (f"So {PI} is pi.", ["So", PI, "is", "pi"]),
    (f"{'x' * 300} 1,234,567.89 €, or less.", ["x" * 300, "1,234,567.89 €", "or", "less"])])
def test_what_is_said_in_several_segments_is_written_once_and_one_word(text: str, words: list[str]) -> None:
    assert len(cut(text, "en", Reading())) > 1
    (sentence,) = timeline(text, words=True)
    assert (sentence.text, sentence.first, sentence.last) == (text, 0, len(text))
    assert [word.text for word in sentence.words or ()] == words
    assert [text[word.first:word.last] for word in sentence.words or ()] == words
    long = max(sentence.words or (), key=lambda word: len(word.text))
    assert long.end_s - long.start_s > 1   # through the pause between two segments
    assert not long.estimated


def test_characters_that_are_words_stay_so_where_segments_meet() -> None:
    text = "好" * 200
    (sentence,) = timeline(text, words=True)
    assert [word.text for word in sentence.words or ()] == list(text)


def test_words_without_times_share_what_is_between_the_others() -> None:
    text = "one two three four"
    (piece,) = cut(text, "en", Reading())
    words = written_words(Said(piece.spoken, piece.written), [(0.1, 0.4), None, None, (0.9, 1.0)], 1.0)
    assert [(word.text, word.estimated) for word in words] == [("one", False), ("two", True), ("three", True), ("four", False)]
    assert [word.start_s for word in words] == [0.1, 0.4, pytest.approx(0.4 + 0.5 * 3 / 8), 0.9]
    assert [word.text for word in written_words(Said(piece.spoken, piece.written), None, 1.0) if not word.estimated] == []
