"""Tags such as `[voice: anna]` → who speaks where. A tag leaves the text; nothing else changes but the whitespace beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.book.content import Casting
from worker.book.errors import BookUnreadable
from worker.book.read.characters import one_line
from worker.book.read.limits import SPEAKER_CHARACTERS

NARRATOR = "narrator"

_LITERAL = "\u2063"
"""Before a bracket that is text and makes no tag, as long as tags are in the text. A character that nobody sees or says
(INVISIBLE SEPARATOR) and that `clean` leaves."""
_TAG = re.compile(
    rf"(?<!{_LITERAL})\[[ \t]*(?:(?P<returns>/[ \t]*voice[ \t]*\])|voice[ \t]*:(?P<label>[^\[\]\n{_LITERAL}]*)(?P<end>\]?))",
    re.IGNORECASE)
_BRACKET = re.compile(r"[\[\]]")
_MARKED = re.compile(rf"{_LITERAL}([\[\]])")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class CastText:
    text: str
    castings: tuple[Casting, ...]


def cast(text: str, part: str, *, voice: str = "") -> CastText:
    """Takes the tags out. One holds until the next or the end; `[voice: narrator]` and `[/voice]` return to `voice`, who speaks
    what no tag covers (the narrator, if empty). Of the whitespace on both sides of a tag the wider stays: a tag in a line of
    its own leaves no gap. Raises BookUnreadable that says where a tag is malformed."""
    kept: list[str] = []
    castings: list[Casting] = []
    length, gap = 0, ""
    for speaker, stretch in _stretches(text, part):
        speech = stretch.strip()
        if not speech:
            gap = max(gap, stretch, key=_width)
            continue
        lead, trail = stretch[:stretch.index(speech)], stretch[stretch.index(speech) + len(speech):]
        gap = max(gap, lead, key=_width) if kept else ""
        kept += gap, speech
        start, length = length + len(gap), length + len(gap) + len(speech)
        if speaker or voice:
            castings.append(Casting(start, length, speaker or voice))
        gap = trail
    return CastText("".join(kept), tuple(castings))


def literal(text: str) -> str:
    """With its brackets marked, so that none of them makes a tag: for what a kind of file says is no markup. `cast` and
    `without_tags` take the marks out."""
    return _BRACKET.sub(rf"{_LITERAL}\g<0>", text)


def without_tags(line: str) -> str:
    """A title as it is shown."""
    return one_line(_unmarked(_TAG.sub(" ", line)))


def _stretches(text: str, part: str) -> Iterator[tuple[str, str]]:
    """What stands between two tags, and its speaker: empty for the narrator."""
    speaker, at = "", 0
    for tag in _TAG.finditer(text):
        yield speaker, _unmarked(text[at:tag.start()])
        speaker, at = _speaker(tag, text, part), tag.end()
    yield speaker, _unmarked(text[at:])


def _unmarked(text: str) -> str:
    return _MARKED.sub(r"\1", text)


def _speaker(tag: re.Match[str], text: str, part: str) -> str:
    if tag["returns"]:
        return ""
    label = one_line(tag["label"])
    if not tag["end"]:
        problem = "has no closing bracket"
    elif not label:
        problem = "names nobody"
    elif len(label) > SPEAKER_CHARACTERS:
        problem = f"has a label of {len(label)} characters; {SPEAKER_CHARACTERS} are the most"
    else:
        return "" if label.casefold() == NARRATOR else label
    line = text.count("\n", 0, tag.start()) + 1
    raise BookUnreadable(f"{part}: the tag {_unmarked(text[tag.start():tag.start() + _SHOWN])!r} in its line {line} {problem}. "
                         "`[voice: anna]` would be right, and `[/voice]` to return to the narrator.", part)


def _width(whitespace: str) -> tuple[int, int]:
    return whitespace.count("\n"), len(whitespace)
