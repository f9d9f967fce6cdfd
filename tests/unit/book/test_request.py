"""A request for a book, and for a new revision of one: what is resolved, merged and refused."""

import base64
import json
from typing import Any

import pytest

from speechmill.book import BookSpec, Contents, ListedChapter, Order, Source
from speechmill.book_lexicon import MAX_ENTRIES
from speechmill.book_request import ParsedBook, chapter_ranges, parse_book
from speechmill.book_revision import Made, Place, Revision, parse_rerender, sounding_otherwise
from speechmill.catalogue import Catalogue, ModelInfo, VoiceInfo
from speechmill.errors import InvalidRequest, NoCatalogue
from speechmill.request import BOOK_EVENTS, TERMINAL_EVENTS

MODEL = ModelInfo(id="tone", voices=(VoiceInfo(id="low", name="Low"), VoiceInfo(id="high", name="High")), default_voice="low",
                  languages=("en", "zh"), reference="taken")
CATALOGUE = Catalogue(models=(MODEL, MODEL.model_copy(update={"id": "cloner", "reference": "required"})), default_model="tone")
RECORDING = b"RIFF of somebody"
RECORDED = "data:audio/wav;base64," + base64.b64encode(RECORDING).decode()
SOURCE = Source(sha256="0" * 64, name="b.epub", bytes=9)


def parse(**body: Any) -> ParsedBook:
    return parse_book({"input": "It begins.", **body}, CATALOGUE, has_file=False)


