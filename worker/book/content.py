"""What a book is once it was read: chapters of plain text, who speaks where, and what its cover says."""

from dataclasses import dataclass
from enum import StrEnum


class Matter(StrEnum):
    """Which part of a book a chapter belongs to."""

    FRONT = "front"   # title page, copyright, dedication, table of contents …
    BODY = "body"
    BACK = "back"     # notes, index, about the author, adverts …


@dataclass(frozen=True)
class Casting:
    """text[start:end] of a chapter is spoken by `speaker`: the label of a tag such as `[voice: anna]`. What no casting covers
    is the narrator's."""

    start: int
    end: int
    speaker: str


@dataclass(frozen=True)
class Chapter:
    """A chapter as it will be spoken. `text` is NFC; a blank line ends a paragraph, two end a section; its heading, where it has
    one, is the first paragraph and ends a section too. `castings` are in order and do not overlap."""

    title: str
    text: str
    source: str = ""                    # where it comes from: "OEBPS/ch1.xhtml#part2", "lines 10-200", "chapters[3]"
    matter: Matter = Matter.BODY
    include: bool = True
    reason: str = ""                    # why it is left out, or thought to be front or back matter
    castings: tuple[Casting, ...] = ()

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(frozen=True)
class Metadata:
    """As Dublin Core has it. Empty where the book does not say."""

    title: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""                  # BCP 47
    publisher: str = ""
    published: str = ""                 # as it stands there: "1813", "1813-01-28"
    description: str = ""
    identifier: str = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cover:
    image: bytes
    content_type: str                   # image/jpeg or image/png


@dataclass(frozen=True)
class Book:
    metadata: Metadata
    chapters: tuple[Chapter, ...]
    cover: Cover | None = None
    warnings: tuple[str, ...] = ()      # what could not be read and was left out; each names its part
