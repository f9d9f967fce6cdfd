"""POST …/rerender and …/regenerate: a new book from an old one, which stays as it was."""

import json
import os
import time
from typing import Any

import pytest

from speechmill.blobs.seam import source_key
from speechmill.book import BookSpec, Order
from speechmill.job import Job, Unit
from speechmill.segment_names import segment_names
from tests.e2e.books.conftest import BOOKS, Shop, refused
from tests.e2e.books.press import LINES

NAMES = list(segment_names((str(line.get("speaker", "")), str(line["text"])) for line in LINES))


def claimed(shop: Shop) -> tuple[BookSpec, Order]:
    """What the worker is told of the next book."""
    unit: Unit = shop.press.mill.claim("cpu:batch")
    return BookSpec.model_validate(unit.spec), Order.model_validate_json(unit.text)


def stored(shop: Shop, book_id: str) -> Job:
    return shop.press.mill.look(book_id)


def test_a_rerender_is_a_new_book_with_what_was_changed(shop: Shop) -> None:
    book_id = shop.made(voice="low", language="en", lexicon={"a": "b"}, cast={"Anna": {"voice": "high"}}, formats=["mp3"],
                        metadata={"shelf": "3"}, include="2-3")
    before = shop.look(book_id)
    answer = shop.post(f"{book_id}/rerender", {
        "voice": "high", "lexicon": {"c": "d"}, "cast": {"Bob": {"voice": "low"}}, "include": "2", "formats": ["m4b"],
        "loudness": "acx", "edits": {"2": "Another beginning."}})
    assert answer.status_code == 202, answer.text
    book = answer.json()
    assert answer.headers["location"] == f"{BOOKS}/{book['id']}"
    assert book["id"] != book_id
    assert (book["revision"], book["revises"], book["status"], book["metadata"]) == (2, book_id, "queued", {"shelf": "3"})
    spec, order = claimed(shop)
    assert spec.source == BookSpec.model_validate(stored(shop, book_id).spec).source
    assert (spec.voice, spec.language, spec.include, spec.formats, spec.loudness) == ("high", "en", ((2, 2),), ("m4b",), "acx")
    assert {label: voice.voice for label, voice in spec.cast.items()} == {"anna": "high", "bob": "low"}
    assert (order.lexicon, order.edits) == ({"c": "d"}, {2: "Another beginning."})
    assert shop.look(book_id) == {**before, "output": shop.look(book_id)["output"]}


def test_what_is_not_named_stays_and_edits_add_up(shop: Shop) -> None:
    first = shop.made(lexicon={"a": "b"}, include="2-3", instructions="Softly.")
    second = shop.post(f"{first}/rerender", {"edits": {"2": "Another beginning.", "3": "Another end."}}).json()["id"]
    shop.press.make_book()
    shop.post(f"{second}/rerender", {"edits": {"3": None}, "instructions": "Loudly."})
    spec, order = claimed(shop)
    assert (spec.revision, spec.revises, spec.include, spec.instructions) == (3, second, ((2, 3),), "Loudly.")
    assert (order.lexicon, order.edits) == ({"a": "b"}, {2: "Another beginning."})


def test_a_book_that_was_only_planned_is_made_by_a_rerender(shop: Shop) -> None:
    book_id = shop.order(dry_run=True)["id"]
    shop.press.read_book()
    assert shop.http.post(f"{BOOKS}/{book_id}/rerender").status_code == 202
    spec, _ = claimed(shop)
    assert (spec.dry_run, spec.loudness, spec.revises) == (False, "default", book_id)


def test_each_regeneration_is_another_take_of_one_segment(shop: Shop) -> None:
    book_id = shop.made()
    nonces = set()
    for _ in range(2):
        answer = shop.post(f"{book_id}/chapters/3/segments/1/regenerate")
        assert answer.status_code == 202, answer.text
        assert (answer.json()["revision"], answer.json()["revises"]) == (2, book_id)
        _, order = claimed(shop)
        ((chapter, segments),) = order.again.items()
        ((segment, nonce),) = segments.items()
        assert (chapter, segment) == (3, NAMES[1])
        nonces.add(nonce)
    assert len(nonces) == 2


def test_other_segments_keep_the_take_that_was_asked_for_before(shop: Shop) -> None:
    first = shop.made()
    second = shop.post(f"{first}/chapters/2/segments/0/regenerate").json()["id"]
    shop.press.make_book()
    shop.post(f"{second}/chapters/2/segments/1/regenerate")
    assert set(claimed(shop)[1].again[2]) == set(NAMES)


