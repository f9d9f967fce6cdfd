"""A book as JSON, for the way between two processes; the cover's bytes as base64."""

import base64
import json
from dataclasses import asdict, replace
from typing import Any

from worker.book.content import Book, Casting, Chapter, Cover, Matter, Metadata


def to_json(book: Book) -> str:
    """One line."""
    shown: dict[str, Any] = asdict(replace(book, cover=None))
    if book.cover is not None:
        shown["cover"] = {"image": base64.b64encode(book.cover.image).decode(), "content_type": book.cover.content_type}
    return json.dumps(shown, ensure_ascii=False)


def from_json(text: str | bytes) -> Book:
    shown = json.loads(text)
    cover, metadata = shown["cover"], shown["metadata"]
    return Book(
        metadata=Metadata(**{**metadata, "authors": tuple(metadata["authors"]), "subjects": tuple(metadata["subjects"])}),
        chapters=tuple(_chapter(chapter) for chapter in shown["chapters"]),
        cover=Cover(base64.b64decode(cover["image"]), cover["content_type"]) if cover else None,
        warnings=tuple(shown["warnings"]),
    )


def _chapter(shown: dict[str, Any]) -> Chapter:
    return Chapter(**{**shown, "matter": Matter(shown["matter"]), "castings": tuple(Casting(**casting)
                                                                                    for casting in shown["castings"])})
