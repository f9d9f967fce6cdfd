"""Dublin Core in a package document.

https://www.w3.org/TR/epub-33/#sec-pkg-metadata
"""

import re

from lxml import etree

from worker.book.content import Metadata
from worker.book.read.characters import one_line
from worker.book.read.epub.xml import attribute, local_name
from worker.book.read.limits import METADATA_CHARACTERS

_MARKUP = re.compile(r"<[^<>]{1,500}>")
_AUTHORS = ("", "aut")


def read_metadata(metadata: etree._Element, identifier_id: str) -> Metadata:
    refined = _refinements(metadata)
    dates = _all(metadata, "date")
    published = [date for date in dates if attribute(date, "event") == "publication"] or dates
    identifiers = _all(metadata, "identifier")
    identifier = [element for element in identifiers if attribute(element, "id") == identifier_id] or identifiers
    return Metadata(
        title=_title(_all(metadata, "title"), refined),
        authors=_authors(_all(metadata, "creator"), refined),
        language=_first(_all(metadata, "language")).replace("_", "-"),
        publisher=_first(_all(metadata, "publisher")),
        published=_first(published),
        description=one_line(_MARKUP.sub(" ", _first(_all(metadata, "description")))),
        identifier=_first(identifier),
        subjects=tuple(filter(None, map(_text, _all(metadata, "subject")))),
    )


def _all(metadata: etree._Element, name: str) -> list[etree._Element]:
    return [element for element in metadata.iter() if local_name(element) == name and not attribute(element, "refines")]


def _text(element: etree._Element) -> str:
    return one_line("".join(map(str, element.itertext()))[:METADATA_CHARACTERS])


def _first(elements: list[etree._Element]) -> str:
    return next(filter(None, map(_text, elements)), "")


def _refinements(metadata: etree._Element) -> dict[tuple[str, str], str]:
    """EPUB 3's <meta refines="#id" property="role">aut</meta>, by id and property."""
    return {(attribute(element, "refines").lstrip("#"), attribute(element, "property")): _text(element)
            for element in metadata.iter() if local_name(element) == "meta" and attribute(element, "refines")}


def _title(titles: list[etree._Element], refined: dict[tuple[str, str], str]) -> str:
    main = [title for title in titles if refined.get((attribute(title, "id"), "title-type")) == "main"]
    return _first(main or titles)


def _authors(creators: list[etree._Element], refined: dict[tuple[str, str], str]) -> tuple[str, ...]:
    """Who wrote it. Where nobody is said to be its author, all who made it."""
    roles = [refined.get((attribute(creator, "id"), "role"), attribute(creator, "role")) for creator in creators]
    names = list(map(_text, creators))
    authors = [name for name, role in zip(names, roles, strict=True) if name and role in _AUTHORS]
    return tuple(dict.fromkeys(authors or filter(None, names)))
