"""Each segment of a chapter is spoken by whom its text names."""

import pytest

from speechmill.book import CastVoice, ChapterSpec, Order
from speechmill.errors import InvalidRequest
from speechmill.request import ReferenceSpec
from worker.book.chapter_text import ChapterText
from worker.book.content import Casting
from worker.book.segments import chapter_pieces, lexicon_of, spoken_as
from worker.inputs import PlannedSegment
from worker.text.lexicon.lexicon import Lexicon

SPEC = ChapterSpec(model="tone", voice="low", language="en", number=1, track=1, tracks=1, title="One",
                   cast={"anna": CastVoice(voice="high", instructions="whisper", reference=ReferenceSpec(sha256="ab"))})


def segment(speaker: str = "", again: int = 0) -> PlannedSegment:
    return PlannedSegment(0, 5, "Hello", "end", speaker, again=again)


def test_the_cast_speaks_what_is_theirs_and_the_narrator_the_rest() -> None:
    assert spoken_as(SPEC, segment()) == SPEC
    annas = spoken_as(SPEC, segment("Anna"))
    assert (annas.voice, annas.instructions, annas.reference) == ("high", "whisper", ReferenceSpec(sha256="ab"))
    assert spoken_as(SPEC, segment("somebody else")).voice == "low"


def test_a_segment_that_is_to_sound_otherwise_gets_a_seed_that_stays() -> None:
    once, again = spoken_as(SPEC, segment(again=7)), spoken_as(SPEC, segment(again=7))
    assert once.seed == again.seed is not None
    assert spoken_as(SPEC, segment(again=8)).seed != once.seed
    assert spoken_as(SPEC, segment()).seed is None


def test_pieces_tile_the_text_by_speaker_and_say_what_the_lexicon_says() -> None:
    text = ChapterText("Nguyen has 3 pears. Give me one, said the boy who stood there.", (Casting(20, 32, "anna"),))
    pieces = chapter_pieces(text, SPEC, Lexicon(lexicon_of(Order(lexicon={"Nguyen": "win"}))))
    assert "".join(text.text[piece.start:piece.end] for piece in pieces) == text.text
    assert [(piece.spoken, piece.speaker) for piece in pieces][:2] == [("win has three pears.", ""), ("Give me one,", "anna")]


def test_a_bad_entry_of_the_lexicon_is_named() -> None:
    with pytest.raises(InvalidRequest, match="entry 'x'"):
        lexicon_of(Order(lexicon={"x": ""}))


def test_a_lexicon_may_be_a_table() -> None:
    (piece,) = chapter_pieces(ChapterText("Nguyen."), SPEC, Lexicon(lexicon_of(Order(lexicon_file="Nguyen\twin\n"))))
    assert piece.spoken == "win."
