"""Cutting a text into pieces that a voice speaks well: whole sentences of one paragraph, 40 to 50 words, within the cap.

    paragraphs → sentences → phrases (of sentences over the cap) → packed together → short ones joined → pieces

No step looks at more than a bounded stretch of text at once, so time is linear: a megabyte takes about two seconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from speechmill.request import has_cjk
from worker.text.graphemes import may_cut
from worker.text.language import guess_language
from worker.text.paragraphs import paragraphs
from worker.text.phrases import phrase_ends
from worker.text.piece import Boundary, Piece
from worker.text.prose import Prose, squeeze
from worker.text.sentences import sentence_spans
from worker.text.stretch import Stretch, most_characters

_MOST_WORDS = 50
_LANGUAGES = ("en", "am", "ar", "bn", "el", "gu", "hi", "hy", "ja", "kn", "ko", "ml", "my", "pa", "ru", "ta", "te", "zh")


def cut(text: str, language: str) -> list[Piece]:
    """The pieces of `text`, in order; their spans tile it exactly, and each has something that can be spoken.

    `language` is a BCP 47 tag, or "auto"; it picks the rules for sentences. `spoken` has at most SEGMENT_CHARACTERS
    characters, or SEGMENT_CHARACTERS_CJK where it has CJK. What can't be spoken (a line of dots) lies within the span of a
    neighbour. A text with nothing to speak is one piece whose `spoken` is empty; an empty text has no pieces.
    """
    if language == "auto":
        language = guess_language(text, _LANGUAGES, "en")
    return _tile(text, _join_short(_stretches(text, language)))


def _stretches(text: str, language: str) -> Iterator[Stretch]:
    for paragraph in paragraphs(text):
        packed = list(_pack(_phrases(squeeze(text, paragraph.start, paragraph.end), language)))
        packed[-1] = replace(packed[-1], boundary=paragraph.boundary)
        yield from packed


def _phrases(prose: Prose, language: str) -> Iterator[Stretch]:
    for start, end, whole in sentence_spans(prose.text, language):
        sentence = prose.text[start:end].rstrip()
        cjk = has_cjk(sentence)
        begin = 0
        for stop, boundary in phrase_ends(sentence, most_characters(cjk), language):
            yield from _stretch(prose, start + begin, start + stop, boundary, cjk)
            begin = stop
        yield from _stretch(prose, start + begin, end, Boundary.SENTENCE if whole else Boundary.PHRASE, cjk)


def _stretch(prose: Prose, start: int, end: int, boundary: Boundary, cjk: bool) -> Iterator[Stretch]:
    """One stretch, or none where there is only a space."""
    raw = prose.text[start:end]
    spoken = raw.strip()
    if spoken:
        first = start + len(raw) - len(raw.lstrip())
        yield Stretch(prose.source[first], prose.source[first + len(spoken) - 1] + 1, spoken, boundary, len(spoken.split()), cjk)


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
    pieces = [Piece(start, end, stretch.spoken, stretch.boundary) for (start, end), stretch in spans]
    return [*pieces[:-1], replace(pieces[-1], boundary=Boundary.END)]


def _with_its_space(text: str, start: int) -> int:
    """A combining mark after a space stands on it: the two are one character to the eye."""
    return start if not text[start - 1].isspace() or may_cut(text, start) else start - 1
