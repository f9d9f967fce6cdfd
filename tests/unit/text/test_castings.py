"""Castings: no piece crosses from one speaker to another, whatever the text and whoever speaks where."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.text.normalise.test_any_text import texts
from worker.text.cut import cut
from worker.text.piece import Boundary
from worker.text.reading import AS_WRITTEN, Reading


@dataclass(frozen=True)
class Casting:
    start: int
    end: int
    speaker: str


def castings_of(text: str, *spoken: tuple[str, str]) -> list[Casting]:
    found = []
    at = 0
    for words, speaker in spoken:
        at = text.index(words, at)
        found.append(Casting(at, at + len(words), speaker))
        at += len(words)
    return found


@st.composite
def cast_texts(draw: st.DrawFn) -> tuple[str, list[Casting]]:
    text = draw(st.one_of(texts, st.lists(texts, max_size=5).map("\n\n".join)))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    spans = [pair for n, pair in enumerate(pairwise(places)) if draw(st.booleans()) or n % 3 == 0]
    return text, [Casting(start, end, draw(st.sampled_from(["", "anna", "bert"]))) for start, end in spans]


@settings(max_examples=400, deadline=None)
@given(cast_texts(), st.sampled_from(["auto", "en", "zh"]), st.sampled_from([AS_WRITTEN, Reading()]))
def test_spans_tile_any_text_and_each_letter_is_its_own_speakers(
        cast: tuple[str, list[Casting]], language: str, reading: Reading) -> None:
    text, castings = cast
    speakers = [""] * len(text)
    for casting in castings:
        speakers[casting.start:casting.end] = [casting.speaker] * (casting.end - casting.start)
    pieces = cut(text, language, reading, castings)
    assert "".join(text[piece.start:piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(piece.start < piece.end for piece in pieces)
    for piece in pieces:
        letters = [place for place in range(piece.start, piece.end) if text[place].isalnum()]
        assert {speakers[place] for place in letters} <= {piece.speaker}


def test_turns_inside_a_paragraph_are_pieces_of_their_own() -> None:
    text = "“Hello,” she said. “Come in. It is cold.” He came.\n\n“Thank you,” he said to her."
    pieces = cut(text, "en", castings=castings_of(
        text, ("“Hello,”", "anna"), ("“Come in. It is cold.”", "anna"), ("“Thank you,”", "bert")))
    assert [(piece.spoken, piece.speaker, piece.boundary) for piece in pieces] == [
        ("“Hello,”", "anna", Boundary.PHRASE), ("she said.", "", Boundary.SENTENCE),
        ("“Come in. It is cold.”", "anna", Boundary.SENTENCE), ("He came.", "", Boundary.PARAGRAPH),
        ("“Thank you,”", "bert", Boundary.PHRASE), ("he said to her.", "", Boundary.END)]


def test_short_pieces_join_their_own_speaker_alone() -> None:
    text = "No.\n\nYes.\n\nNo, not at all, my friend."
    same = cut(text, "en", castings=[Casting(0, len(text), "anna")])
    assert [piece.spoken for piece in same] == ["No.\n\nYes.\n\nNo, not at all, my friend."]
    other = cut(text, "en", castings=castings_of(text, ("Yes.", "bert")))
    assert [piece.spoken for piece in other] == ["No.", "Yes.", "No, not at all, my friend."]


def test_a_space_between_two_turns_of_one_speaker_interrupts_nobody() -> None:
    text = "It is cold today. Do come in and sit down."
    pieces = cut(text, "en", castings=castings_of(text, ("It is cold today.", "anna"), ("Do come in and sit down.", "anna")))
    assert [(piece.spoken, piece.speaker) for piece in pieces] == [(text, "anna")]


def test_a_casting_over_all_is_cut_as_if_there_were_none() -> None:
    text = "Chapter 1\n\n" + "The miller went down to the river with his daughter. " * 20 + "\n\n\nIt was so."
    alone, cast = cut(text, "en"), cut(text, "en", castings=[Casting(0, len(text), "anna")])
    assert [(piece.start, piece.spoken, piece.boundary) for piece in cast] == [
        (piece.start, piece.spoken, piece.boundary) for piece in alone]
    assert {piece.speaker for piece in cast} == {"anna"}


@pytest.mark.parametrize("castings", [[Casting(0, 5, "a"), Casting(4, 8, "b")], [Casting(5, 8, "a"), Casting(0, 5, "b")]])
def test_castings_that_overlap_or_are_out_of_order_are_refused(castings: list[Casting]) -> None:
    with pytest.raises(ValueError, match="overlap or are out of order"):
        cut("Some words here.", "en", castings=castings)
