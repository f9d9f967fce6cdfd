"""Cues hold the text, all of it and nothing else, in pieces that fit, in order of time."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.captions.cues import Cue
from speechmill.captions.pieces import MOST_COLUMNS, split
from worker.book.make.captions import write_srt, write_vtt
from worker.book.make.cues import cues
from worker.book.make.spoken import SpokenChapter, SpokenSegment

LONG = ("It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. "
        "However little known the feelings or views of such a man may be, this truth is so well fixed.")
CHINESE = "凡是有财产的单身汉，必定需要娶位太太，这已经成了一条举世公认的真理。" * 4


def chapter(text: str, *ends: int, seconds: float = 10.0) -> SpokenChapter:
    """Segments end at `ends` and at the end of the text, and share `seconds` evenly."""
    cuts = [0, *ends, len(text)]
    each_s = seconds / (len(cuts) - 1)
    return SpokenChapter("Title", text, tuple(SpokenSegment(start, end, n * each_s, (n + 1) * each_s)
                                              for n, (start, end) in enumerate(pairwise(cuts))))


def columns(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def without_space(text: str) -> str:
    return "".join(text.split())


@given(st.text(st.sampled_from("ab .,!?“”漢字。、\n\u0301") | st.characters(codec="utf-8"), max_size=400))
def test_no_text_is_lost_or_added(text: str) -> None:
    squeezed = " ".join(text.split())
    assert without_space("".join(split(squeezed))) == without_space(squeezed)


@given(st.text(st.sampled_from("ab cd. efg,漢字。"), max_size=400))
def test_every_piece_fits(text: str) -> None:
    assert all(0 < columns(piece) <= MOST_COLUMNS for piece in split(" ".join(text.split())))


def test_a_short_segment_is_one_cue() -> None:
    assert split("Hello there. How are you?") == ["Hello there. How are you?"]


def test_long_ones_are_cut_behind_sentences_and_pauses() -> None:
    pieces = split(LONG)
    assert pieces[0] == "It is a truth universally acknowledged,"
    assert any(piece.endswith("wife.") for piece in pieces)
    assert " ".join(pieces) == LONG


def test_words_stay_whole() -> None:
    assert " ".join(split(("word " * 60).strip())) == ("word " * 60).strip()


def test_chinese_is_cut_behind_its_own_marks() -> None:
    pieces = split(CHINESE)
    assert "".join(pieces) == CHINESE
    assert all(piece[-1] in "，。" for piece in pieces)


def test_no_piece_begins_with_what_closes_the_one_before() -> None:
    assert all(piece[0] not in "”）。，" for piece in split("（“" + "漢字" * 30 + "”）。" + "漢字，" * 40))


def test_a_word_that_fits_nowhere_is_cut() -> None:
    assert split("a" * 200) == ["a" * 84, "a" * 84, "a" * 32]


def test_cues_follow_the_clock_of_the_file() -> None:
    found = list(cues([chapter("One. Two.", 5), chapter("Three.", seconds=6.0)], [0.5, 100.0]))
    assert found == [Cue("One.", 0.5, 5.5), Cue("Two.", 5.5, 10.5), Cue("Three.", 100.0, 106.0)]


def test_a_long_segment_shares_its_time_by_length() -> None:
    found = list(cues([chapter(LONG)], [0.0]))
    assert len(found) > 2
    assert found[0].start_s == 0
    assert found[-1].end_s == pytest.approx(10)
    assert all(before.end_s == after.start_s for before, after in pairwise(found))
    rates = [(cue.end_s - cue.start_s) / len(cue.text) for cue in found]
    assert max(rates) == pytest.approx(min(rates), rel=0.05)   # the time of a space at a cut is that of the cue before


def test_the_text_is_that_of_the_source_with_its_whitespace_squeezed() -> None:
    found = list(cues([chapter("  A\n line\t& <b>.\n\n", 0)], [0.0]))
    assert [cue.text for cue in found] == ["A line & <b>."]


def test_vtt_is_as_the_standard_has_it(tmp_path: Path) -> None:
    path = tmp_path / "book.vtt"
    write_vtt([Cue("A & <b> --> c", 0.0, 1.5), Cue("漢字", 3599.9996, 3601.25, "Anna <1>")], path, "en-GB")
    assert path.read_text(encoding="utf-8") == (
        "WEBVTT\nLanguage: en-GB\n"
        "\n1\n00:00:00.000 --> 00:00:01.500\nA &amp; &lt;b&gt; --&gt; c\n"
        "\n2\n01:00:00.000 --> 01:00:01.250\n<v Anna &lt;1&gt;>漢字\n")


def test_srt_is_as_players_read_it(tmp_path: Path) -> None:
    path = tmp_path / "book.srt"
    write_srt([Cue("A & <b>", 0.0, 1.5), Cue("漢字", 360_000.0, 360_001.0)], path)
    assert path.read_text(encoding="utf-8") == ("1\n00:00:00,000 --> 00:00:01,500\nA & <b>\n\n"
                                                "2\n100:00:00,000 --> 100:00:01,000\n漢字\n\n")


def test_a_cue_always_ends_after_it_begins(tmp_path: Path) -> None:
    write_srt([Cue("a", 1.0, 1.0)], tmp_path / "a.srt")
    assert "00:00:01,000 --> 00:00:01,001" in (tmp_path / "a.srt").read_text()


def test_a_book_without_words_has_no_cues(tmp_path: Path) -> None:
    write_vtt(cues([chapter(" \n ")], [0.0]), tmp_path / "a.vtt")
    assert (tmp_path / "a.vtt").read_text() == "WEBVTT\n"
