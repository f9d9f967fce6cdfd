"""A chapter before it is known whether it belongs to the book's body."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from worker.book.errors import BookUnreadable
from worker.book.read.casting import CastText, cast
from worker.book.read.characters import one_line
from worker.book.read.limits import TITLE_CHARACTERS


@dataclass(frozen=True, slots=True)
class Draft:
    title: str
    text: str
    source: str
    kinds: frozenset[str] = frozenset()     # what the book itself calls it: epub:type, role, landmarks, guide
    linked: float = 0.0                     # share of its characters that are links
    aside: bool = False                     # the book keeps it out of its reading order
    named: bool = True                      # by a table of contents, or by a heading

    @property
    def words(self) -> int:
        return len(self.text.split())


def cast_drafts(drafts: Iterable[Draft]) -> list[tuple[Draft, CastText]]:
    """Each with its text without casting tags; those that were nothing else are gone, and a title that was is the first line.
Raises
    BookUnreadable for a malformed tag, and where no text is left at all."""
    takes = []
    for draft in drafts:
        spoken = cast(draft.text, f"{draft.title!r} ({draft.source})")
        if spoken.text:
            title = draft.title or one_line(spoken.text.split("\n", 1)[0])[:TITLE_CHARACTERS]
            takes.append((replace(draft, title=title), spoken))
    if not takes:
        raise BookUnreadable("The file is empty: there is nothing in it that could be spoken. At least one word would be right.")
    return takes
