"""A book that is to be spoken, as it is stored: what was asked for (`BookSpec` and `Order`), what was found in it (`Contents`),
and what each of its chapters is asked to be. What a client may send is book_request.py's business.
"""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from speechmill.request import ReferenceSpec, SpeechSpec

BookFormat = Literal["m4b", "mp3", "opus", "flac", "wav", "epub"]
BOOK_FORMATS: tuple[BookFormat, ...] = get_args(BookFormat)
Loudness = Literal["default", "acx", "none"]

Entries = dict[str, str] | list[dict[str, Any]]
"""Of a lexicon: how words are said."""


class CastVoice(BaseModel):
    model_config = ConfigDict(frozen=True)

    voice: str
    instructions: str = ""
    reference: ReferenceSpec | None = None


class Source(BaseModel):
    """The file that a book is read from. It lies in storage under its SHA-256."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    name: str
    bytes: int


class BookSpec(SpeechSpec):
    """A validated request for a book; what it says of the voice is the narrator's."""

    kind: Literal["book"] = "book"
    source: Source
    title: str = ""                       # instead of the file's own
    author: str = ""
    include: tuple[tuple[int, int], ...] = ()   # chapters from … to …; those of the body where there are none
    cast: dict[str, CastVoice] = Field(default_factory=dict)
    formats: tuple[BookFormat, ...] = ("m4b",)
    loudness: Loudness = "default"
    dry_run: bool = False
    revision: int = 1
    revises: str = ""                     # the book that this one is a new revision of
    languages: tuple[str, ...] = ()       # those of the model: the book's own is taken where the client names none

    @property
    def own_voices(self) -> tuple[str, ...]:
        references = (self.reference, *(member.reference for member in self.cast.values()))
        return tuple(sorted({reference.voice_id for reference in references if reference and reference.voice_id}))


class ChapterSpec(SpeechSpec):
    """A chapter of a book: what its steps need to know."""

    kind: Literal["chapter"] = "chapter"
    number: int                           # among all chapters of the book, from 1
    track: int                            # among those that are made, from 1
    tracks: int
    title: str
    book_title: str = ""
    book_author: str = ""
    cast: dict[str, CastVoice] = Field(default_factory=dict)
    formats: tuple[BookFormat, ...] = ("m4b",)
    loudness: Loudness = "default"
    lexicon_key: str = ""                 # the object that holds the book's lexicon, where it has one
    cover_key: str = ""
    previous: str = ""                    # the same chapter of the revision before, a job's id
    again: dict[str, int] = Field(default_factory=dict)   # segment (segment_names.py) -> a number that makes it sound otherwise


class Order(BaseModel):
    """What of a request for a book may be long: it lies with the job's input."""

    model_config = ConfigDict(frozen=True)

    lexicon: Entries = {}
    lexicon_file: str = ""                        # instead: a table or a PLS, as it came
    edits: dict[int, str] = {}                    # chapter -> its new text
    again: dict[int, dict[str, int]] = {}         # chapter -> segment (segment_names.py) -> nonce


class ListedChapter(BaseModel):
    """A chapter as the book lists it. `track`: which of the chapters that are made it is, from 1; 0 where it is left out."""

    model_config = ConfigDict(frozen=True)

    number: int
    title: str
    matter: Literal["front", "body", "back"]
    reason: str = ""
    source: str = ""
    track: int = 0
    words: int = 0
    characters: int = 0
    segments: int | None = None           # known after a dry run
    seconds: float = 0.0                  # estimated


class Contents(BaseModel):
    """What a book holds, once it was read. `characters`, `words` and `seconds` are those of the chapters that are made."""

    model_config = ConfigDict(frozen=True)

    title: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    publisher: str = ""
    published: str = ""
    description: str = ""
    identifier: str = ""
    subjects: tuple[str, ...] = ()
    cover_key: str = ""
    lexicon_key: str = ""
    chapters: tuple[ListedChapter, ...] = ()
    warnings: tuple[str, ...] = ()
    characters: int = 0
    words: int = 0
    seconds: float = 0.0
