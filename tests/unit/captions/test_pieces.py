"""Captions fit on a screen: two lines of 42 columns, seven seconds, and nothing torn that people see as one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.captions.columns import columns
from speechmill.captions.cues import LONGEST_S, Timed, cues_of
from speechmill.captions.files import srt, vtt
from speechmill.captions.pieces import LINE_COLUMNS, MOST_COLUMNS, lines, split
from speechmill.timestamps import SentenceTime, WordTime, cues, timestamps_view

TEXTS = st.text(st.sampled_from("ab cd. efg,漢字。“” 👩\u200d🚀🇩🇪é\u0301<&>-") | st.characters(codec="utf-8"), max_size=400)
FAMILY = "👩‍👩‍👧‍👦"
LONG = ("It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. "
        "However little known the feelings or views of such a man may be.")


@given(TEXTS, st.integers(8, MOST_COLUMNS))
def test_every_piece_has_two_lines_that_fit_and_together_they_are_the_text(text: str, most_columns: int) -> None:
    squeezed = " ".join(text.split())
    pieces = split(squeezed, most_columns)
    assert "".join("".join(pieces).split()) == "".join(squeezed.split())
    for piece in pieces:
        assert 1 <= len(lines(piece)) <= 2
        assert all(columns(line) <= LINE_COLUMNS or len(line) == 1 for line in lines(piece))
        assert "".join(" ".join(lines(piece)).split()) == "".join(piece.split())


def test_words_stay_whole_in_both_lines() -> None:
    found = [line for piece in split(LONG) for line in lines(piece)]
    assert " ".join(found) == LONG
    assert all(len(line) <= LINE_COLUMNS for line in found)


@pytest.mark.parametrize(("text", "first"), [
    ("It was late in the evening, and so the rather tired Dr. Smith went home to his own wife and to their children.",
     "It was late in the evening,"),
    ("At the very end of that evening, it was Mr. and Mrs. Miller who had to clean up all of the rooms for everybody else.",
     "At the very end of that evening,"),
    ("Man kann hier sehr viel lernen, was andere z. B. nur in der großen Stadt lernen, und das auch noch ganz umsonst.",
     "Man kann hier sehr viel lernen, was andere z. B. nur in der großen Stadt lernen,"),
    ("Wir sahen uns, wie vorher verabredet, am Abend des 3. Mai im Garten hinter dem alten Haus des Müllers wieder.",
     "Wir sahen uns, wie vorher verabredet,"),
    ("We saw them play, as it was in the paper, Symphony No. 7 by the great composer whose name nobody there knew.",
     "We saw them play, as it was in the paper,"),
    ("He has been living in the U.S. Midwest for years, with J. R. R. Tolkien's books and with nothing else in his house.",
     "He has been living in the U.S. Midwest for years,")])
def test_a_full_stop_behind_an_abbreviation_ends_no_sentence(text: str, first: str) -> None:
    assert split(text)[0] == first


@pytest.mark.parametrize("first", ["It went on for years, and cost $5.50.", "“So it is, and was,” he said to her.",
                                   "Well, then there was a war in 1999.", "He had seen it all, or so he thought…",
                                   "Had he seen all of it, or not?", "It was so, as we all know, for him."])
def test_the_end_of_a_sentence_goes_before_every_comma(first: str) -> None:
    assert split(f"{first} “What,” she asked, and then again, “do you think of all of it, now that we are alone?”")[0] == first


@pytest.mark.parametrize("one", [FAMILY, "🇩🇪", "👍🏽", "é̂"])
def test_what_people_see_as_one_is_not_torn(one: str) -> None:
    for piece in split(one * 60):
        for line in lines(piece):
            assert line.replace(one, "") == "" or one == "🇩🇪"   # flags are cut between two, or stay in one row
    assert "".join(split(one * 60)) == one * 60


@given(TEXTS.filter(str.strip), st.floats(0.1, 120))
def test_no_cue_is_longer_than_seven_seconds_and_none_overlap(text: str, duration_s: float) -> None:
    found = list(cues_of(Timed(text, 10.0, 10.0 + duration_s)))
    assert all(cue.end_s - cue.start_s <= LONGEST_S + 1e-9 for cue in found)
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(found))
    assert found[0].start_s == 10.0
    assert found[-1].end_s <= 10.0 + duration_s + 1e-9
    assert "".join("".join(cue.text for cue in found).split()) == "".join(text.split())


def test_a_sentence_that_is_said_slowly_is_cut_into_more() -> None:
    assert len(list(cues_of(Timed(LONG, 0, 10)))) < len(list(cues_of(Timed(LONG, 0, 40))))


@pytest.mark.parametrize("text", ["\u0301\u0301", "\u0301", "\u0301" * 200, "word " * 16 + "four" + " \u0301" * 2])
def test_what_has_no_width_has_its_time_too(text: str) -> None:
    found = list(cues_of(Timed(text, 1.0, 2.0)))
    assert found[0].start_s == 1.0
    assert found[-1].end_s == pytest.approx(2.0)
    assert all(cue.start_s < cue.end_s for cue in found)
    assert "".join("".join(cue.text for cue in found).split()) == "".join(text.split())


def test_cues_begin_with_their_words_where_their_times_are_known() -> None:
    words = [WordTime(word, n * 0.5, n * 0.5 + 0.4, 0, 1, False) for n, word in enumerate(LONG.split())]
    sentence = SentenceTime(LONG, 0.0, len(words) * 0.5, 0, len(LONG), False, tuple(words))
    found = list(cues([sentence]))
    starts_s = {word.start_s: word.text for word in words}
    assert len(found) > 2
    assert [starts_s[cue.start_s] for cue in found] == [cue.text.split()[0] for cue in found]


def test_markup_in_the_text_is_text_in_vtt_and_two_lines_are_two() -> None:
    cue = next(cues_of(Timed("Fish & <b>chips</b> --> 5 > 4, " + "and then some more of it.", 0, 5)))
    shown = "".join(vtt([cue], "en"))
    assert shown == ("WEBVTT\nLanguage: en\n\n1\n00:00:00.000 --> 00:00:05.000\n"
                     "Fish &amp; &lt;b&gt;chips&lt;/b&gt; --&gt; 5 &gt; 4, and then\nsome more of it.\n")
    assert "".join(srt([cue])).splitlines()[2:] == ["Fish & <b>chips</b> --> 5 > 4, and then", "some more of it.", ""]


def test_words_are_null_where_nobody_asked_for_them() -> None:
    sentence = SentenceTime("Hi.", 0.0, 1.0, 0, 3, False)
    told = {"text": "Hi.", "start": 0.0, "end": 1.0, "characters": [0, 3], "estimated": False}
    assert timestamps_view([sentence], 1.0) == {"duration_seconds": 1.0, "sentences": [told], "words": None}
    word = WordTime("Hi", 0.1, 0.9, 0, 2, False)
    asked = SentenceTime("Hi.", 0.0, 1.0, 0, 3, False, (word,))
    assert timestamps_view([asked], 1.0) == {"duration_seconds": 1.0, "sentences": [told], "words": [
        {"text": "Hi", "start": 0.1, "end": 0.9, "characters": [0, 2], "estimated": False}]}
