"""POST /v1/audio/books: what comes in, as JSON and as a form; everything is checked before anything is stored."""

import hashlib
import json
from typing import Any

import pytest

from speechmill.blobs.seam import source_key
from speechmill.book import BookSpec, Order
from tests.e2e.books.conftest import BOOKS, Shop, refused

EPUB = b"PK\x03\x04 as good as any"


def claimed(shop: Shop) -> tuple[BookSpec, Order]:
    """What the worker is told of the next book."""
    unit = shop.press.mill.claim("cpu:batch")
    return BookSpec.model_validate(unit.spec), Order.model_validate_json(unit.text)


def source_of(shop: Shop, spec: BookSpec) -> bytes:
    return shop.press.blobs.read(source_key("local", spec.source.sha256)).data


def test_an_accepted_book_says_where_and_when_to_look(shop: Shop) -> None:
    body = {"input": "# One\n\nIt begins.", "title": "A Tale", "author": "Ann", "metadata": {"a": "b"}}
    answer = shop.http.post(BOOKS, json=body)
    assert answer.status_code == 202
    book = answer.json()
    assert answer.headers["location"] == f"{BOOKS}/{book['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert book["id"].startswith("book_")
    assert (book["object"], book["status"], book["title"], book["authors"]) == ("audio.book", "queued", "A Tale", ["Ann"])
    assert (book["formats"], book["loudness"], book["revision"], book["revises"]) == (["m4b"], "default", 1, None)
    assert (book["chapters"], book["output"], book["eta_seconds"], book["metadata"]) == ([], None, None, {"a": "b"})
    spec, _ = claimed(shop)
    assert source_of(shop, spec) == b"# One\n\nIt begins."


def test_chapters_as_json_are_a_file_of_their_own(shop: Shop) -> None:
    chapters = [{"title": "One", "text": "It begins."}, {"text": "It ends.", "include": False, "voice": "anna"}]
    shop.http.post(BOOKS, json={"chapters": chapters, "title": "A Tale", "language": "en"})
    spec, _ = claimed(shop)
    assert spec.source.name == "book.json"
    told = json.loads(source_of(shop, spec))
    assert (told["title"], told["language"]) == ("A Tale", "en")
    assert told["chapters"][1] == {"title": "", "text": "It ends.", "include": False, "voice": "anna"}


def test_a_form_carries_the_file_and_fields(shop: Shop) -> None:
    answer = shop.http.post(BOOKS, files={"file": ("folder/A Tale.epub", EPUB)}, data={
        "voice": "high", "language": "en", "formats": "m4b,mp3", "include": "2-5,7", "loudness": "acx", "dry_run": "false",
        "lexicon": '{"Nguyen": "win"}', "cast": '{"Anna": {"voice": "low"}}', "metadata": '{"shelf": "3"}', "seed": "7",
        "title": ""})
    assert answer.status_code == 202, answer.text
    spec, order = claimed(shop)
    assert source_of(shop, spec) == EPUB
    assert (spec.source.name, spec.source.bytes) == ("A Tale.epub", len(EPUB))
    assert spec.source.sha256 == hashlib.sha256(EPUB).hexdigest()
    assert (spec.voice, spec.formats, spec.include, spec.loudness) == ("high", ("m4b", "mp3"), ((2, 5), (7, 7)), "acx")
    assert (spec.cast["anna"].voice, spec.metadata, spec.seed, spec.dry_run) == ("low", {"shelf": "3"}, 7, False)
    assert order.lexicon == {"Nguyen": "win"}


def test_a_lexicon_may_be_a_table(shop: Shop) -> None:
    table = b"Nguyen\twin\nSiobhan\tshiv-awn\n"
    shop.http.post(BOOKS, files={"file": ("b.txt", b"It begins."), "lexicon": ("names.tsv", table)})
    assert claimed(shop)[1].lexicon_file == table.decode()


def test_an_order_beyond_what_redis_keeps_goes_through_storage(shop: Shop) -> None:
    words = {f"word{n}": f"said {n}" for n in range(2000)}
    book = shop.order(lexicon=words)
    unit = shop.press.mill.claim("cpu:batch")
    assert (unit.job_id, unit.text) == (book["id"], "")
    assert Order.model_validate_json(shop.press.blobs.read(unit.input_key).data).lexicon == words


