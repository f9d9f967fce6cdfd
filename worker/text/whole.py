"""A short text, spoken in one claim: as one piece if what is said of it fits, as several if not."""

from collections.abc import Iterator

from speechmill.request import has_cjk
from worker.text.cut import cut
from worker.text.normalise.edit import parts
from worker.text.paragraphs import paragraphs
from worker.text.piece import Boundary, Piece
from worker.text.reading import Reading, language_of
from worker.text.sentences import calls_for_a_number, sentence_spans
from worker.text.stretch import most_characters
from worker.text.written import as_said


def whole(text: str, language: str, reading: Reading) -> list[Piece]:
    """One piece, with the lines of `text` as they stand; more only where its numbers, written out, exceed the cap. `language` is
    a BCP 47 tag, or "auto". Not empty: a text with nothing to speak is one piece, too."""
    bare = text.strip()
    said_in = language_of(bare) if language == "auto" else language
    said = list(parts(bare, reading.edits(bare, said_in, reading.lexicon.edits(bare, said_in))))
    spoken = "".join(words for _, _, words in said)
    if spoken == bare or len(spoken) <= most_characters(has_cjk(spoken)):
        written = as_said(bare, len(text) - len(text.lstrip()), said, list(_sentence_ends(bare, said_in)))
        return [Piece(0, len(text), spoken, Boundary.END, written=written)]
    return cut(text, language, reading)


def _sentence_ends(text: str, language: str) -> Iterator[int]:
    for paragraph in paragraphs(text):
        inside = text[paragraph.start:paragraph.end]
        for _, end, _ in sentence_spans(inside, language):
            if end == len(inside) or not calls_for_a_number(inside, end):
                yield paragraph.start + len(inside[:end].rstrip())
