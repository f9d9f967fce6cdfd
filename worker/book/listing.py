"""Which chapters of a book are made, and how the book lists all of them."""

from collections.abc import Sequence

from speechmill.book import Contents, ListedChapter
from speechmill.errors import InvalidRequest
from speechmill.request import has_cjk, is_speakable
from worker.book.content import Book, Chapter

_SECONDS_A_CHARACTER = 1 / 14.6
"""Of English prose read aloud: 600,000 characters are 11.4 hours."""
_SECONDS_A_CHARACTER_CJK = 1 / 4.5


def list_contents(book: Book, include: Sequence[tuple[int, int]], *, cover_key: str = "",
                  lexicon_key: str = "") -> Contents:
    """`include` are numbers from … to …; without any, what the book itself includes. Raises InvalidRequest where it names a
    chapter that is not there, or nothing is left to speak."""
    numbers = _included(book, include)
    listed = []
    track = 0
    for number, chapter in enumerate(book.chapters, 1):
        is_made = number in numbers and any(map(is_speakable, chapter.text))
        track += is_made
        listed.append(ListedChapter(
            number=number, title=chapter.title, matter=chapter.matter.value, reason=_reason(chapter, number in numbers, is_made),
            source=chapter.source, track=track if is_made else 0, words=chapter.words, characters=len(chapter.text),
            seconds=round(estimated_s(chapter.text), 1)))
    if not track:
        raise InvalidRequest("No chapter of this book has anything to speak: name others with include.", param="include")
    made = [chapter for chapter in listed if chapter.track]
    about = book.metadata
    return Contents(
        title=about.title, authors=about.authors, language=about.language, publisher=about.publisher, published=about.published,
        description=about.description, identifier=about.identifier, subjects=about.subjects, cover_key=cover_key,
        lexicon_key=lexicon_key, chapters=tuple(listed),
        warnings=book.warnings, characters=sum(chapter.characters for chapter in made),
        words=sum(chapter.words for chapter in made), seconds=round(sum(chapter.seconds for chapter in made), 1))


def estimated_s(text: str) -> float:
    """How long a text takes to read aloud, pauses included, seconds; a guess by its length."""
    return len(text) * (_SECONDS_A_CHARACTER_CJK if has_cjk(text[:2000]) else _SECONDS_A_CHARACTER)


def _included(book: Book, include: Sequence[tuple[int, int]]) -> set[int]:
    n_chapters = len(book.chapters)
    if not include:
        return {number for number, chapter in enumerate(book.chapters, 1) if chapter.include}
    numbers: set[int] = set()
    for first, last in include:
        if last > n_chapters:
            raise InvalidRequest(f"include names chapter {last}; this book has {n_chapters}.", param="include")
        numbers |= {*range(first, last + 1)}
    return numbers


def _reason(chapter: Chapter, is_wanted: bool, is_made: bool) -> str:
    if is_made:
        return ""
    if is_wanted:
        return "there is nothing in it to speak"
    return chapter.reason if not chapter.include else "it was not asked for"
