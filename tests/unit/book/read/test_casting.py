"""Tags say who speaks; they leave the text, and nothing else of it changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.book.content import Casting
from worker.book.errors import BookUnreadable
from worker.book.read.casting import cast, literal, without_tags


def _spoken(tagged: str, voice: str = "") -> list[tuple[str, str]]:
    """Who speaks which stretch of the text; what no casting covers is left out."""
    result = cast(tagged, "the text", voice=voice)
    return [(casting.speaker, result.text[casting.start:casting.end]) for casting in result.castings]


def test_a_tag_holds_until_the_next_and_leaves_the_text() -> None:
    tagged = "It rained. [voice: Anna] “Come in,” [VOICE:bob]“No.” [/voice] They left."
    assert cast(tagged, "").text == "It rained. “Come in,” “No.” They left."
    assert _spoken(tagged) == [("Anna", "“Come in,”"), ("bob", "“No.”")]


def test_the_last_tag_holds_to_the_end() -> None:
    assert _spoken("a [voice: anna] b\n\nc") == [("anna", "b\n\nc")]


def test_narrator_returns_to_the_narrator() -> None:
    assert _spoken("[voice: anna] a [voice: Narrator] b") == [("anna", "a")]


def test_a_chapters_own_voice_speaks_what_no_tag_covers() -> None:
    assert _spoken("a [voice: bob] b [/voice] c", voice="anna") == [("anna", "a"), ("bob", "b"), ("anna", "c")]


@pytest.mark.parametrize(("tagged", "text"), [
    ("One.\n\n[voice: anna]\n\nTwo.", "One.\n\nTwo."),
    ("One.\n\n\n[voice: anna]\nTwo.", "One.\n\n\nTwo."),
    ("[voice: anna]\nOne.", "One."),
    ("One.[voice: anna]Two.", "One.Two."),
    ("One. [voice: anna] [voice: bob] Two.", "One. Two."),
    ("One.\n[voice: anna]", "One."),
])
def test_a_tag_in_a_line_of_its_own_leaves_no_gap(tagged: str, text: str) -> None:
    assert cast(tagged, "").text == text


@pytest.mark.parametrize("ordinary", ["[voice over]", "[12]", "voice: anna", "[Voice] a", "[invoice: 12]", "(voice: anna)"])
def test_other_brackets_are_text(ordinary: str) -> None:
    assert cast(ordinary, "").text == ordinary


def test_a_tag_that_is_literal_is_text() -> None:
    shown = "Write [voice: bob] and [/voice]."
    result = cast(f"[voice: anna] {literal(shown)} [/voice] {literal(shown)}", "")
    assert result.text == f"{shown} {shown}"
    assert result.castings == (Casting(0, len(shown), "anna"),)
    assert without_tags(f"[voice: anna] {literal(shown)}") == shown


@pytest.mark.parametrize("tag", ["[voice:]", "[voice: ]", "[voice: anna", f"[voice: {'a' * 65}]", "[voice: [anna]]"])
def test_a_malformed_tag_is_an_error_that_names_its_place(tag: str) -> None:
    with pytest.raises(BookUnreadable, match=r"^chapters\[3\]\.text: .* in its line 2 ") as refused:
        cast(f"One.\nTwo {tag} three.", "chapters[3].text")
    assert refused.value.part == "chapters[3].text"


_SPEAKER = st.text(st.sampled_from("abzÉ漢 -'"), min_size=1,
                   max_size=12).map(str.strip).filter(lambda name: name.lower() not in ("", "narrator"))
_SPEECH = st.text(st.sampled_from("ab .\n漢é]("), max_size=12)


@given(st.lists(st.tuples(st.one_of(st.none(), _SPEAKER), _SPEECH), max_size=12))
@settings(deadline=None)
def test_text_and_castings_say_all_that_the_tagged_text_said(stretches: list[tuple[str | None, str]]) -> None:
    result = cast("".join(f"{'[/voice]' if who is None else f'[voice: {who}]'}{speech}" for who, speech in stretches), "")
    told = [(letter, " ".join(who.split()) if who else "") for who, speech in stretches for letter in speech
            if not letter.isspace()]
    speakers = [""] * len(result.text)
    for casting in result.castings:
        assert 0 <= casting.start < casting.end <= len(result.text)
        assert not any(speakers[casting.start:casting.end])
        speakers[casting.start:casting.end] = [casting.speaker] * (casting.end - casting.start)
    assert [(letter, who) for letter, who in zip(result.text, speakers, strict=True) if not letter.isspace()] == told
