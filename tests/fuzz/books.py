"""Files of books: EPUBs as every maker writes them, Markdown, plain text and JSON with chapters."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.books import all_samples
from tests.fuzz.mutations import mutated, mutated_zips
from tests.fuzz.target import Target
from worker.book.errors import BookUnreadable
from worker.book.read.book import read_book
from worker.book.read.wire import from_json, to_json

EPUBS = [{path: content if isinstance(content, bytes) else content.encode() for path, content in sample.files.items()}
         for sample in all_samples()]
TEXTS = (
    b"---\ntitle: Fables\nauthor: Aesop\nlanguage: en\n---\n\n# The Fox\n\nSour grapes. [voice: anna] \"Sour!\" [/voice]\n\n"
    b"## A part\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted[^1]\n\n[^1]: A note.\n\n"
    b"```\ncode\n```\n\n![a](b.png) *x* **y** `z` <b>w</b>\n",
    "CHAPTER I.\n\nDown the Rabbit-Hole\n\nAlice was very tired.\n\n\n\nCHAPTER II.\n\n第二章\n\n本文。\n".encode(),
    json.dumps({"title": "B", "authors": ["A"], "chapters": [{"title": "One", "text": "A.\n\nB."}, {"text": "2."}]}).encode())


def _read_as(name: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=name) as file:
            file.write(content)
            file.flush()
            book = read_book(Path(file.name), name)
        assert from_json(to_json(book).encode()) == book, "what was read does not survive the way out of its process"

    return read


TARGETS = (
    Target("epub", mutated_zips(EPUBS), _read_as("book.epub"), (BookUnreadable,), cost=5),
    Target("markdown", mutated(TEXTS), _read_as("book.md"), (BookUnreadable,), cost=2),
    Target("plain-text", mutated(TEXTS), _read_as("book.txt"), (BookUnreadable,), cost=2),
    Target("chapters-json", mutated(TEXTS[2:]), _read_as("book.json"), (BookUnreadable,), cost=2),
)
