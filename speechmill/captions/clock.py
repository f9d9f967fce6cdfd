"""When each character of a text is heard."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from speechmill.captions.columns import columns


@dataclass(frozen=True, slots=True)
class Stretch:
    """text[start:end] is heard from `start_s` to `end_s`."""

    start: int
    end: int
    start_s: float
    end_s: float


class Clock:
    """Of a text whose runs of whitespace are one space each. `words`, in order, are known; the characters of each share its time
    by how many columns they fill. Where no word is, the next one is waited for. A text without known words is like one word."""

    def __init__(self, text: str, whole: Stretch, words: Sequence[Stretch]) -> None:
        self._text = text
        self._whole = whole
        self._words = words or [whole]
        self._filled = [0, *accumulate(map(columns, text))]

    def at(self, place: int) -> float:
        """When what stands from `place` on begins to be heard; a space there belongs to what is before it."""
        if self._text[place:place + 1] == " ":
            place += 1
        if place <= 0 or place >= len(self._text):
            return self._whole.end_s if place else self._whole.start_s
        n = bisect_right(self._words, place, key=lambda word: word.end)
        if n == len(self._words):
            return self._words[-1].end_s
        word = self._words[n]
        return word.start_s + (word.end_s - word.start_s) * self._share(word, max(place, word.start))

    def _share(self, word: Stretch, place: int) -> float:
        filled, total = (self._filled[end] - self._filled[word.start] for end in (place, word.end))
        return filled / total if total else (place - word.start) / (word.end - word.start)
