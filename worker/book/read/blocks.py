"""A page or a Markdown file as a list of blocks, and how they become a chapter's text."""

from collections.abc import Iterable
from dataclasses import dataclass

PARAGRAPH = "\n\n"
SECTION = "\n\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a table's row, an item of a list; or, without text, what only sets two of them apart."""

    text: str
    level: int = 0                          # of a heading, 1 to 6; 0 is no heading
    sets_apart: bool = False                # a section ends before it
    kinds: frozenset[str] = frozenset()     # epub:type and role of all that it lies in
    linked: int = 0                         # characters of it that are links


def compose(blocks: Iterable[Block]) -> str:
    """Their text as content.Chapter wants it: a blank line ends a paragraph, two end a section and follow a heading. Headings
    that follow each other ("Chapter 1", "The Sea") are one section."""
    text = ""
    before: Block | None = None
    apart = False
    for block in blocks:
        apart = apart or block.sets_apart
        if not block.text:
            continue
        if before is not None:
            is_subtitle = before.level > 0 and block.level > before.level and not apart
            ends = not is_subtitle and (apart or block.level > 0 or before.level > 0)
            text += (SECTION if ends else PARAGRAPH)
        text += block.text
        before, apart = block, False
    return text
