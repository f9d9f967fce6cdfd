"""Cutting: what tiles, what stays whole, what is packed together, and that no text takes long."""

import time
from itertools import pairwise

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speechmill.request import SEGMENT_CHARACTERS, SEGMENT_CHARACTERS_CJK, has_cjk, is_speakable
from worker.text.cut import cut
from worker.text.piece import Boundary, Piece

SPACES = " \t\n\r\u00a0\u2028\u2029\x85\u3000\u200b"
MARKS = ".,;:!?…—-'\"“”‘’()[]*#。，、！？「」"
GLUE = "\u0301\u200d\ufe0f\u0e33\u093f\u094d\u1160\U0001f3fd\u0600"
LETTERS = "aéßЖאع你カ한กक9👩🇩🇪\U00020000"
WORDS = ("Hello", "Mr. Smith", "said", "“Go!", "Now.”", "3,000", "你好。", "「はい」", "\n\n", "\n\n\n", "***", "Chapter 1",
         "👩‍👩‍👧", "e\u0301", "۔", "안녕하세요.", "x" * 90, "好" * 50)
texts = st.one_of(
    st.text(max_size=300),
    st.text(alphabet=SPACES + MARKS + GLUE + LETTERS, max_size=300),
    st.lists(st.sampled_from([*WORDS, *SPACES, *MARKS, " ", " "]), max_size=100).map("".join),
    st.tuples(st.sampled_from([*GLUE, *LETTERS, *MARKS, *SPACES]), st.integers(1, 5000), st.text(max_size=50)).map(
        lambda parts: parts[0] * parts[1] + parts[2]),
)


def spoken(text: str, language: str = "en") -> list[str]:
    return [piece.spoken for piece in cut(text, language)]


def boundaries(text: str) -> list[Boundary]:
    return [piece.boundary for piece in cut(text, "en")]


