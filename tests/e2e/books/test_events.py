"""Webhooks of a book: what is told of it, and of each chapter as it is done."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks

from speechmill.book import Contents, ListedChapter
from speechmill.webhook import MAX_BODY_BYTES
from tests.e2e.books.conftest import BOOKS, Shop
from tests.e2e.stack import SECRET
from tests.e2e.test_dead_webhooks import Endpoint
from tests.e2e.worker_process import until


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    it = Endpoint()
    it.start()
    yield it
    it.stop()


def delivered(shop: Shop, endpoint: Endpoint, n: int) -> dict[str, dict[str, Any]]:
    """Events by type, and of chapters by type and number, once `n` have come from a cpu worker."""
    worker = shop.stack.start("cpu", "worker", "cpu")
    try:
        until(lambda: len(endpoint.received) >= n, shop.stack.logs())
    finally:
        worker.stop()
    events = {}
    for headers, body in endpoint.received:
        assert len(body) <= MAX_BODY_BYTES
        event = standardwebhooks.Webhook(SECRET).verify(body, headers)
        number = event["data"].get("chapter", {}).get("number")
        events[event["type"] + (f"/{number}" if number else "")] = event["data"]
    return events


def test_a_client_is_told_of_each_chapter_and_of_the_end(shop: Shop, endpoint: Endpoint) -> None:
    book_id = shop.made(webhook={"url": endpoint.url}, metadata={"shelf": "3"})
    events = delivered(shop, endpoint, 3)
    assert set(events) == {"book.chapter.completed/2", "book.chapter.completed/3", "book.completed"}

    chapter = events["book.chapter.completed/3"]
    assert (chapter["book"], chapter["title"], chapter["metadata"]) == (book_id, "A Book", {"shelf": "3"})
    assert (chapter["chapter"]["title"], chapter["chapter"]["status"]) == ("Chapter Two", "completed")
    assert shop.http.get(chapter["chapter"]["files"]["m4a"]).status_code == 302

    book = events["book.completed"]
    assert (book["id"], book["object"], book["status"]) == (book_id, "audio.book", "completed")
    assert [each["number"] for each in book["chapters"]] == [1, 2, 3]
    assert shop.http.get(book["output"]["m4b"]["url"]).status_code == 200


def test_an_event_is_never_too_long_for_a_receiver_whatever_the_book_holds(shop: Shop, endpoint: Endpoint) -> None:
    words = "世界" * 100
    chapters = tuple(ListedChapter(number=n, title=words, matter="front", reason=words) for n in range(1, 301))
    contents = Contents(title=words * 10, authors=(words,) * 100, warnings=(words,) * 100, chapters=chapters)
    book_id = shop.order(dry_run=True, webhook={"url": endpoint.url})["id"]
    shop.press.read_book(contents)
    book = delivered(shop, endpoint, 1)["book.completed"]
    assert (book["id"], book["chapters"], book["chapters_omitted"], book["warnings_omitted"]) == (book_id, [], True, True)
    assert len(json.loads(shop.http.get(f"{BOOKS}/{book_id}").content)["chapters"]) == 300
