"""A short text, spoken in one claim: as one piece if what is said of it fits, as several if not."""

from speechmill.request import has_cjk
from worker.text.cut import cut
from worker.text.piece import Boundary, Piece
from worker.text.reading import Reading
from worker.text.stretch import most_characters


def whole(text: str, language: str, reading: Reading) -> list[Piece]:
    """One piece, with the lines of `text` as they stand; more only where its numbers, written out, exceed the cap. `language` is
    a BCP 47 tag, or "auto". Not empty: a text with nothing to speak is one piece, too."""
    bare = text.strip()
    said = reading.said(bare, language)
    if said == bare or len(said) <= most_characters(has_cjk(said)):
        return [Piece(0, len(text), said, Boundary.END)]
    return cut(text, language, reading)
