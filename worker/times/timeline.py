"""From segments in their order to sentences and words on the clock of the finished file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechmill.timestamps import SentenceTime, WordTime
from worker.text.words import words_in
from worker.text.written import Original
from worker.times.clock import FileClock
from worker.times.segment import Cut, Said, Word

_SEEN = 20
"""Characters on each side of a cut that tell whether it goes through a word."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment whose take lies from `start_s` to `end_s` of the joined sound. `words` are None where nobody asked for them."""

    said: Said
    start_s: float
    end_s: float
    cuts: Sequence[Cut] = ()
    words: Sequence[Word] | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence, or what of one is in one segment; times of the joined sound."""

    text: str
    first: int
    last: int
    start_s: float
    end_s: float
    estimated: bool
    words: tuple[Word, ...] | None
    is_end: bool

    def followed_by(self, other: "_Part") -> "_Part":
        glue = "" if self.last == other.first else " "
        words = None if self.words is None or other.words is None else _joined(self.words, other.words)
        return _Part(self.text + glue + other.text, self.first, other.last, self.start_s, other.end_s,
                     self.estimated or other.estimated, words, other.is_end)


def sentences(segments: Iterable[Heard], clock: FileClock) -> Iterator[SentenceTime]:
    """In order, not overlapping. A sentence that was cut into several segments is one again."""
    held: _Part | None = None
    for segment in segments:
        for part in _parts(segment):
            held = held.followed_by(part) if held else part
            if held.is_end:
                yield _on(clock, held)
                held = None
    if held:
        yield _on(clock, held)


def _parts(segment: Heard) -> Iterator[_Part]:
    said = segment.said
    original = Original(said.spoken, said.written)
    bounds = [0, *said.inner_ends, len(said.spoken)]
    cuts = [Cut(0.0, False), *segment.cuts, Cut(segment.end_s - segment.start_s, False)]
    for n, (begin, end) in enumerate(pairwise(bounds)):
        begin += len(said.spoken[begin:end]) - len(said.spoken[begin:end].lstrip())
        if begin == end:
            continue
        start, stop = original.of(begin, end)
        first, last = original.source(start, stop)
        words = segment.words
        yield _Part(
            " ".join(original.text[start:stop].split()), first, last, segment.start_s + cuts[n].at_s,
            segment.start_s + cuts[n + 1].at_s, cuts[n].estimated or cuts[n + 1].estimated,
            None if words is None else tuple(_shifted(word, segment.start_s) for word in words if first <= word.first < last),
            n + 2 < len(bounds) or said.ends_sentence)


def _joined(words: tuple[Word, ...], others: tuple[Word, ...]) -> tuple[Word, ...]:
    """A word that was cut in two between them is one again: a long number, an address."""
    if not words or not others or words[-1].last != others[0].first:
        return *words, *others
    first, second = words[-1], others[0]
    torn = len(first.text[-_SEEN:])
    if not any(start < torn < end for start, end in words_in(first.text[-_SEEN:] + second.text[:_SEEN])):
        return *words, *others
    word = Word(first.text + second.text, first.first, second.last, first.start_s, second.end_s,
                first.estimated or second.estimated)
    return *words[:-1], word, *others[1:]


def _shifted(word: Word, by_s: float) -> Word:
    return Word(word.text, word.first, word.last, word.start_s + by_s, word.end_s + by_s, word.estimated)


def _on(clock: FileClock, part: _Part) -> SentenceTime:
    words = None if part.words is None else tuple(
        WordTime(word.text, clock.at(word.start_s), clock.at(word.end_s), word.first, word.last, word.estimated)
        for word in part.words)
    return SentenceTime(part.text, clock.at(part.start_s), clock.at(part.end_s), part.first, part.last, part.estimated, words)
