"""A lexicon: words and phrases that are said otherwise than a voice would say them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from speechmill.lexicon.entry import Entry
from speechmill.request import has_cjk
from worker.text.normalise.edit import Edit

_WITHOUT_SPACES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
"""Thai, Lao, Burmese, Khmer: where a word ends is not written, as in Chinese, Japanese, and Korean with its endings."""


@dataclass(frozen=True)
class _Index:
    """The entries of one language. `first` finds where one may begin; `lengths` are those of the graphemes that begin with a
    character (in lower case), the longest first."""

    first: re.Pattern[str]
    lengths: dict[str, list[int]]
    exact: dict[str, str]
    any_case: dict[str, str]


class Lexicon:
    """Where two entries have the same grapheme, one for the text's own language comes before one for all, and the later before
    the earlier. Thousands of entries cost no more time than a few."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._index = cache(self._indexed)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def edits(self, text: str, language: str) -> list[Edit]:
        """What it changes in `text`, whose language is a BCP 47 tag: whole words, or any place in scripts without spaces; the
        longest entry where several begin."""
        index = self._index(language.lower())
        if index is None:
            return []
        return list(_found(text, index))

    def _indexed(self, language: str) -> _Index | None:
        chosen = [entry for entry in self.entries if not entry.language]
        chosen += [entry for entry in self.entries if entry.language and _covers(entry.language, language)]
        if not chosen:
            return None
        exact = {entry.grapheme: entry.alias for entry in chosen if _lower(entry.grapheme) != entry.grapheme}
        any_case = {entry.grapheme: entry.alias for entry in chosen if _lower(entry.grapheme) == entry.grapheme}
        lengths: dict[str, set[int]] = {}
        for grapheme in (*exact, *any_case):
            lengths.setdefault(_lower(grapheme[0]), set()).add(len(grapheme))
        firsts = "".join({re.escape(case) for first in lengths for case in (first, first.upper(), first.title())})
        return _Index(re.compile(f"[{firsts}]"), {first: sorted(some, reverse=True) for first, some in lengths.items()},
                      exact, any_case)


def _found(text: str, index: _Index) -> Iterator[Edit]:
    lower = _lower(text)
    at = 0
    while match := index.first.search(text, at):
        start = at = match.start()
        for length in index.lengths.get(lower[start], ()):
            end = start + length
            alias = index.exact.get(text[start:end]) or index.any_case.get(lower[start:end])
            if alias and end <= len(text) and _is_whole(text, start, end):
                yield Edit(start, end, alias)
                at = end
                break
        else:
            at += 1


def _covers(wanted: str, language: str) -> bool:
    """en covers en-GB; zh-tw does not cover zh."""
    return language == wanted or language.startswith(f"{wanted}-")


def _lower(text: str) -> str:
    """In lower case, character by character: as long as it was."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word runs on over either end."""
    return not (_are_one_word(text[start - 1:start], text[start]) or _are_one_word(text[end - 1], text[end:end + 1]))


def _are_one_word(before: str, after: str) -> bool:
    if not before or not after:
        return False
    if unicodedata.category(after)[0] == "M":
        return True
    return _is_of_a_word(before) and _is_of_a_word(after) and not (_has_no_spaces(before) or _has_no_spaces(after))


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _has_no_spaces(character: str) -> bool:
    return has_cjk(character) or any(low <= ord(character) <= high for low, high in _WITHOUT_SPACES)
