"""A piece: what one segment speaks, where it comes from in the source, and what follows it."""

from dataclasses import dataclass, field
from enum import StrEnum

from worker.text.written import Written


class Boundary(StrEnum):
    """What follows a piece. It decides the pause that the joiner puts there."""

    PHRASE = "phrase"        # the middle of a sentence that was too long for one piece
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    SECTION = "section"      # a chapter heading, a line such as * * *, or two blank lines and more
    END = "end"              # of the text


@dataclass(frozen=True, slots=True)
class Piece:
    """text[start:end] is where it comes from; the spans of a text's pieces tile it without gap or overlap.

    `spoken` is what to say: whitespace at its ends is gone and every run of it inside is one space, or an empty line where
    a short piece was joined to one of another paragraph. Numbers, signs and the lexicon's words are written as they are said.
    `speaker` speaks it: the label of a casting, or empty for the narrator. `written` leads from `spoken` back to the source.
    """

    start: int
    end: int
    spoken: str
    boundary: Boundary
    speaker: str = ""
    written: Written = field(default=Written(), compare=False)
