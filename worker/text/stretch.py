"""A stretch: a piece in the making."""

from dataclasses import dataclass, field

from speechmill.request import SEGMENT_CHARACTERS, SEGMENT_CHARACTERS_CJK, is_speakable
from worker.text.piece import Boundary
from worker.text.written import Written

_FEW_WORDS = 4
_FEW_CHARACTERS_CJK = 6


def most_characters(cjk: bool) -> int:
    return SEGMENT_CHARACTERS_CJK if cjk else SEGMENT_CHARACTERS


@dataclass(frozen=True, slots=True)
class Stretch:
    """text[start:end] of the source, whose ends are not whitespace, and what is to be spoken of it."""

    start: int
    end: int
    spoken: str
    boundary: Boundary
    n_words: int
    cjk: bool
    speaker: str = ""
    written: Written = field(default=Written())

    @property
    def speakable(self) -> bool:
        return any(map(is_speakable, self.spoken))

    @property
    def is_short(self) -> bool:
        """So short that a voice does badly on it alone."""
        if self.cjk:
            return sum(map(is_speakable, self.spoken)) < _FEW_CHARACTERS_CJK
        return self.n_words < _FEW_WORDS

    def fits(self, following: "Stretch") -> bool:
        """Whether both may be one piece: of one speaker, within the cap, and not across the end of a section."""
        if self.speaker != following.speaker:
            return False
        n_characters = len(self.spoken) + len(self._glue(following)) + len(following.spoken)
        return self.boundary is not Boundary.SECTION and n_characters <= most_characters(self.cjk or following.cjk)

    def joined(self, following: "Stretch") -> "Stretch":
        glue = self._glue(following)
        return Stretch(self.start, following.end, self.spoken + glue + following.spoken, following.boundary,
                       self.n_words + following.n_words, self.cjk or following.cjk, self.speaker,
                       self.written.followed_by(len(self.spoken), self.end, glue, following.written))

    def _glue(self, following: "Stretch") -> str:
        if self.boundary is Boundary.PARAGRAPH:
            return "\n\n"  # or a heading would run into what it heads
        return "" if self.end == following.start else " "
