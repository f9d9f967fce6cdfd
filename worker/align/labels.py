"""The words of a text as the labels of a recogniser: the letters it knows."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.text.words import words_in


@dataclass(frozen=True)
class Vocabulary:
    """A recogniser's letters and their labels. `separator` stands between words; None where it has none."""

    letters: Mapping[str, int]
    blank: int
    separator: int | None


@dataclass(frozen=True)
class Spelled:
    """`labels` of a whole text; word n is labels[words[n][0]:words[n][1]], None where it has no letter that is known."""

    labels: tuple[int, ...]
    words: tuple[tuple[int, int] | None, ...]


def spelled(text: str, vocabulary: Vocabulary) -> Spelled:
    """Letters are tried as they are, in either case, and without their marks (é as e); what is unknown is left out."""
    labels: list[int] = []
    words: list[tuple[int, int] | None] = []
    for start, end in words_in(text):
        found = [label for letter in text[start:end] for label in _labels(letter, vocabulary)]
        if found and labels and vocabulary.separator is not None:
            labels.append(vocabulary.separator)
        words.append((len(labels), len(labels) + len(found)) if found else None)
        labels += found
    return Spelled(tuple(labels), tuple(words))


def _labels(letter: str, vocabulary: Vocabulary) -> Sequence[int]:
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if unicodedata.category(part)[0] != "M")
    for spelling in (letter, letter.lower(), letter.upper(), bare, bare.lower(), bare.upper()):
        if spelling and all(part in vocabulary.letters for part in spelling):
            return [vocabulary.letters[part] for part in spelling]
    return []
