"""A chapter's first letter, set apart for its size, belongs to its word."""

from lxml import etree

from worker.book.read.epub.xml import local_name

_WORDS = frozenset("AEIOUYaeiouyÀÉÔÓÁÍÚ")
"""Letters that are words in one language or another: a space after them may be meant."""
_LONGEST = 2                # characters: a quotation mark, and a letter


def is_initial(element: etree._Element, classes: frozenset[str]) -> bool:
    """Whether it is the box around such a letter."""
    return any("drop" in each for each in classes) and len(element) == 0 and len((element.text or "").strip()) <= _LONGEST


def rejoined(element: etree._Element, classes: frozenset[str]) -> str | None:
    """What follows an element; after an initial, without the space that would cut its word in two."""
    tail = element.tail
    if not tail or not any("drop" in each or "initial" in each or "first-letter" in each for each in classes):
        return tail
    initial = "".join(map(str, element.itertext())).strip().lstrip("“\"'‘«„")
    if len(initial) == 1 and initial.isalpha() and initial not in _WORDS and tail.lstrip()[:1].isalpha():
        return tail.lstrip()
    return tail


def pictured(image: etree._Element) -> str:
    """A picture of a single letter that begins a word is that letter; any other stays silent."""
    letter, rest = image.get("alt", "").strip(), image.tail or ""
    return letter if local_name(image) == "img" and len(letter) == 1 and letter.isalpha() and rest[:1].isalpha() else ""
