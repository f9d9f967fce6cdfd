"""Guessing a language by script, among those that are offered."""

import pytest

from worker.text.language import guess_language

OFFERED = ("en", "de", "fr", "zh", "ja", "ko", "ru", "uk", "ar", "he", "el", "hi", "th")


@pytest.mark.parametrize(("text", "language"), [
    ("The mill stood still.", "en"), ("水车停了。", "zh"), ("水車は一日中止まっていた。", "ja"), ("ミルクティー", "ja"),
    ("물레방아가 멈췄다.", "ko"), ("Мельница стояла.", "ru"), ("توقفت الطاحونة.", "ar"), ("הטחנה עמדה.", "he"),
    ("Ο μύλος σταμάτησε.", "el"), ("चक्की रुक गई।", "hi"), ("โรงสีหยุด", "th"), ("", "en"), ("123 😀 …", "en")])
def test_the_script_decides(text: str, language: str) -> None:
    assert guess_language(text, OFFERED, "en") == language


def test_latin_script_is_the_fallback_whatever_its_accents() -> None:
    assert guess_language("Die Mühle stand still, déjà vu.", OFFERED, "de") == "de"


def test_only_offered_tags_are_chosen_in_the_form_they_are_offered() -> None:
    assert guess_language("水车停了。", ("en", "cmn"), "en") == "cmn"
    assert guess_language("水车停了。", ("en", "zh-TW", "zh-CN"), "en") == "zh-TW"
    assert guess_language("水车停了。", ("en-US", "de"), "de") == "de"
    assert guess_language("水车停了。", ("cmn-latn-pinyin", "cmn", "en"), "en") == "cmn"


def test_a_fallback_of_the_same_script_is_kept() -> None:
    assert guess_language("Млин стояв.", OFFERED, "uk") == "uk"


def test_a_fallback_that_is_not_offered_means_english_or_the_first() -> None:
    assert guess_language("Hello", ("de", "en-GB"), "auto") == "en-GB"
    assert guess_language("Hello", ("de", "fr"), "auto") == "de"


def test_a_few_foreign_words_do_not_decide() -> None:
    assert guess_language("我用 iPhone 15 Pro Max 拍了照片", OFFERED, "en") == "zh"
    assert guess_language("The word for mill is 水车, more or less, in that language.", OFFERED, "en") == "en"
