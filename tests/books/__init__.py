"""Small books as their makers would have written them, for tests: `all_samples` has one of each."""

from tests.books import (
    apple_pages,
    calibre,
    google_docs,
    gutenberg,
    indesign,
    japanese,
    kindlegen,
    pandoc,
    sigil,
    standard_ebooks,
    vellum,
)
from tests.books.sample import Sample

__all__ = ["Sample", "all_samples"]


def all_samples() -> list[Sample]:
    makers = (standard_ebooks, gutenberg, pandoc, calibre, indesign, sigil, google_docs, vellum, apple_pages, kindlegen, japanese)
    return [maker.sample() for maker in makers]
