"""A small server that speaks /v1/audio/books. At each look a book is one chapter further, as long as `open_chapters` allows."""

import email
import email.policy
import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.unit.cli.http_server import Answer, Asked, problem, running_server

TITLES = ("Loomings", "The Carpet-Bag", "The Spouter-Inn")
BOOKS = "/v1/audio/books"


def sound_of(name: str) -> bytes:
    """What a file of the book holds."""
    return f"the sound of {name} ".encode() * 200


@dataclass
class Form:
    """What came with a POST."""

    key: str
    fields: dict[str, str]
    file_name: str
    content: bytes


@dataclass
class Book:
    id: str
    formats: list[str]
    dry_run: bool = False
    done: int = 0
    status: str = "queued"
    revision: int = 1
    revises: str | None = None


@dataclass
class BookServer:
    """`open_chapters`: how many may be done. `flagged`: (chapter, segment). `damages`: so many downloads arrive
    altered; `cuts`: so many of chapters end in the middle."""

    url: str = ""
    open_chapters: int = 9
    flagged: tuple[tuple[int, int], ...] = ()
    damages: int = 0
    cuts: int = 0
    fails_with: str = ""
    forms: list[Form] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    books: dict[str, Book] = field(default_factory=dict)
    by_key: dict[str, Book] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Answer:
        path, _, query = asked.path.partition("?")
        if path == "/readyz":
            return Answer(200, {"status": "ready", "checks": {}, "models": []})
        if path == BOOKS:
            return self._create(asked) if asked.method == "POST" else self._list()
        book_id, _, rest = path.removeprefix(BOOKS + "/").partition("/")
        if book_id not in self.books:
            return problem(404, f"There is no book {book_id}.")
        return self._of(self.books[book_id], asked, rest, query)

    def paths(self, method: str) -> list[str]:
        return [asked.path.partition("?")[0] for asked in self.asked if asked.method == method]

    def _of(self, book: Book, asked: Asked, rest: str, query: str) -> Answer:
        if rest.endswith("content"):
            return self._content(f"{rest.removesuffix('content')}{query.removeprefix('format=')}")
        if rest == "":
            return self._look(book, asked)
        if rest in ("cancel", "retry"):
            book.status = "cancelled" if rest == "cancel" else "queued"
            return Answer(200, self.view(book))
        if rest.endswith("/segments"):
            return self._segments(int(rest.split("/")[1]))
        if rest == "rerender" or rest.endswith("/regenerate"):
            return Answer(202, self.view(self._new(formats=book.formats, revision=book.revision + 1, revises=book.id)))
        return problem(404, "There is nothing here.")

    def _create(self, asked: Asked) -> Answer:
        form = _form(asked)
        self.forms.append(form)
        if form.fields.get("voice") == "nobody":
            return problem(400, "Unknown voice 'nobody'. It has: alloy.")
        known = self.by_key.get(form.key)
        book = known or self._new(formats=json.loads(form.fields.get("formats", '["m4b"]')), dry_run="dry_run" in form.fields)
        self.by_key[form.key] = book
        return Answer(202, self.view(book), {"idempotent-replayed": "true"} if known else {})

    def _new(self, **fields: Any) -> Book:
        book = Book(f"book_{len(self.books) + 1}", **fields)
        self.books[book.id] = book
        return book

    def _list(self) -> Answer:
        return Answer(200, {"data": [self.view(book) for book in self.books.values()], "has_more": True, "last_id": "book_1"})

    def _look(self, book: Book, asked: Asked) -> Answer:
        if "prefer" in asked.headers and book.status not in ("cancelled", "failed", "completed"):
            self._advance(book)
        etag = f'"{book.status}-{book.done}"'
        if asked.headers.get("if-none-match") == etag:
            time.sleep(0.05)
            return Answer(304, b"", {"etag": etag})
        return Answer(200, self.view(book), {"etag": etag})

    def _advance(self, book: Book) -> None:
        if self.fails_with:
            book.status = "failed"
        elif book.dry_run or book.done == len(TITLES):
            book.status = "completed"
        else:
            book.status = "in_progress"
            book.done = min(book.done + 1, self.open_chapters)

    def _content(self, name: str) -> Answer:
        if self.cuts and name.startswith("chapters/"):
            self.cuts -= 1
            return Answer(200, b"no", {"content-length": "2000", "connection": "close"})
        if self.damages:
            self.damages -= 1
            return Answer(200, b"noise")
        return Answer(200, sound_of(name))

    def _segments(self, chapter: int) -> Answer:
        return Answer(200, {"has_more": False, "last_id": 3, "data": [
            {"segment": n, "text": f"Call me {n}.", "start_seconds": 65.0, "status": "completed", "error": None,
             "flags": ["too_long"] if (chapter, n) in self.flagged else []} for n in range(4)]})

    def view(self, book: Book) -> dict[str, Any]:
        """The book object."""
        ended = book.status == "completed"
        output = {format: {"url": "http://127.0.0.1/x", "bytes": 1, "content_type": "audio/x",
                           "sha256": hashlib.sha256(sound_of(format)).hexdigest()} for format in book.formats}
        chapters = [self._chapter(book, number, title) for number, title in enumerate(TITLES, 2)]
        left_out = {**self._chapter(book, 1, "Etymology"), "matter": "front", "included": False,
                    "reason": "marked as front matter", "status": None, "files": {}, "duration_seconds": None,
                    "segments": {"total": 0, "completed": 0, "flagged": 0, "cached": 0}}
        return {"id": book.id, "object": "audio.book", "status": book.status, "progress": 100 if ended else 33 * book.done,
                "model": "tone", "voice": "middle", "language": "en", "title": "The Whale", "authors": ["Herman Melville"],
                "formats": book.formats, "loudness": "default", "dry_run": book.dry_run,
                "created_at": 1_750_000_000, "characters": 300, "words": 60,
                "estimated_seconds": 7_300.0, "eta_seconds": 200.0, "revision": book.revision, "revises": book.revises,
                "cached_share": 0.25, "retries": 1, "warnings": ["plate.jpg could not be read."],
                "chapters": [left_out, *chapters],
                "output": output if ended else None, "error": {"message": self.fails_with} if book.status == "failed" else None}

    def _chapter(self, book: Book, number: int, title: str) -> dict[str, Any]:
        done, total = number - 1 <= book.done, 4
        under_way = number - 2 == book.done and book.status == "in_progress"
        format = "m4a" if book.formats[0] == "m4b" else book.formats[0]
        segments = {"total": total, "completed": total if done else 0, "cached": 1,
                    "flagged": sum(number == flagged for flagged, _ in self.flagged)}
        return {"number": number, "title": title, "matter": "body", "included": True, "reason": "", "source": "",
                "status": "completed" if done else "in_progress" if under_way else "queued", "progress": 100 if done else 0,
                "words": 20, "characters": 100, "segments": segments, "estimated_seconds": 90.0,
                "duration_seconds": 91.0 if done else None,
                "files": {format: f"{BOOKS}/{book.id}/chapters/{number}/content?format={format}"} if done else {}}


@contextmanager
def running_book_server(**behaviour: Any) -> Iterator[BookServer]:
    books = BookServer(**behaviour)
    with running_server(books.answer) as server:
        books.url, books.asked = server.url, server.asked
        yield books


def _form(asked: Asked) -> Form:
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + asked.body, policy=email.policy.HTTP)
    fields, name, content = {}, "", b""
    for part in message.iter_parts():
        disposition = part["content-disposition"]
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        if disposition.params["name"] == "file":
            name, content = disposition.params["filename"], payload
        else:
            assert re.fullmatch(r"[a-z_]+", disposition.params["name"])
            fields[disposition.params["name"]] = payload.decode()
    return Form(asked.headers.get("idempotency-key", ""), fields, name, content)
