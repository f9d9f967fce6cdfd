"""/v1/audio/books, as the commands use it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from speechmill.cli.api import Api, JobView
from speechmill.cli.book.order import Order
from speechmill.cli.exits import Exit, Failure

BOOKS = "/v1/audio/books"
BookView = JobView
"""A book object, as the server sends it."""

UPLOAD = httpx.Timeout(300, connect=5)
"""A book is stored before it is accepted: that takes the server its time, too."""


@dataclass(frozen=True)
class Sent:
    """A book that the server has; `before`: it had it already."""

    book: BookView
    before: bool


class BookApi(Api):
    collection = BOOKS

    def answers(self) -> bool:
        """Whether a speechmill that takes jobs is there."""
        try:
            return "checks" in self._json("GET", "/readyz", timeout=httpx.Timeout(5))
        except Failure:
            return False

    def send(self, order: Order, key: str) -> Sent:
        """Submit a book. The same idempotency `key` gives the same book again."""
        try:
            with order.file.open("rb") as content:
                answer = self._answer("POST", BOOKS, data=order.fields, files={"file": (order.file.name, content)},
                                      headers={"Idempotency-Key": key}, timeout=UPLOAD)
        except OSError as error:
            raise Failure(f"{order.file} cannot be read: {error.strerror}.", Exit.USAGE) from None
        return Sent(answer.json(), before=answer.headers.get("idempotent-replayed") == "true")

    def regenerate(self, book_id: str, chapter: int, segment: int) -> BookView:
        """A new revision of the book, in which this segment sounds otherwise."""
        return self._json("POST", f"{self._path(book_id)}/chapters/{chapter}/segments/{segment}/regenerate")

    def rerender(self, book_id: str, changes: dict[str, Any]) -> BookView:
        """A new revision of the book."""
        return self._json("POST", f"{self._path(book_id)}/rerender", json=changes)

    def segments(self, book_id: str, chapter: int) -> Iterator[dict[str, Any]]:
        """Every segment of a chapter, in order."""
        after: dict[str, int] = {}
        while True:
            page = self._json("GET", f"{self._path(book_id)}/chapters/{chapter}/segments", params={"limit": 1000, **after})
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"after": page["last_id"]}

    def save_book(self, book: BookView, format: str, target: Path) -> None:
        """One of the files of a completed book."""
        sha256 = (book["output"] or {}).get(format, {}).get("sha256", "")
        self.save(f"{self._path(book['id'])}/content?format={format}", target, sha256=sha256)

    def save_chapter(self, book_id: str, chapter: int, format: str, target: Path) -> None:
        """A chapter that is done."""
        self.save(f"{self._path(book_id)}/chapters/{chapter}/content?format={format}", target)
