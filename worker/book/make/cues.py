"""Cues: a segment's text in pieces that fit on a screen, each with its time. Together they are the text, nothing more or less."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.book.make.spoken import SpokenChapter, SpokenSegment

MOST_COLUMNS = 84
"""Two lines of 42, as broadcasters have it; a Chinese or Japanese character takes two columns."""
_LEAST_SHARE = 0.35
"""A cut stands at least this far into what fits: a cue of one word before a comma reads badly."""
_SENTENCE_ENDS = ".!?…。！？"
_PAUSES = ",;:—–、，；："
_CLOSING = "\"'”’»)]」』）"


@dataclass(frozen=True)
class Cue:
    text: str
    start_s: float
    end_s: float
    speaker: str = ""


def cues(chapters: Sequence[SpokenChapter], starts_s: Sequence[float]) -> Iterator[Cue]:
    """Of a whole file whose chapters begin at `starts_s` (AudioFile.starts_s). One for each segment with any text; a long one is
    several, which share its time by how many columns they fill."""
    for chapter, begin_s in zip(chapters, starts_s, strict=True):
        for segment in chapter.segments:
            yield from _of_segment(chapter.said(segment), segment, begin_s)


def split(text: str) -> list[str]:
    """`text` in pieces of MOST_COLUMNS at most, cut behind a sentence, else a pause, else a word; in the middle of a word only
    where it does not fit. Nothing but the space at a cut is lost."""
    pieces = []
    while _columns(text) > MOST_COLUMNS:
        cut = _cut(text)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [piece for piece in (*pieces, text) if piece]


def _of_segment(text: str, segment: SpokenSegment, begin_s: float) -> Iterator[Cue]:
    pieces = split(text)
    total, done = sum(map(_columns, pieces)), 0
    duration_s = segment.end_s - segment.start_s
    for piece in pieces:
        start_s = begin_s + segment.start_s + duration_s * done / total
        done += _columns(piece)
        yield Cue(piece, start_s, begin_s + segment.start_s + duration_s * done / total, segment.speaker)


def _cut(text: str) -> int:
    """Where the first piece of a text that is too long ends."""
    fits = _n_fitting(text)
    places = [place for place in range(max(1, round(fits * _LEAST_SHARE)), fits + 1) if _may_cut(text, place)]
    for ends in (_SENTENCE_ENDS, _PAUSES):
        if best := [place for place in places if text[:place].rstrip().rstrip(_CLOSING)[-1:] in ends and text[:place].strip()]:
            return best[-1]
    return places[-1] if places else fits


def _may_cut(text: str, place: int) -> bool:
    """Between words: at a space, or next to a wide character that does not open or end anything."""
    before, after = text[place - 1], text[place:place + 1]
    if after.isspace() or not after:
        return True
    if after in _SENTENCE_ENDS + _PAUSES + _CLOSING or unicodedata.combining(after):
        return False
    if unicodedata.category(before) in ("Ps", "Pi"):  # it opens something
        return False
    return _wide(before) and (_wide(after) or before in _SENTENCE_ENDS + _PAUSES)


def _n_fitting(text: str) -> int:
    """How many characters of a text that is too long fill MOST_COLUMNS; what belongs to the one before it stays with it."""
    columns = 0
    for n_characters, character in enumerate(text):
        columns += _columns(character)
        if columns > MOST_COLUMNS:
            return max(1, n_characters)
    return len(text)


def _columns(text: str) -> int:
    return sum(0 if unicodedata.combining(character) else 2 if _wide(character) else 1 for character in text)


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
