"""The title of a chapter whose text was changed: what is spoken as its heading, so that a list shows what is heard."""

from itertools import islice

from worker.book.read.characters import one_line
from worker.book.read.headings import LONGEST, joined
from worker.book.read.limits import TITLE_CHARACTERS
from worker.text.paragraphs import paragraphs
from worker.text.piece import Boundary

_MOST_LINES = 4             # of a heading: "Part One", "Chapter 1", "The Sea"
_APART = (Boundary.END, Boundary.PARAGRAPH, Boundary.SECTION)
_ENDS_OF_SENTENCES = ".!?…,;:。！？，；：\"'”’»」』)"


def retitled(title: str, before: str, now: str) -> str:
    """`title`, unless the text `before` began with it and the text `now` begins with another heading: at most as many short
    paragraphs, which stand apart from what follows as the old ones did, or do not end as sentences do."""
    was = _beginning(before)
    n_lines = next((n for n in range(1, len(was) + 1) if _alike(_said(was[:n]), title)), 0)
    if not n_lines:
        return title        # it is not spoken: a table of contents or the client has named the chapter
    heading = _beginning(now)[:n_lines]
    apart = next((n for n, (_, boundary) in enumerate(heading, 1) if boundary is Boundary.SECTION), n_lines)
    heading = heading[:apart]
    if _said(heading) == _said(was[:n_lines]) or not _is_heading(heading, was[n_lines - 1][1]):
        return title
    return _said(heading)[:TITLE_CHARACTERS]


def _is_heading(lines: list[tuple[str, Boundary]], was_apart: Boundary) -> bool:
    if not lines or any(len(text) > LONGEST for text, _ in lines):
        return False
    text, boundary = lines[-1]
    if _APART.index(boundary) >= _APART.index(was_apart):
        return True
    return boundary is not Boundary.END and text[-1] not in _ENDS_OF_SENTENCES


def _beginning(text: str) -> list[tuple[str, Boundary]]:
    """Its first paragraphs, and what follows each."""
    return [(one_line(text[each.start:each.end]), each.boundary) for each in islice(paragraphs(text), _MOST_LINES)]


def _said(lines: list[tuple[str, Boundary]]) -> str:
    return joined([text for text, _ in lines])


def _alike(heading: str, title: str) -> bool:
    """"CHAPTER 1" and "Chapter 1.": whoever made the table of contents need not have copied the heading."""
    one, other = ("".join(filter(str.isalnum, text.casefold())) for text in (heading, title))
    return bool(one) and one == other
