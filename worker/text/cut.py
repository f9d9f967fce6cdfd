"""Cutting a text into pieces that a voice speaks well: whole sentences of one paragraph, 40 to 50 words, within the cap.

    paragraphs → turns of speakers → sentences → said, not written → phrases (of sentences over the cap) → packed together
    → short ones joined → pieces

No step looks at more than a bounded stretch of text at once, so time is linear: a megabyte takes a second as
it is written, and four normalised.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from speechmill.request import has_cjk
from worker.text.graphemes import may_cut
from worker.text.normalise.edit import Edit
from worker.text.paragraphs import Paragraph, paragraphs
from worker.text.phrases import phrase_ends
from worker.text.piece import Boundary, Piece
from worker.text.prose import Prose, squeeze
from worker.text.reading import AS_WRITTEN, Reading, language_of, language_within
from worker.text.sentences import calls_for_a_number, sentence_spans
from worker.text.stretch import Stretch, most_characters
from worker.text.turns import Cast, Turn, Turns

_MOST_WORDS = 50
_ENDS_A_SENTENCE = re.compile(r"[.!?…。！？؟।۔]+[\"'“”’»›」』》〉)）\]】]*\Z")


@dataclass(frozen=True)
class _Way:
    """How a paragraph is read and cut. `language` is that of the text, for its sentences, `said_in` the paragraph's own."""

    language: str
    said_in: str
    reading: Reading


def cut(text: str, language: str, reading: Reading = AS_WRITTEN, castings: Sequence[Cast] = ()) -> list[Piece]:
    """The pieces of `text`, in order; their spans tile it exactly, and each has something that can be spoken.

    `language` is a BCP 47 tag, or "auto"; it picks the rules for sentences and of the `reading`. `spoken` has at most
    SEGMENT_CHARACTERS characters, or SEGMENT_CHARACTERS_CJK where it has CJK. What can't be spoken (a line of dots) lies within
    the span of a neighbour. A text with nothing to speak is one piece whose `spoken` is empty; an empty text has no pieces.

    No piece crosses from one speaker to another: `castings`, in order and without overlaps (ValueError), say who speaks what;
    the rest is the narrator's.
    """
    return _tile(text, _join_short(_stretches(text, language, reading, Turns(castings))))


def _stretches(text: str, language: str, reading: Reading, turns: Turns) -> Iterator[Stretch]:
    whole = language_of(text) if language == "auto" else language
    for paragraph in paragraphs(text):
        said_in = language_within(text[paragraph.start:paragraph.end], whole) if language == "auto" else whole
        way = _Way(whole, said_in, reading)
        for turn in turns.within(text, paragraph.start, paragraph.end):
            phrases = _phrases(squeeze(text, turn.start, turn.end), way)
            packed = [replace(stretch, speaker=turn.speaker) for stretch in _pack(phrases)]
            packed[-1] = replace(packed[-1], boundary=_after(turn, paragraph, packed[-1]))
            yield from packed


def _after(turn: Turn, paragraph: Paragraph, last: Stretch) -> Boundary:
    if turn.end == paragraph.end:
        return paragraph.boundary
    return Boundary.SENTENCE if _ENDS_A_SENTENCE.search(last.spoken) else Boundary.PHRASE


def _phrases(prose: Prose, way: _Way) -> Iterator[Stretch]:
    for sentence, whole in _said_sentences(prose, way):
        cjk = has_cjk(sentence.text)
        begin = 0
        for stop, boundary in phrase_ends(sentence.text.rstrip(), most_characters(cjk), way.language, sentence.inside):
            yield from _stretch(sentence, begin, stop, boundary, cjk)
            begin = stop
        yield from _stretch(sentence, begin, len(sentence.text), Boundary.SENTENCE if whole else Boundary.PHRASE, cjk)


def _said_sentences(prose: Prose, way: _Way) -> Iterator[tuple[Prose, bool]]:
    """Each sentence as it is said, and whether it ends there. What the lexicon has ("Yahoo! Answers") is not cut in two."""
    known = way.reading.lexicon.edits(prose.text, way.said_in)
    begin = first = 0
    for _, end, whole in sentence_spans(prose.text, way.language):
        n = first
        while n < len(known) and known[n].start < end:
            n += 1
        if end < len(prose.text) and (calls_for_a_number(prose.text, end) or (n > first and known[n - 1].end > end)):
            continue
        own = [Edit(edit.start - begin, edit.end - begin, edit.spoken) for edit in known[first:n]]
        yield prose.said(begin, end, way.reading.edits(prose.text[begin:end], way.said_in, own)), whole
        begin, first = end, n


def _stretch(prose: Prose, start: int, end: int, boundary: Boundary, cjk: bool) -> Iterator[Stretch]:
    """One stretch, or none where there is only a space."""
    raw = prose.text[start:end]
    spoken = raw.strip()
    if spoken:
        first = start + len(raw) - len(raw.lstrip())
        ends = () if boundary is Boundary.PHRASE else (len(spoken),)
        yield Stretch(*prose.span(first, first + len(spoken)), spoken, boundary, len(spoken.split()), cjk,
                      written=prose.written(first, first + len(spoken), ends))


def _pack(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Fill up with whole sentences, as far as the cap and the number of words go."""
    held: Stretch | None = None
    for following in stretches:
        if held and held.fits(following) and held.n_words + following.n_words <= _MOST_WORDS:
            held = held.joined(following)
            continue
        if held:
            yield held
        held = following
    if held:
        yield held


def _join_short(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join what is short to the neighbour it belongs to more closely, and leave out what can't be spoken."""
    done: list[Stretch] = []
    held: Stretch | None = None
    for following in stretches:
        if not following.speakable:
            if held:  # the pause after it comes after what is spoken
                held = replace(held, boundary=max(held.boundary, following.boundary, key=_STRENGTH.index))
            continue
        if held and _leads_into(held, following, done):
            held = held.joined(following)
            continue
        if held:
            _settle(held, done)
        held = following
    if held:
        _settle(held, done)
    return done


def _leads_into(held: Stretch, following: Stretch, done: list[Stretch]) -> bool:
    if not held.is_short or not held.fits(following):
        return False
    return not (done and done[-1].fits(held) and _STRENGTH.index(done[-1].boundary) < _STRENGTH.index(held.boundary))


def _settle(held: Stretch, done: list[Stretch]) -> None:
    if done and held.is_short and done[-1].fits(held):
        done[-1] = done[-1].joined(held)
    else:
        done.append(held)


_STRENGTH = tuple(Boundary)


def _tile(text: str, stretches: list[Stretch]) -> list[Piece]:
    """Give the whitespace and the unspeakable between two stretches to the first, and what leads in to the very first."""
    if not stretches:
        return [Piece(0, len(text), "", Boundary.END)] if text else []
    starts = [0, *(_with_its_space(text, stretch.start) for stretch in stretches[1:]), len(text)]
    spans = zip(pairwise(starts), stretches, strict=True)
    pieces = [Piece(start, end, stretch.spoken, stretch.boundary, stretch.speaker, stretch.written)
              for (start, end), stretch in spans]
    return [*pieces[:-1], replace(pieces[-1], boundary=Boundary.END)]


def _with_its_space(text: str, start: int) -> int:
    """A combining mark after a space stands on it: the two are one character to the eye."""
    return start if not text[start - 1].isspace() or may_cut(text, start) else start - 1
