"""Normalising, whatever the text: no digit stays, no word is lost, and what needs no words stays as it stands."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.text.normalise.choose import normalise, rules_for
from worker.text.normalise.edit import find_edits

WITH_RULES = ["en", "zh", "ja"]
SIGNS = "&%#@+=<>×÷±~≈≤≥≠§№$€£¥₩°/.:,;-–—'’\"“”()[]!?。，、：％＆＃ \n"
CHUNKS = ("3", "12", "007", "1984", "1,234.5", "12:30", "1/2", "½", "²", "④", "Ⅳ", "１２", "٣", "$", "%", "kg", "km/h", "No.",
          "Mr.", "St.", "etc.", "e.g.", "Chapter", "Louis", "XIV", "I", "年", "月", "个", "第", "章", "万", "www.", ".com", "@", "https://",
          "Jan.", "pm", "st", "s", "-", "–", "x")
WORDS = ("river", "mill", "été", "μύλος", "мельница", "水车", "水車小屋", "ミル", "방앗간", "טחנה", "चक्की", "miller’s")
texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=st.one_of(st.sampled_from(SIGNS), st.characters(categories=["N"]), st.sampled_from("aIVX年个第"))),
    st.lists(st.sampled_from([*CHUNKS, *WORDS, *SIGNS, " ", " "]), max_size=40).map("".join))
plain = st.text(max_size=200, alphabet=st.characters(
    exclude_categories=["N", "Cs"], exclude_characters=SIGNS.replace(" ", "") + "IVXLCDM～＋＝"))


def is_digit(character: str) -> bool:
    return unicodedata.category(character)[0] == "N" and character != "〇" and unicodedata.numeric(character, None) is not None


@pytest.mark.parametrize("language", WITH_RULES)
@settings(max_examples=400, deadline=None)
@given(text=texts)
@example(text="9" * 6000)
@example(text="1.2.3.4,5:6/7-8" * 100)
def test_no_digit_remains(text: str, language: str) -> None:
    assert not any(map(is_digit, normalise(text, language)))


@pytest.mark.parametrize("language", WITH_RULES)
@settings(max_examples=300, deadline=None)
@given(parts=st.lists(max_size=20, elements=st.tuples(
    st.sampled_from(WORDS), st.lists(st.sampled_from([*CHUNKS, *SIGNS]), max_size=4).map("".join))))
def test_words_come_through_unchanged_and_in_order(parts: list[tuple[str, str]], language: str) -> None:
    said = normalise("".join(f"{word} {others} " for word, others in parts), language)
    at = 0
    for word, _ in parts:
        at = said.index(word, at) + len(word)


@pytest.mark.parametrize("language", WITH_RULES)
@settings(max_examples=300, deadline=None)
@given(text=plain)
def test_what_has_no_digits_signs_or_abbreviations_stays_as_it_stands(text: str, language: str) -> None:
    assert normalise(text, language) == text


@pytest.mark.parametrize("language", WITH_RULES)
@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_edits_are_in_order_do_not_overlap_and_say_something(text: str, language: str) -> None:
    edits = find_edits(text, rules_for(language))
    assert all(edit.start < edit.end and edit.spoken for edit in edits)
    assert all(before.end <= after.start for before, after in pairwise(edits))


@pytest.mark.parametrize("language", ["de", "fr", "ru", "ar", "xx", "", "cmn-latn-pinyin", "yue-latn-jyutping"])
def test_without_rules_a_text_stays_as_it_stands(language: str) -> None:
    assert normalise("ni3 hao3, 12 & 50% Mr. 1984", language) == "ni3 hao3, 12 & 50% Mr. 1984"


@pytest.mark.parametrize(("text", "said"), [
    ("Arı vız vız.", "Arı vız vız."), ("VİZ. mıſc. vſ. ı.e. İ.E.", "VİZ. mıſc. vſ. ı.e. İ.E."),
    ("H\u212a$5", "H\u212a$five"), ("5 H\u212a$", "five H\u212a$"), ("H\u212a$5-6", "H\u212a$five to six"),
    ("uſ$5", "five dollars")])
def test_letters_that_only_ignoring_case_makes_those_of_an_abbreviation_make_none(text: str, said: str) -> None:
    assert normalise(text, "en") == said


def test_dialects_have_the_rules_of_their_language() -> None:
    assert normalise("12", "en-GB") == "twelve"
    assert normalise("12", "cmn") == normalise("12", "zh-TW") == normalise("12", "yue") == "十二"


@pytest.mark.parametrize("language", WITH_RULES)
@pytest.mark.parametrize("unit", ["1", "1 ", "1,", "1.", "1:", "1-", "1/", "$1", "a1", "No.", "a@", "a.", "www.", "I ", "Mr. ",
                                  "年1", "%", "1/2 ", "第I", "+1 ", "x1", "½"])
def test_a_long_row_of_anything_is_read_in_time_that_grows_with_it(unit: str, language: str) -> None:
    # What a square law takes minutes for; a window of sentences is 2,000 characters, and no sentence is longer than a few.
    assert normalise(unit * (10_000 // len(unit)), language)