def test_a_chapter_whose_plan_is_gone_is_told_as_gone(shop: Shop) -> None:
    book_id = shop.made()
    shop.press.blobs.delete(stored(shop, f"{book_id}.1").plan_key)
    refused(shop.http.post(f"{BOOKS}/{book_id}/chapters/2/segments/0/regenerate"), 410, "content_expired")


def test_the_same_key_makes_one_revision(shop: Shop) -> None:
    book_id = shop.made()
    key = {"Idempotency-Key": "again"}
    for path, other in ((f"{book_id}/rerender", {"loudness": "none"}), (f"{book_id}/chapters/2/segments/0/regenerate", None)):
        first, second = (shop.post(path, {} if other else None, **key) for _ in range(2))
        assert first.json()["id"] == second.json()["id"]
        assert second.headers["idempotent-replayed"] == "true"
        if other:
            refused(shop.post(path, other, **key), 422, "idempotency_key_reused")
    refused(shop.post(f"{book_id}/chapters/2/segments/1/regenerate", None, **key), 422, "idempotency_key_reused")


@pytest.mark.parametrize(("body", "param", "said"), [
    ({"voice": "nobody"}, "voice", "Unknown voice"),
    ({"edits": {"three": "x"}}, "edits", "number"),
    ({"edits": {"0": "x"}}, "edits", "number"),
    ({"edits": {"4": "x"}}, "edits.4", "this book has 3"),
    ({"edits": {"2": " … "}}, "edits.2", "nothing"),
    ({"edits": {"2": "half \ud800"}}, "edits", "surrogate"),
    ({"include": "2-9"}, "include", "this book has 3"),
    ({"formats": ["mp4"]}, "formats.0", "m4b"),
    ({"cast": {"anna": {"voice": "nobody"}}}, "cast.anna.voice", "Unknown"),
    ({"input": "x"}, "input", "edits"),
    ([], "body", "object"),
])
def test_a_mistake_names_its_field(shop: Shop, body: Any, param: str, said: str) -> None:
    book_id = shop.made()
    answer = shop.http.post(f"{BOOKS}/{book_id}/rerender", content=json.dumps(body))
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert said in answer.json()["error"]["message"]
    assert len(shop.http.get(BOOKS).json()["data"]) == 1


def test_only_a_book_that_is_finished_can_be_revised(shop: Shop) -> None:
    book_id = shop.order()["id"]
    refused(shop.post(f"{book_id}/rerender", {}), 409, "book_not_finished", "queued")
    shop.press.read_book()
    refused(shop.post(f"{book_id}/rerender", {}), 409, "book_not_finished", "in_progress")
    shop.press.plan_chapter()
    refused(shop.post(f"{book_id}/chapters/2/segments/0/regenerate"), 409, "book_not_finished")


def test_a_book_that_failed_can_be_revised(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.fail()
    assert shop.post(f"{book_id}/rerender", {"include": "2"}).status_code == 202


@pytest.mark.parametrize(("chapter", "segment", "code"), [
    ("2", "2", "segment_not_found"), ("2", "x", "segment_not_found"), ("2", "-1", "segment_not_found"),
    ("1", "0", "chapter_left_out"), ("9", "0", "chapter_not_found")])
def test_a_segment_that_is_not_there_is_404(shop: Shop, chapter: str, segment: str, code: str) -> None:
    refused(shop.post(f"{shop.made()}/chapters/{chapter}/segments/{segment}/regenerate"), 404, code)


def test_without_the_books_file_there_is_no_revision(shop: Shop) -> None:
    book_id = shop.made()
    shop.press.blobs.delete(source_key("local", stored(shop, book_id).spec["source"]["sha256"]))
    refused(shop.post(f"{book_id}/rerender", {}), 410, "content_expired", "send it again")


def test_a_revision_is_a_use_of_the_books_file(shop: Shop) -> None:
    book_id = shop.made()
    key = source_key("local", stored(shop, book_id).spec["source"]["sha256"])
    before = shop.press.blobs.read(key).data
    os.utime(shop.stack.folder / "objects" / key, (time.time() - 10 * 86_400,) * 2)
    assert shop.post(f"{book_id}/rerender", {}).status_code == 202
    after = shop.press.blobs.read(key)
    assert (after.data, after.age_s < 3600) == (before, True)