def speakable(text: str) -> str:
    return "".join(filter(is_speakable, text))


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(["auto", "en", "zh", "ja", "ar", "de", "xx", ""]))
@example("a" + "\u200d" * 3000 + "b", "en")
@example("🇩🇪" * 1500, "en")
@example(" \u0301" * 700, "en")
@example("1. " * 2000, "de")
def test_the_spans_of_the_pieces_tile_any_text_exactly(text: str, language: str) -> None:
    pieces = cut(text, language)
    assert "".join(text[piece.start:piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(piece.start < piece.end for piece in pieces)
    assert all(piece.boundary is not Boundary.END for piece in pieces[:-1])
    assert not pieces or pieces[-1].boundary is Boundary.END


@settings(max_examples=300, deadline=None)
@given(texts)
def test_everything_that_can_be_spoken_is_spoken_once_by_the_piece_it_lies_in_and_within_the_cap(text: str) -> None:
    pieces = cut(text, "auto")
    for piece in pieces:
        assert speakable(piece.spoken) == speakable(text[piece.start:piece.end])
        assert len(piece.spoken) <= (SEGMENT_CHARACTERS_CJK if has_cjk(piece.spoken) else SEGMENT_CHARACTERS)
        assert piece.spoken == piece.spoken.strip()
        assert speakable(piece.spoken) or len(pieces) == 1


tearable = st.lists(st.sampled_from(["好", "好。", "好，", "a. ", "a, ", "a ", ". ", "!", "👩", "👩\u200d", "🇩🇪", "ᄀ", "क\u094d",
                                     *GLUE]), min_size=100, max_size=300).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.one_of(texts, tearable))
def test_no_piece_begins_inside_a_grapheme_cluster_unless_it_alone_exceeds_the_cap(text: str) -> None:
    starts = {piece.start for piece in cut(text, "en")}
    torn = [cluster[0] for cluster in regex.finditer(r"\X", text) if starts & set(range(cluster.start() + 1, cluster.end()))]
    assert all(len(cluster) > SEGMENT_CHARACTERS_CJK for cluster in torn)


def test_an_empty_text_has_no_pieces_and_an_unspeakable_one_has_one_with_nothing_to_speak() -> None:
    assert cut("", "en") == []
    assert cut(" …\n\n!!! ", "en") == [Piece(0, 8, "", Boundary.END)]


def test_whole_sentences_of_a_paragraph_are_packed_to_at_most_fifty_words_and_280_characters() -> None:
    sentence = "The miller went down to the river with his daughter. "  # 10 words, 53 characters
    pieces = cut(sentence * 12, "en")
    assert [piece.spoken.count("miller") for piece in pieces] == [5, 5, 2]
    assert boundaries("It is so, or is it? " * 30)[0] is Boundary.SENTENCE
    assert len(spoken("It is so, or is it? " * 30)[0].split()) <= 50


def test_chinese_pieces_hold_at_most_80_characters_and_end_with_sentences() -> None:
    text = "他说：“你好。我走了。”然后离开了！真的吗？是的。" * 8
    assert all(len(piece) <= 80 and piece[-1] in "。！？”" for piece in spoken(text, "zh"))
    assert spoken(text, "zh") == spoken(text, "auto") == spoken(text, "cmn-Hans")


def test_a_sentence_within_the_cap_is_never_cut() -> None:
    long = "It was, as everybody knew, a long, long sentence; " + "with many, many words, " * 9 + "and an end."
    assert 240 < len(long) <= 280
    assert spoken(f"Short one comes here first. {long} Short one comes here last.") == [
        "Short one comes here first.", long, "Short one comes here last."]


def test_abbreviations_decimals_and_quotations_do_not_end_a_sentence() -> None:
    kept = "Dr. Smith of St. John's paid $3.50 to J. R. R. Tolkien. " * 5
    assert all(piece.endswith("Tolkien.") for piece in spoken(kept))
    quoted = "“Go now. Do not wait,” he said to Mr. Jones, who had been waiting for an hour at the door of the old mill. " * 3
    assert all(piece.startswith("“Go now.") and piece.endswith("mill.") for piece in spoken(quoted))


def test_a_sentence_over_the_cap_is_cut_after_the_marks_of_its_clauses() -> None:
    text = "the river ran past the mill and on to the sea, " * 12 + "and that was it."
    pieces = cut(text, "en")
    assert all(piece.spoken.endswith("sea,") for piece in pieces[:-1])
    assert {piece.boundary for piece in pieces[:-1]} == {Boundary.PHRASE}
    for mark, language in (("，", "zh"), ("、", "ja"), ("；", "zh"), ("،", "ar")):
        word = "水车转动不停歇" if language != "ar" else " نهر كبير"
        cut_up = spoken((word + mark + (" " if language == "ar" else "")) * 60, language)
        assert len(cut_up) > 1
        assert all(piece.endswith(mark) for piece in cut_up)


def test_numbers_and_times_are_not_cut_at_their_marks() -> None:
    text = "and 3,000 at 12:30 or 4,500 at 10:15 " * 20
    assert all(piece.endswith(("and", "or", "at", "3,000", "12:30", "4,500", "10:15")) for piece in spoken(text))


def test_a_long_quotation_is_cut_where_a_sentence_inside_it_ends() -> None:
    text = "“" + "We met Mr. Jones at the mill, where he waited for us all day. " * 9 + "Then we left.” She sat down."
    pieces = cut(text, "en")
    assert all(piece.spoken.endswith("day.") for piece in pieces[:-1])
    assert {piece.boundary for piece in pieces[:-1]} == {Boundary.SENTENCE}


def test_without_marks_a_sentence_is_cut_at_whitespace_and_without_that_between_graphemes() -> None:
    assert all(set(piece.split()) == {"word"} for piece in spoken("word " * 300))
    assert spoken("x" * 1000) == ["x" * 280, "x" * 280, "x" * 280, "x" * 160]
    family = "👩‍👩‍👧"
    assert all(set(regex.findall(r"\X", piece)) == {family} for piece in spoken(family * 300))


def test_the_last_piece_of_a_cut_sentence_is_no_lone_word() -> None:
    assert len(spoken("word " * 57)[-1].split()) > 10


def test_blank_lines_of_every_kind_separate_paragraphs() -> None:
    first, second = "This is the first paragraph.", "This is the second paragraph."
    for gap in ("\n\n", "\r\n\r\n", "\r\r", "\n \t\n", "\u2029", "\u2028\u2028", "\x85\x85", "\n\u3000\n"):
        pieces = cut(first + gap + second, "en")
        assert [(piece.spoken, piece.boundary) for piece in pieces] == [
            (first, Boundary.PARAGRAPH), (second, Boundary.END)], repr(gap)


def test_a_single_line_break_is_a_space() -> None:
    assert spoken("This line is\nwrapped by hand\r\nand goes on.") == ["This line is wrapped by hand and goes on."]


def test_sections_end_at_lines_of_marks_at_two_blank_lines_and_before_chapter_headings() -> None:
    first, second = "Here is what came before.", "Here is what comes after."
    for gap in ("\n\n\n", "\r\n\r\n\r\n", "\n* * *\n", "\n\n***\n\n", "\n---\n", "\n\n⁂\n\n"):
        assert boundaries(first + gap + second) == [Boundary.SECTION, Boundary.END], repr(gap)
    for heading in ("Chapter 7", "CHAPTER VII. The Mill", "Part two", "第十二章 风车", "Kapitel 3", "Глава 2"):
        text = f"{first}\n\n{heading}\n\n{second}"
        assert boundaries(text)[0] is Boundary.SECTION, heading
        assert spoken(text)[1].startswith(heading)
    assert boundaries(f"{first}\n\nPart of me agreed with that.\n\n{second}")[0] is Boundary.PARAGRAPH


def test_lines_of_marks_are_part_of_a_span_but_not_spoken() -> None:
    pieces = cut("Here is what came before.\n\n* * *\n\nHere is what comes after.", "en")
    assert pieces[0] == Piece(0, 34, "Here is what came before.", Boundary.SECTION)


def test_a_short_piece_joins_its_neighbour_across_paragraphs_but_never_across_sections() -> None:
    assert spoken("“No.”\n\n“Yes!” said he, and left.") == ["“No.”\n\n“Yes!” said he, and left."]
    assert spoken("Chapter 1\n\nThe mill stood still all day.") == ["Chapter 1\n\nThe mill stood still all day."]
    assert spoken("The mill stood still all day.\n\nThe end.") == ["The mill stood still all day.\n\nThe end."]
    assert spoken("The mill stood still all day.\n\n\nThe end.") == ["The mill stood still all day.", "The end."]


def test_a_short_piece_joins_the_neighbour_it_is_closer_to() -> None:
    long = "word " * 47 + "words end here."  # fifty words: nothing more is packed to them
    text = f"{long} So it is.\n\nThe mill stood still all day."
    assert spoken(text)[0].endswith("So it is.")


def test_a_short_piece_stays_alone_where_the_cap_leaves_no_room() -> None:
    full = ("word " * 55).strip() + "s."
    assert spoken(f"{full}\n\nNo.\n\n{full}") == [full, "No.", full]


def test_thousands_of_spaces_inside_a_sentence_weigh_no_more_than_one() -> None:
    assert spoken("The mill" + " " * 5000 + "stood still.") == ["The mill stood still."]


def test_a_megabyte_of_prose_is_cut_in_seconds() -> None:
    text = ("The quick brown fox, who lived in St. John's Wood, jumped. “Really?” she asked.\n\n" * 13_000)[:1_000_000]
    begun = time.process_time()
    assert len(cut(text, "en")) > 3_500
    assert time.process_time() - begun < 10  # one second on a quiet core


BIG = 200_000


@pytest.mark.parametrize("unit", [
    "他说：“你好。我走了。”真的吗？", "好",
    "a", "a ", "a. ", "я. ", "a\n\n", ".", "。", "\n", "\r\n", "* ", "***\n", ", ", "“", "'a. ", "\u200d", "e\u0301", "\u0301",
    "🇩🇪", "👩‍👩‍👧", "😀", "שלום עולם. ", "\u200f\u202eab. ", "x" * 10_000 + " ", "สวัสดีครับ", "Chapter 1\n", "1. ", "( "])
def test_time_grows_no_faster_than_the_text_whatever_it_is(unit: str) -> None:
    text = (unit * (BIG // len(unit) + 1))[:BIG]
    begun = time.process_time()
    pieces = cut(text, "auto")
    assert time.process_time() - begun < 5  # at most one second on a quiet core; a square law takes minutes
    assert (pieces[0].start, pieces[-1].end) == (0, BIG)
    assert all(before.end == after.start for before, after in pairwise(pieces))


def test_a_megabyte_of_spaces_in_the_middle_of_a_text_is_one_space() -> None:
    assert spoken("The mill" + " " * 1_000_000 + "stood still.") == ["The mill stood still."]
