"""From what is said there is a way back to what the client wrote, to the character."""

from itertools import chain, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from speechmill.request import is_speakable
from worker.text.cut import cut
from worker.text.normalise.edit import Edit
from worker.text.piece import Piece
from worker.text.prose import squeeze
from worker.text.reading import AS_WRITTEN, Reading
from worker.text.whole import whole
from worker.text.written import Original, Written

TEXTS = st.text(st.sampled_from("ab c.d! \n\t,5$%“”漢字。、😀é") | st.characters(codec="utf-8"), min_size=1, max_size=300)


LONG = ["3." + "1415926535" * 20, "https://docs.example.com/articles/2024/05/how-to-install-the-new-version/part-2.html?id=1&page=2",
        "x" * 300, "$123,456,789,012.34", "1,234,567.89 €", "+49 30 1234567-890", "a,", "b.", "“c", "好", "  \n", " "]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def without_space(text: str) -> str:
    return "".join(text.split())


def sentences(piece: Piece, text: str) -> list[str]:
    """The sentences that end within a piece, by their places in the source."""
    original, found, begin = Original(piece.spoken, piece.written), [], 0
    for end in piece.written.ends:
        begin += len(piece.spoken[begin:]) - len(piece.spoken[begin:].lstrip())
        first, last = original.source(*original.of(begin, end))
        found.append(text[first:last])
        begin = end
    return found


@given(TEXTS, st.sampled_from([Reading(), AS_WRITTEN]))
def test_what_was_written_comes_back_from_every_piece(text: str, reading: Reading) -> None:
    for piece in [*cut(text, "en", reading), *whole(text, "en", reading)]:
        original = Original(piece.spoken, piece.written)
        if original.text:
            first, last = original.source(0, len(original.text))
            assert piece.start <= first <= last <= piece.end
            assert squeezed(original.text) == squeezed(text[first:last])


@given(st.lists(st.sampled_from(LONG), min_size=1, max_size=12).map("".join))
@example("3.1415926535" + LONG[1] * 2 + "好a,a,")  # a phrase ends before its last comma
def test_what_is_said_in_several_pieces_is_written_once(text: str) -> None:
    """But for what can't be spoken, a comma by itself, say."""
    pieces = cut(text, "en", Reading())
    assert "".join(text[piece.start:piece.end] for piece in pieces) == text
    assert all(piece.start < piece.end for piece in pieces)
    originals = [Original(piece.spoken, piece.written) for piece in pieces]
    bounds = [original.source(0, len(original.text)) for original in originals]
    assert all(piece.start <= first <= last <= piece.end for (first, last), piece in zip(bounds, pieces, strict=True))
    assert all(squeezed(original.text) == squeezed(text[first:last])
               for original, (first, last) in zip(originals, bounds, strict=True))
    unsaid = [text[before:after] for before, after in pairwise([0, *chain(*bounds), len(text)])][::2]
    assert not any(map(is_speakable, "".join(unsaid)))
    said = (text[first:last] for first, last in dict.fromkeys(bounds))
    assert without_space("".join(original.text for original in originals)) == without_space("".join(said))


def test_a_word_said_at_length_is_written_where_it_begins() -> None:
    text = "We saw π and all."
    prose = squeeze(text, 0, len(text)).said(0, len(text), [Edit(7, 8, "three point one four one five")])
    first, between, last = (Original(prose.text[start:end], prose.written(start, end, ())) for start, end in
                            ((0, 18), (19, 22), (23, len(prose.text))))
    assert [first.text, between.text, last.text] == ["We saw π", "", " and all."]
    assert [first.source(0, 8), between.source(0, 0), last.source(0, 9)] == [(0, 8), (8, 8), (8, 17)]


def test_a_sentence_of_any_number_of_edits_is_written_down_stretch_by_stretch() -> None:
    # What a square law takes minutes for.
    prose = squeeze("1 " * 100_000, 0, 200_000)
    said = prose.said(0, len(prose.text), [Edit(at, at + 1, "one") for at in range(0, 200_000, 2)])
    for start in range(0, len(said.text), 40):
        stretch = said.text[start:start + 39]
        assert Original(stretch, said.written(start, start + 39, ())).text == stretch.replace("one", "1")


@given(TEXTS)
def test_places_never_go_back(text: str) -> None:
    for piece in cut(text, "zh", Reading()):
        spans = Original(piece.spoken, piece.written).spans
        assert spans == sorted(spans)
        assert list(piece.written.ends) == sorted(set(piece.written.ends))
        assert all(0 < end <= len(piece.spoken) for end in piece.written.ends)


@pytest.mark.parametrize("make", [cut, whole])
def test_sentences_are_found_where_the_client_wrote_them(make: object) -> None:
    text = "  Dr. Smith paid $5.50 on Jan. 3.\nIt  was cheap! “Was it?” he asked."
    (piece,) = make(text, "en", Reading())  # type: ignore[operator]
    assert sentences(piece, text) == ["Dr. Smith paid $5.50 on Jan. 3.", "It  was cheap!", "“Was it?” he asked."]


def test_sentences_of_chinese_too() -> None:
    text = "他有25%的股份。今天很好！"
    (piece,) = whole(text, "zh", Reading())
    assert sentences(piece, text) == ["他有25%的股份。", "今天很好！"]


def test_a_heading_is_a_sentence_of_its_own() -> None:
    text = "The Moral\n\nAll is well."
    assert [s for piece in whole(text, "en", Reading()) for s in sentences(piece, text)] == ["The Moral", "All is well."]
    assert [s for piece in cut(text, "en", Reading()) for s in sentences(piece, text)] == ["The Moral", "All is well."]


def test_a_sentence_of_several_pieces_ends_in_the_last_of_them() -> None:
    text = "it went on and on, " * 40 + "until it ended. Then it was over."
    pieces = cut(text, "en", Reading())
    assert len(pieces) > 2
    assert sentences(pieces[0], text) == sentences(pieces[1], text) == []
    assert [s[-10:] for piece in pieces for s in sentences(piece, text)] == ["ntil it ended."[-10:], "t was over."[-10:]]


def test_what_is_said_for_a_number_leads_back_to_all_of_it() -> None:
    text = "We saw 1,234 birds."
    (piece,) = whole(text, "en", Reading())
    original = Original(piece.spoken, piece.written)
    at = piece.spoken.index("thousand")
    first, last = original.source(*original.of(at, at + len("thousand")))
    assert text[first:last] == "1,234"


def test_it_is_written_down_and_read_again() -> None:
    (piece,) = whole("We saw 1,234 birds. Well.", "en", Reading())
    assert piece.written.places
    assert Written.of_fields(piece.written.fields()) == piece.written
