"""Cutting a text that is said otherwise than it is written: spans still tile the source, and caps count what is said."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speechmill.lexicon.entry import Entry
from speechmill.request import SEGMENT_CHARACTERS, SEGMENT_CHARACTERS_CJK, has_cjk, is_speakable
from tests.unit.text.normalise.test_any_text import is_digit, texts
from worker.text.cut import cut
from worker.text.lexicon.lexicon import Lexicon
from worker.text.piece import Boundary
from worker.text.reading import Reading
from worker.text.whole import whole

LEXICON = Lexicon([Entry("river", "a rather long-winded river " * 2), Entry("水", "とても長い読み方のある水" * 6),
                   Entry("Dr. No", "doctor no"), Entry("yahoo! answers", "ya who answers")])
NORMALISED = Reading()
BOTH = Reading(lexicon=LEXICON)


def spoken(text: str, language: str = "en", reading: Reading = NORMALISED) -> list[str]:
    return [piece.spoken for piece in cut(text, language, reading)]


@settings(max_examples=400, deadline=None)
@given(st.one_of(texts, st.lists(texts, max_size=6).map(" ".join),
                 st.tuples(texts, st.integers(1, 60)).map(lambda pair: pair[0] * pair[1])),
       st.sampled_from(["auto", "en", "zh", "ja", "de"]), st.sampled_from([NORMALISED, BOTH]))
@example("9" * 3000, "zh", NORMALISED)
@example("$1,234,567.89 " * 300, "en", NORMALISED)
@example("水" * 50, "ja", BOTH)
def test_spans_tile_any_text_and_what_is_said_stays_within_the_cap(text: str, language: str, reading: Reading) -> None:
    pieces = cut(text, language, reading)
    assert "".join(text[piece.start:piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(piece.start < piece.end for piece in pieces)
    for piece in pieces:
        assert len(piece.spoken) <= (SEGMENT_CHARACTERS_CJK if has_cjk(piece.spoken) else SEGMENT_CHARACTERS)
        assert piece.spoken == piece.spoken.strip()
        assert any(map(is_speakable, piece.spoken)) or len(pieces) == 1
        if language in ("en", "zh", "ja") and len(pieces[0].spoken):
            assert not any(map(is_digit, piece.spoken))


def test_each_piece_says_what_its_own_span_has() -> None:
    text = "".join(f"The miller, who was {n} years old, paid ${n}.50 to Mr. Smith. " for n in range(100, 200))
    for piece in cut(text, "en", NORMALISED):
        assert NORMALISED.said(text[piece.start:piece.end].strip(), "en") == piece.spoken


def test_digits_grow_and_are_cut_again_at_the_ends_of_words_never_inside_one_number() -> None:
    pieces = spoken("and 123,456,789 or " * 40)
    number = "one hundred twenty-three million four hundred fifty-six thousand seven hundred eighty-nine"
    assert len(pieces) > 10
    assert " ".join(pieces) == " ".join([f"and {number} or"] * 40)
    assert all(piece.count(number) == piece.count("million") for piece in pieces)


def test_a_number_longer_than_a_piece_is_cut_between_its_digits() -> None:
    digits = "31415926535897932384626433832795" * 20
    pieces = spoken(f"Pi is {digits}.")
    assert len(pieces) > 5
    assert len(" ".join(pieces).split()) == 2 + len(digits)


def test_a_chinese_sentence_grows_over_the_cap_and_no_number_is_torn() -> None:
    pieces = spoken("他有123456789个苹果和987654321个梨子" * 5 + "。", "zh")
    assert all(len(piece) <= 80 for piece in pieces)
    assert "".join(pieces).count("一亿二千三百四十五万六千七百八十九") == 5
    assert sum(piece.count("一亿二千三百四十五万六千七百八十九") for piece in pieces) == 5


def test_abbreviations_before_a_number_end_no_sentence() -> None:
    sentence = "We read vol. 3 of approx. 12 volumes, and then No. 5 of them, for as long as it was light. "
    said = "We read volume three of approximately twelve volumes, and then number five of them, for as long as it was light."
    assert set(" ".join(spoken(sentence * 6)).split(said)) <= {"", " "}


def test_a_sentence_does_not_end_inside_what_the_lexicon_has() -> None:
    assert spoken("He asked Yahoo! Answers about it. Then Dr. No came.", reading=BOTH) == [
        "He asked ya who answers about it. Then doctor no came."]


def test_only_what_an_entry_touches_changes() -> None:
    text = "\n\n".join(f"This is paragraph {n} of the book, and nothing in it is new." for n in range(20))
    text = text.replace("11 of", "11 with Nguyen of")
    before, after = spoken(text), spoken(text, reading=Reading(lexicon=Lexicon([Entry("Nguyen", "win")])))
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_headings_with_roman_numerals_keep_their_boundary() -> None:
    pieces = cut("Chapter IV\n\nThe mill stood still all day.\n\n\nXII\n\nThe end of it came soon.", "en", NORMALISED)
    assert [(piece.spoken.split("\n")[0], piece.boundary) for piece in pieces] == [
        ("Chapter four", Boundary.SECTION), ("twelve", Boundary.END)]


def test_with_auto_each_paragraph_is_read_in_its_own_language() -> None:
    text = "The mill has 12 wheels and has stood there since 1984.\n\n水车有12个轮子，从那时起一直转个不停。"
    assert spoken(text, "auto") == ["The mill has twelve wheels and has stood there since nineteen eighty-four.",
                                    "水车有十二个轮子，从那时起一直转个不停。"]
    assert spoken("水车有十二个轮子，从那时起转个不停。\n\n12", "auto") == ["水车有十二个轮子，从那时起转个不停。\n\n十二"]
    with_a_quotation = "水车有十二个轮子，从那时起一直转个不停，谁也不知道为什么。\n\nThere are 12 of them, she said to me."
    assert spoken(with_a_quotation, "auto")[-1] == "There are twelve of them, she said to me."


def test_a_short_text_is_one_piece_as_it_stands_but_for_its_numbers() -> None:
    assert [piece.spoken for piece in whole(" One line.\nAnd  another, No. 2.\n", "en", NORMALISED)] == [
        "One line.\nAnd  another, number two."]
    assert [piece.spoken for piece in whole("…", "en", NORMALISED)] == ["…"]


def test_a_short_text_whose_numbers_exceed_the_cap_is_several_pieces() -> None:
    text = "7,777,777 " * 28
    pieces = whole(text, "en", NORMALISED)
    assert len(text) <= SEGMENT_CHARACTERS
    assert len(pieces) > 3
    assert " ".join(piece.spoken for piece in pieces).count("million") == 28
    assert [piece.spoken for piece in whole(text, "en", Reading(normalise=False))] == [text.strip()]


@pytest.mark.parametrize(("sentence", "language"), [
    ("Mr. Smith, who lived at 221B Baker St., paid $3.50 on Jan. 5, 1984 for No. 7. “Really?” she asked.\n\n", "en"),
    ("他在1984年1月5日付了3.5元，买了12个苹果。“真的吗？”她问道，已经12:30了。\n\n", "zh"),
    ("1984年1月5日に3.5kgのりんごを12個買った。「本当に？」と聞いたのは12:30だった。\n\n", "ja")])
def test_a_long_text_full_of_numbers_is_cut_and_normalised_in_seconds(sentence: str, language: str) -> None:
    text = (sentence * (200_000 // len(sentence) + 1))[:200_000]
    begun = time.process_time()
    assert len(cut(text, language, BOTH)) > 1_000
    assert time.process_time() - begun < 20  # a second on a quiet core




def test_a_title_is_said_in_full_before_a_name_that_the_lexicon_has() -> None:
    reading = Reading(lexicon=Lexicon([Entry("Nguyen", "win")]))
    assert reading.said("Mrs Nguyen saw Mr. Nguyen and Dr Nguyen.", "en") == "Missus win saw Mister win and Doctor win."
