"""What a lexicon changes, and what it leaves alone."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.lexicon.entry import Entry
from worker.text.lexicon.lexicon import Lexicon
from worker.text.normalise.edit import applied
from worker.text.reading import Reading


def said(text: str, *entries: tuple[str, str] | tuple[str, str, str], language: str = "en") -> str:
    lexicon = Lexicon(Entry(*entry) for entry in entries)
    return applied(text, lexicon.edits(text, language))


@pytest.mark.parametrize(("text", "expected"), [
    ("Mr Nguyen's car", "Mr win's car"), ("Nguyen", "win"), ("(Nguyen)", "(win)"), ("non-Nguyen", "non-win"),
    ("Nguyens Nguyen2 xNguyen", "Nguyens Nguyen2 xNguyen"), ("我叫Nguyen。", "我叫win。"), ("Nguyen\u0301", "Nguyen\u0301")])
def test_only_whole_words_change(text: str, expected: str) -> None:
    assert said(text, ("Nguyen", "win")) == expected


def test_an_entry_in_lower_case_stands_for_any_case_and_one_with_capitals_for_itself() -> None:
    assert said("gif Gif GIF", ("gif", "jiff")) == "jiff jiff jiff"
    assert said("it IT It", ("IT", "I T")) == "it I T It"
    assert said("it IT", ("it", "et"), ("IT", "I T")) == "et I T"
    assert said("ÉTÉ Straße", ("été", "summer"), ("straße", "street")) == "summer street"


def test_the_longest_phrase_wins() -> None:
    entries = (("new york", "noo york"), ("new", "gnu"), ("new york times", "the times"))
    assert said("New York Times, New York, a new day", *entries) == "the times, noo york, a gnu day"


def test_scripts_without_spaces_change_anywhere_longest_first() -> None:
    chinese = said("他在重庆大学读书，重庆很大。", ("重庆", "崇庆"), ("重庆大学", "崇庆大学"), language="zh")
    assert chinese == "他在崇庆大学读书，崇庆很大。"
    assert said("今日は東京へ", ("東京", "とうきょう"), language="ja") == "今日はとうきょうへ"
    assert said("서울은 크다", ("서울", "서우울"), language="ko") == "서우울은 크다"


def test_an_entry_with_a_language_counts_in_it_alone_and_before_one_for_all() -> None:
    entries = (("chat", "shah", "fr"), ("chat", "tchatt"))
    assert said("chat", *entries, language="fr-CA") == "shah"
    assert said("chat", *entries, language="en") == "tchatt"
    assert said("color", ("color", "colour", "en-gb"), language="en-US") == "color"


def test_the_later_of_two_entries_counts() -> None:
    assert said("gif", ("gif", "jiff"), ("gif", "giff")) == "giff"


def test_what_it_says_is_not_normalised_again() -> None:
    reading = Reading(lexicon=Lexicon([Entry("KV 2", "K.V. 2"), Entry("Dr. No", "Dr. No"), Entry("km", "klicks")]))
    said = reading.said("KV 2 and 3 for Dr. No and Dr. Yes, 5 km.", "en")
    assert said == "K.V. 2 and three for Dr. No and Doctor Yes, five klicks."


def test_without_entries_nothing_changes() -> None:
    assert said("Nguyen") == "Nguyen"
    assert not Lexicon()


words = st.text(alphabet="abAB 好水é-'\u0301", min_size=1, max_size=6).filter(str.strip)


@given(st.text(alphabet="abAB 好水é-'\u0301.", max_size=60), st.lists(st.tuples(words, words), max_size=8))
def test_edits_never_overlap_and_each_is_an_entry(text: str, entries: list[tuple[str, str]]) -> None:
    edits = Lexicon(Entry(*entry) for entry in entries).edits(text, "en")
    assert all(before.end <= after.start for before, after in pairwise(edits))
    for edit in edits:
        assert (text[edit.start:edit.end].lower(), edit.spoken) in {(word.lower(), alias) for word, alias in entries}


def test_ten_thousand_entries_cost_no_more_than_a_few() -> None:
    many = Lexicon(Entry(f"word{chr(97 + n % 26)}{n:05}", f"alias {n}") for n in range(10_000))
    text = "The words of a wise worker were worth worda00000 and wordy00024. " * 5_000
    begun = time.process_time()
    assert len(many.edits(text, "en")) == 10_000
    assert time.process_time() - begun < 10  # a tenth of a second on a quiet core
