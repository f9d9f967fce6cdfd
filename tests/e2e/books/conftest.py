"""A producer on a real Redis and a folder of objects, with no worker: tests do what workers would (press.py)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import redis

from speechmill.blobs.folder import FolderBlobs
from speechmill.store.client import Policy, Store
from tests.contract.store.conftest import Mill
from tests.e2e.books.press import Press
from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_speech import publish_catalogue

BOOKS = "/v1/audio/books"


@pytest.fixture(scope="package")
def producer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("books"), workers=False, LIMITS__BOOK_BYTES="100000",
                       LIMITS__BODY_BYTES="200000") as running:
        yield running


@dataclass
class Shop:
    """Where books are ordered (http) and made (press)."""

    stack: Stack
    http: httpx.Client
    press: Press

    def order(self, **body: Any) -> dict[str, Any]:
        answer = self.http.post(BOOKS, json={"input": "# One\n\nIt begins.", **body})
        assert answer.status_code == 202, answer.text
        book: dict[str, Any] = answer.json()
        return book

    def made(self, **body: Any) -> str:
        """The id of a book that was ordered and is completed."""
        book_id: str = self.order(**body)["id"]
        self.press.make_book()
        return book_id

    def look(self, book_id: str) -> dict[str, Any]:
        answer = self.http.get(f"{BOOKS}/{book_id}")
        assert answer.status_code == 200, answer.text
        book: dict[str, Any] = answer.json()
        return book

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.http.post(f"{BOOKS}/{path}", json=body, headers=headers)


@pytest.fixture
def shop(producer: Stack) -> Iterator[Shop]:
    """Empty, but for a catalogue."""
    producer.redis.flush()
    publish_catalogue(producer)
    blobs = FolderBlobs(producer.folder / "objects", producer.environment["SPEECHMILL_BLOBS__URL_SECRET"])
    with redis.Redis.from_url(producer.redis.url, decode_responses=True) as client, producer.http as http:
        yield Shop(producer, http, Press(Mill(Store(client, Policy())), blobs))


def refused(answer: httpx.Response, status: int, code: str, said: str = "") -> dict[str, Any]:
    """That an answer is this error; returns what it says."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code, error
    assert said in error["message"], error
    return error
