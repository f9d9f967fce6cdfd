"""A text becomes labels by the letters that a recogniser knows, word by word."""

from worker.align.labels import Vocabulary, spelled

ENGLISH = Vocabulary({letter: n for n, letter in enumerate("ABCDEHLORW'", 2)}, blank=0, separator=1)


def words(text: str, vocabulary: Vocabulary = ENGLISH) -> list[str | None]:
    letters = {label: letter for letter, label in vocabulary.letters.items()}
    found = spelled(text, vocabulary)
    return [None if word is None else "".join(letters[label] for label in found.labels[slice(*word)]) for word in found.words]


def test_letters_are_found_in_either_case_and_without_their_marks() -> None:
    assert words("Hello, wörld!") == ["HELLO", "WORLD"]


def test_a_separator_stands_between_words_only() -> None:
    assert spelled("a b", ENGLISH).labels == (2, 1, 3)
    assert spelled("a b", Vocabulary({"a": 1, "b": 2}, blank=0, separator=None)).labels == (1, 2)


def test_a_word_without_a_known_letter_has_no_labels() -> None:
    assert words("hello 你 😀 world") == ["HELLO", None, None, "WORLD"]
    assert spelled("xyz", ENGLISH).labels == ()


def test_chinese_characters_are_words_where_they_are_known() -> None:
    assert words("你好。", Vocabulary({"你": 1, "好": 2}, blank=0, separator=None)) == ["你", "好"]