def test_the_same_key_and_book_is_the_same_book_and_another_is_refused(shop: Shop) -> None:
    key = {"Idempotency-Key": "tale-1"}
    first = shop.http.post(BOOKS, files={"file": ("b.txt", b"It begins.")}, data={"language": "en"}, headers=key)
    again = shop.http.post(BOOKS, files={"file": ("b.txt", b"It begins.")}, data={"language": "en"}, headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    for text, language in ((b"It ends.", "en"), (b"It begins.", "de")):
        other = shop.http.post(BOOKS, files={"file": ("b.txt", text)}, data={"language": language}, headers=key)
        refused(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize(("body", "param", "said"), [
    ({}, "file", "file"),
    ({"input": " "}, "input", "empty"),
    ({"input": "x", "chapters": [{"text": "x"}]}, "chapters", "input and chapters"),
    ({"chapters": []}, "chapters", "at least 1"),
    ({"chapters": [{"text": "a"}, {"text": " "}]}, "chapters.1.text", "empty"),
    ({"chapters": [{"text": "a", "txt": "b"}]}, "chapters.0.txt", "not permitted"),
    ({"chapters": [{"text": "a", "include": False}]}, "chapters", "include"),
    ({"input": "x", "voice": "nobody"}, "voice", "Unknown voice"),
    ({"input": "x", "language": "xx"}, "language", "Unknown language"),
    ({"input": "x", "formats": ["mp4"]}, "formats.0", "'m4b'"),
    ({"input": "x", "formats": []}, "formats", "at least 1"),
    ({"input": "x", "include": "5-2"}, "include", "2-5,7"),
    ({"input": "x", "loudness": "loud"}, "loudness", "acx"),
    ({"input": "x", "response_format": "mp3"}, "response_format", "formats"),
    ({"input": "x", "speed": 2}, "speed", "players"),
    ({"input": "x", "lexicons": {}}, "lexicons", "lexicon"),
    ({"input": "x", "lexicon": {"a": ""}}, "lexicon.a", "alias"),
    ({"input": "x", "lexicon": [{"grapheme": "a"}]}, "lexicon.0", "alias is missing"),
    ({"input": "x", "lexicon": 3}, "lexicon", "Nguyen"),
    ({"input": "x", "cast": {"anna": {"voice": "nobody"}}}, "cast.anna.voice", "Unknown voice"),
    ({"input": "x", "cast": {"anna": {}}}, "cast.anna", "says nothing"),
    ({"input": "x", "cast": {"Narrator": {"voice": "low"}}}, "cast.Narrator", "send voice"),
    ({"input": "x", "cast": {"Anna": {"voice": "low"}, "anna": {"voice": "low"}}}, "cast.anna", "twice"),
    ({"input": "half \ud800"}, "input", "surrogate"),
    ({"input": "x", "webhook": {"url": "http://10.0.0.1/"}}, "webhook.url", ""),
    ([], "body", "object"),
])
def test_a_mistake_names_its_field_and_stores_nothing(shop: Shop, body: Any, param: str, said: str) -> None:
    before = list(shop.press.blobs.page("t/").objects)
    answer = shop.http.post(BOOKS, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param, answer.text
    assert said in answer.json()["error"]["message"]
    assert [each.key for each in shop.press.blobs.page("t/").objects] == [each.key for each in before]
    assert shop.http.get(BOOKS).json()["data"] == []


@pytest.mark.parametrize(("fields", "param", "said"), [
    ({"cast": "{"}, "cast", "not valid JSON"),
    ({"dry_run": "yes"}, "dry_run", "not valid JSON"),
    ({"seed": "NaN"}, "seed", "not valid JSON"),
    ({"lexicon": "[1,"}, "lexicon", "not valid JSON"), ({"lexicon": "a\tb\tc\td\te\n"}, "lexicon", "line 1: it has 5 columns"),
    ({"dry_run": "3"}, "dry_run", "bool"),
    ({"input": "x"}, "input", "file and input"),
    ({"colour": "red"}, "colour", "colour"),
])
def test_a_mistake_in_a_form_names_its_field(shop: Shop, fields: dict[str, str], param: str, said: str) -> None:
    answer = shop.http.post(BOOKS, files={"file": ("b.txt", b"It begins.")}, data=fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param, answer.text
    assert said in answer.json()["error"]["message"]


def test_a_form_without_a_book_is_refused(shop: Shop) -> None:
    refused(shop.http.post(BOOKS, files={"other": ("b.txt", b"It begins.")}), 400, "invalid_value", "send it as a field")
    refused(shop.http.post(BOOKS, files={"file": ("b.txt", b"")}), 400, "input_empty", "file is empty")
    refused(shop.http.post(BOOKS, files={"voice": (None, "low")}), 400, "missing_field", "file")
    refused(shop.http.post(BOOKS, files={"file": (None, "It begins.")}), 400, "invalid_value", "as a file")
    twice = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    refused(shop.http.post(BOOKS, files=twice), 400, "invalid_value", "twice")


@pytest.mark.parametrize(("kind", "content"), [
    ("multipart/form-data", b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nIt be"),
    ("multipart/form-data; boundary=x", b"no form at all"),
])
def test_a_form_that_is_none_is_refused(shop: Shop, kind: str, content: bytes) -> None:
    refused(shop.http.post(BOOKS, content=content, headers={"Content-Type": kind}), 400, "malformed_form")


def test_another_content_type_is_refused(shop: Shop) -> None:
    answer = shop.http.post(BOOKS, content=b"PK", headers={"Content-Type": "application/epub+zip"})
    refused(answer, 400, "unsupported_content_type")


def test_a_book_that_is_too_large_is_refused_however_it_comes(shop: Shop) -> None:
    refused(shop.http.post(BOOKS, files={"file": ("b.txt", b"a" * 100_001)}), 413, "body_too_large", "100,000")
    assert shop.http.post(BOOKS, files={"file": ("b.txt", b"a" * 100_000)}).status_code == 202
    fields = {"lexicon": "a" * 150_000, "cast": "b" * 60_000}
    refused(shop.http.post(BOOKS, files={"file": ("b.txt", b"a")}, data=fields), 413, "body_too_large", "200,000")
    refused(shop.http.post(BOOKS, json={"input": "a" * 300_000}), 413, "body_too_large")


def test_books_are_no_speech_jobs_and_speech_jobs_no_books(shop: Shop) -> None:
    book_id = shop.order()["id"]
    jobs = "/v1/audio/speech/jobs"
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/content")):
        refused(shop.http.request(method, f"{jobs}/{book_id}{path}"), 404, "job_not_found")
    assert shop.look(book_id)["status"] == "queued"
    job_id = shop.http.post(jobs, json={"input": "Hello."}).json()["id"]
    refused(shop.http.get(f"{BOOKS}/{job_id}"), 404, "book_not_found")
