"""A book, and what reading it must give."""

from dataclasses import dataclass

from tests.books.archive import epub_files, packed
from tests.books.package import Opf


@dataclass(frozen=True)
class Sample:
    """`chapters` are the titles and texts that are read out; `left_out` the titles, or parts of the texts, of what is listed
but not.
    `unsaid` are words that must be in no chapter that is read."""

    name: str
    files: dict[str, str | bytes]
    chapters: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    title: str = "A Book"
    authors: tuple[str, ...] = ("Ann Author",)
    language: str = "en"
    has_cover: bool = False
    warnings: tuple[str, ...] = ()          # how each begins

    @property
    def data(self) -> bytes:
        return packed(self.files)


def files_of(package_path: str, opf: Opf, files: dict[str, str | bytes]) -> dict[str, str | bytes]:
    return epub_files(package_path, opf.text(), files)
