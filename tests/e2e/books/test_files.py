"""…/content of a book and of its chapters, and what a chapter was cut into."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from speechmill.blobs.folder import FolderBlobs
from speechmill.store.client import Policy, Store
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from tests.e2e.books.conftest import BOOKS, Shop, refused
from tests.e2e.books.press import Press
from tests.e2e.stack import running_stack
from tests.e2e.test_speech import publish_catalogue


def content(shop: Shop, path: str, name: str = "") -> httpx.Response:
    return shop.http.get(f"{BOOKS}/{path}/content", params={"format": name} if name else {}, follow_redirects=True)


def expire(shop: Shop, book_id: str) -> None:
    shop.press.mill.store.redis.hset(f"{KEY_PREFIX}job:{book_id}", "expires", 1)


def test_files_are_a_redirect_to_a_url_that_needs_no_key(shop: Shop) -> None:
    book_id = shop.made()
    redirect = shop.http.get(f"{BOOKS}/{book_id}/content")
    assert redirect.status_code == 302
    whole = httpx.get(redirect.headers["location"])
    assert (whole.content, whole.headers["content-type"]) == (f"{book_id} as m4b".encode(), "audio/mp4")
    assert f"{book_id}.m4b" in whole.headers["content-disposition"]
    for name, saved in (("vtt", f"{book_id}.vtt"), ("manifest", f"{book_id}.json"), ("report", f"{book_id}.report.json")):
        answer = content(shop, book_id, name)
        assert answer.content == f"{book_id} as {name}".encode()
        assert saved in answer.headers["content-disposition"]
    assert shop.http.head(f"{BOOKS}/{book_id}/content").status_code == 302


def test_a_format_that_was_not_asked_for_is_404_and_those_there_are_are_named(shop: Shop) -> None:
    book_id = shop.made(formats=["m4b", "epub"])
    refused(content(shop, book_id, "mp3"), 404, "format_not_found", "m4b, epub, vtt")
    refused(content(shop, book_id, "../x"), 404, "format_not_found")
    refused(content(shop, book_id, "epub"), 404, "format_not_found", "epub")
    refused(content(shop, f"{book_id}/chapters/2", "mp3"), 404, "format_not_found", "m4a")
    refused(content(shop, f"{book_id}/chapters/2", "part.m4a"), 404, "format_not_found", "m4a")


def test_a_chapter_is_there_as_soon_as_it_is_joined(shop: Shop) -> None:
    book_id = shop.order()["id"]
    refused(content(shop, f"{book_id}/chapters/2"), 409, "book_not_read")
    shop.press.read_book(window=1)
    refused(content(shop, f"{book_id}/chapters/2"), 409, "chapter_not_completed", "queued")
    shop.press.make_chapter()
    one = content(shop, f"{book_id}/chapters/2", "m4a")
    assert one.content == f"{book_id}.1 as m4a".encode()
    assert f"{book_id}-002.m4a" in one.headers["content-disposition"]
    refused(content(shop, f"{book_id}/chapters/3"), 409, "chapter_not_completed")
    refused(content(shop, book_id), 409, "book_not_completed", "in_progress")


@pytest.mark.parametrize(("number", "code", "said"), [
    ("1", "chapter_left_out", "a copyright page"), ("4", "chapter_not_found", "3"), ("0", "chapter_not_found", "3"),
    ("two", "chapter_not_found", "two"), ("02", "chapter_not_found", "02")])
def test_a_chapter_that_is_left_out_or_not_there_is_404(shop: Shop, number: str, code: str, said: str) -> None:
    book_id = shop.made()
    refused(content(shop, f"{book_id}/chapters/{number}"), 404, code, said)
    refused(shop.http.get(f"{BOOKS}/{book_id}/chapters/{number}/segments"), 404, code, said)


def test_files_that_have_expired_are_gone(shop: Shop) -> None:
    book_id = shop.made()
    expire(shop, book_id)
    refused(content(shop, book_id), 410, "content_expired")
    refused(content(shop, f"{book_id}/chapters/2"), 410, "content_expired")
    refused(shop.http.get(f"{BOOKS}/{book_id}/chapters/2/segments"), 410, "content_expired")
    book = shop.look(book_id)
    assert {file["url"] for file in book["output"].values()} == {None}
    assert [chapter["files"] for chapter in book["chapters"]] == [{}, {}, {}]


def test_segments_say_how_they_fared_before_and_after_the_chapter_is_joined(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.read_book(window=1)
    url = f"{BOOKS}/{book_id}/chapters/2/segments"
    assert shop.http.get(url).json()["data"] == []
    shop.press.plan_chapter()
    shop.press.speak()
    spoken, waiting = shop.http.get(url).json()["data"]
    assert (spoken["object"], spoken["segment"], spoken["status"], spoken["span"]) == (
        "audio.book.segment", 0, "completed", [0, 500])
    assert (spoken["text"], spoken["attempts"], spoken["cached"], spoken["flags"]) == (
        "It begins in nineteen ninety.", 1, False, [])
    assert (waiting["status"], waiting["speaker"], waiting["start_seconds"]) == ("queued", "anna", None)
    assert spoken["regenerate_url"].endswith(f"{url}/0/regenerate")

    shop.press.speak_in_vain()
    shop.press.join()
    page = shop.http.get(url, params={"after": 0, "limit": 1}).json()
    (failed,) = page["data"]
    assert (failed["status"], failed["flags"], failed["error"]["code"]) == ("failed", ["failed"], "voice_failed")
    assert (failed["start_seconds"], failed["end_seconds"], failed["speaker"]) == (3.0, 5.0, "anna")
    assert (page["has_more"], page["last_id"]) == (False, 1)
    assert shop.look(book_id)["chapters"][1]["segments"]["flagged"] == 1
    assert refused(shop.http.get(url, params={"limit": "0"}), 400, "invalid_value")["param"] == "limit"


@pytest.fixture
def proxying(tmp_path: Path) -> Iterator[Shop]:
    """A producer that hands out the bytes itself."""
    with running_stack(tmp_path / "proxy", workers=False, BLOBS__DELIVERY="proxy") as running:
        publish_catalogue(running)
        blobs = FolderBlobs(running.folder / "objects", running.environment["SPEECHMILL_BLOBS__URL_SECRET"])
        with redis.Redis.from_url(running.redis.url, decode_responses=True) as client, running.http as http:
            yield Shop(running, http, Press(Mill(Store(client, Policy())), blobs))


def test_a_producer_that_proxies_answers_with_the_bytes_and_with_ranges_of_them(proxying: Shop) -> None:
    book_id = proxying.made()
    url = f"{BOOKS}/{book_id}/content"
    whole = proxying.http.get(url, params={"format": "m4b"})
    assert (whole.status_code, whole.content) == (200, f"{book_id} as m4b".encode())
    assert proxying.http.get(url, headers={"Range": "bytes=0-3"}).content == b"book"
    chapter = proxying.http.get(f"{BOOKS}/{book_id}/chapters/3/content")
    assert (chapter.status_code, chapter.content) == (200, f"{book_id}.2 as m4a".encode())
