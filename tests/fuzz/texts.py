"""Texts: cut into pieces, read as words, given to speakers."""

from collections.abc import Iterable

from hypothesis import strategies as st

from speechmill.errors import InvalidRequest
from speechmill.lexicon.parse import parse_lexicon
from tests.fuzz.mutations import mutated, texts
from tests.fuzz.target import Target
from worker.book.content import Casting
from worker.book.errors import BookUnreadable
from worker.book.read.casting import cast
from worker.text.cut import cut
from worker.text.normalise.choose import normalise
from worker.text.piece import Piece
from worker.text.reading import Reading
from worker.text.whole import whole

LANGUAGES = ("auto", "en", "de", "fr", "zh", "ja", "ar", "hi", "th", "ru", "ko", "pt-BR", "xx")
LEXICONS = (b'{"entries": [{"grapheme": "Nguyen", "alias": "nwin", "language": "en"}]}', b"word,alias,language\nNguyen,nwin,en\n",
            b'<?xml version="1.0"?><lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" '
            b'xml:lang="en"><lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme></lexicon>')


def _tile(pieces: Iterable[Piece], text: str) -> None:
    at = 0
    for piece in pieces:
        assert piece.start == at, "the pieces leave something out"
        at = piece.end
    assert at == len(text), "the pieces end too soon"


def _cut(given: tuple[str, str]) -> None:
    text, language = given
    for normal in (True, False):
        _tile(cut(text, language, Reading(normalise=normal)), text)
        whole(text[:280], language, Reading(normalise=normal))


def _cut_by_speakers(given: tuple[tuple[str, str], list[int]]) -> None:
    (text, language), places = given
    ends = sorted(min(place, len(text)) for place in places)
    turns = enumerate(zip(ends[::2], ends[1::2], strict=False))
    castings = [Casting(start, end, f"speaker {n % 3}") for n, (start, end) in turns]
    _tile(cut(text, language, Reading(), castings), text)


TARGETS = (
    Target("text-cut", texts(LANGUAGES), _cut),
    Target("text-speakers", st.tuples(texts(LANGUAGES), st.lists(st.integers(0, 500), max_size=8)), _cut_by_speakers),
    Target("text-normalise", texts(LANGUAGES[1:]), lambda given: normalise(*given)),
    Target("text-casting", texts(("en",)), lambda given: cast(given[0], "a part"), (BookUnreadable,)),
    Target("lexicon", mutated(LEXICONS), parse_lexicon, (InvalidRequest,)),
)