def refused(**body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(**body)
    return caught.value


def made(**body: Any) -> Made:
    parsed = parse(**body)
    chapters = tuple(ListedChapter(number=n, title=f"{n}", matter="body", track=n) for n in (1, 2, 3))
    return Made("book_1", parsed.spec(SOURCE), parsed.order, Contents(chapters=chapters))


def rerender(old: Made, **body: Any) -> Revision:
    return parse_rerender(body, old, CATALOGUE)


def test_only_a_text_is_needed() -> None:
    spec = parse().spec(SOURCE)
    assert spec == BookSpec(model="tone", voice="low", language="auto", source=SOURCE, languages=("en", "zh"))


@pytest.mark.parametrize(("text", "meant"), [
    ("", ()), ("2", ((2, 2),)), ("2-5,7", ((2, 5), (7, 7))), (" 2 - 5 , 7,", ((2, 5), (7, 7)))])
def test_ranges_of_chapters(text: str, meant: Any) -> None:
    assert chapter_ranges(text) == meant


@pytest.mark.parametrize("text", ["0", "x", "5-2", "-3", "1-", "２", "1;2", "999999"])
def test_what_is_no_range_of_chapters(text: str) -> None:
    with pytest.raises(InvalidRequest, match="2-5,7"):
        chapter_ranges(text)


def test_who_names_no_events_is_told_of_the_end_and_of_each_chapter() -> None:
    hook = {"url": "https://x.example"}
    narrator = parse(webhook=hook).narrator
    assert narrator.webhook
    assert narrator.webhook.events == BOOK_EVENTS
    chosen = parse(webhook={**hook, "events": list(TERMINAL_EVENTS)}).narrator
    assert chosen.webhook
    assert chosen.webhook.events == TERMINAL_EVENTS


def test_recordings_of_narrator_and_cast_come_with_their_hashes() -> None:
    parsed = parse(model="cloner", ref_audio=RECORDED, ref_text="Hello.", cast={" Old  Tom ": {"ref_audio": RECORDED}})
    assert list(parsed.recordings.values()) == [RECORDING]
    assert set(parsed.cast) == {"old tom"}
    reference = parsed.cast["old tom"].reference
    assert reference
    assert reference.sha256 in parsed.recordings
    assert refused(model="cloner", ref_audio=RECORDED, cast={"tom": {"voice": "high"}}).param == "cast.tom.ref_audio"


def test_without_a_catalogue_nothing_can_be_checked() -> None:
    with pytest.raises(NoCatalogue):
        parse_book({"input": "x"}, Catalogue(), has_file=False)


def test_chapters_become_a_file_that_the_reader_knows() -> None:
    file = parse_book({"chapters": [{"text": "世界"}], "author": "Ann"}, CATALOGUE, has_file=False).file
    assert file
    assert json.loads(file.content) == {"title": "", "author": "Ann", "language": "", "chapters": [
        {"title": "", "text": "世界", "include": True, "voice": ""}]}


def test_lexicons_are_objects_arrays_or_text() -> None:
    assert parse(lexicon={"a": "b"}).order == Order(lexicon={"a": "b"})
    entries = [{"grapheme": "a", "alias": "b", "language": "en"}, {"grapheme": "c", "alias": "d"}]
    assert parse(lexicon=entries).order == Order(lexicon=entries)
    assert parse(lexicon="a,b").order == Order(lexicon_file="a,b")
    assert parse(lexicon=" ").order == parse(lexicon={}).order == Order()


@pytest.mark.parametrize(("lexicon", "param"), [
    ({"a": 1}, "lexicon.a"), ({"": "b"}, "lexicon."), ({"a": "…"}, "lexicon.a"), ({"a": "b" * 81}, "lexicon.a"),
    ([{"grapheme": "a", "alias": "b"}, {"grapheme": "a", "phoneme": "ə"}], "lexicon.1"), (["a"], "lexicon.0"), (True, "lexicon"),
    ([{"grapheme": "a", "alias": "b", "language": "en_US"}], "lexicon.0"), ({"a": "b\x07"}, "lexicon.a")])
def test_a_lexicons_mistake_is_named_with_its_entry(lexicon: Any, param: str) -> None:
    assert refused(lexicon=lexicon).param == param


@pytest.mark.parametrize(("text", "said"), [
    ("a\tb\nc\td\te\tf\tg\n", "line 2: it has 5 columns"), ("a,b,en_US", "line 1: its language"), ("<lexicon><lexeme>", "no XML"),
    ("<lexicon><lexeme><grapheme>a</grapheme></lexeme></lexicon>", "no <alias>"), ('{"a": 1}', "its alias must be a text")])
def test_a_table_or_pls_that_cannot_be_read_is_refused_with_the_place(text: str, said: str) -> None:
    error = refused(lexicon=text)
    assert error.param == "lexicon"
    assert said in error.message
    with pytest.raises(InvalidRequest, match=said):
        rerender(made(), lexicon=text)


def test_a_table_may_have_as_many_entries_as_an_object() -> None:
    assert parse(lexicon="a,b\n" * MAX_ENTRIES).order.lexicon_file
    assert "20,000 entries" in refused(lexicon="a,b\n" * (MAX_ENTRIES + 1)).message


def test_a_revision_keeps_what_it_does_not_name() -> None:
    old = made(voice="high", lexicon={"a": "b"}, include="1-2", cast={"anna": {"voice": "low"}}, title="T", formats=["mp3"])
    new = rerender(old)
    assert new.spec == old.spec.model_copy(update={"revision": 2, "revises": "book_1"})
    assert new.order == old.order


def test_a_narrators_new_voice_takes_the_place_of_the_recording() -> None:
    old = made(model="tone", ref_audio=RECORDED, instructions="")
    assert old.spec.reference
    assert rerender(old, loudness="acx").spec.reference == old.spec.reference
    assert rerender(old, voice="high").spec.reference is None
    new = rerender(old, ref_audio="data:audio/wav;base64," + base64.b64encode(b"another").decode())
    assert list(new.recordings.values()) == [b"another"]


def test_a_lexicon_takes_the_place_of_the_old_one_whatever_its_kind() -> None:
    old = made(lexicon={"a": "b"})
    assert rerender(old, lexicon="c,d").order == Order(lexicon_file="c,d")
    assert rerender(old, lexicon={}).order == Order()


def test_edits_add_up_and_null_takes_one_back() -> None:
    old = Made("book_1", made().spec, Order(edits={1: "one", 2: "two"}), made().contents)
    assert rerender(old, edits={"2": None, "3": "cafe\u0301"}).order.edits == {1: "one", 3: "café"}


def test_a_segment_that_is_to_sound_otherwise_gets_a_number_of_its_own_each_time() -> None:
    old = Made("book_1", made().spec, Order(again={2: {"this": 1}}), None)
    one, other = (sounding_otherwise(old, Place(2, "that")).order.again for _ in range(2))
    assert one[2]["this"] == other[2]["this"] == 1
    assert one[2]["that"] != other[2]["that"]
