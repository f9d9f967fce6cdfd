"""A book and its chapters, or the error that says why there is none."""

import re
import zlib
from dataclasses import dataclass

from producer.desk import Desk
from speechmill.book import ListedChapter
from speechmill.book_view import made_of
from speechmill.errors import Conflict, NotFound
from speechmill.job import Job
from speechmill.store import books, verbs
from speechmill.store.books import BookState, ChapterState


@dataclass(frozen=True)
class Found:
    """A book's own record, and what is in it."""

    book: Job
    state: BookState

    @property
    def tag(self) -> str:
        """Another one whenever anything of it has changed: a chapter's end changes no field of its book."""
        marks = [(made.status.value, made.progress, made.segments, made.completed, made.attempts) for made in self.state.chapters]
        return f"{self.book.version}-{zlib.crc32(repr(marks).encode()):08x}"


@dataclass(frozen=True)
class FoundChapter:
    """A chapter that is made. `job_id` is its own record's."""

    listed: ListedChapter
    made: ChapterState
    job_id: str


async def find_book(desk: Desk, book_id: str, tenant: str) -> Found:
    """Raises NotFound, also for another tenant's book."""
    if re.fullmatch(r"book_[0-9a-z]{1,64}", book_id):
        book = await desk.store.run(verbs.look(book_id, tenant))
        state = await desk.store.run(books.chapters(book_id, tenant))
        if book and state:
            return Found(book, state)
    raise book_not_found(book_id)


def book_not_found(book_id: str) -> NotFound:
    return NotFound(f"There is no book {book_id[:80]!r}.", param="id", code="book_not_found")


def find_chapter(found: Found, number: str) -> FoundChapter:
    """Chapter `number` of the book's list. Raises Conflict while the book has not been read, NotFound for one that is not there
    or is left out."""
    book, contents = found.book, found.state.contents
    if contents is None:
        if not book.ended:
            raise Conflict("The book has not been read yet; its chapters are listed when it was.", code="book_not_read",
                           job_id=book.id)
        raise NotFound("The book was never read: it has no chapters.", param="number", code="chapter_not_found")
    listed = next((listed for listed in contents.chapters if str(listed.number) == number), None)
    if listed is None:
        raise NotFound(f"There is no chapter {number[:40]!r}; this book has {len(contents.chapters)}, from 1.", param="number",
                       code="chapter_not_found")
    made = made_of(found.state, listed)
    if made is None:
        why = f"is left out ({listed.reason or 'it was not asked for'})" if not listed.track else "was only planned"
        raise NotFound(f"Chapter {number} {why}.", param="number", code="chapter_left_out")
    return FoundChapter(listed, made, f"{book.id}.{listed.track}")
