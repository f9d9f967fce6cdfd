"""Tables of contents: EPUB 3's nav and EPUB 2's NCX; and the landmarks, which say what some pages are.

https://www.w3.org/TR/epub-33/#sec-nav, https://idpf.org/epub/20/spec/OPF_2.0.1_draft.htm#Section2.4.1
"""

from dataclasses import dataclass

from lxml import etree

from worker.book.errors import BookUnreadable
from worker.book.read.characters import one_line
from worker.book.read.epub.archive import Archive, resolved
from worker.book.read.epub.package import Package
from worker.book.read.epub.xml import attribute, local_name, parse_page, parse_xml
from worker.book.read.limits import CHAPTERS, DEPTH, TITLE_CHARACTERS

_BODY_TERMS = frozenset(["bodymatter", "text", "start"])
"""Landmarks that say "begin here": books put them on covers, too, so they prove nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents. `path` is an entry of the zip, empty for a line that links to nothing."""

    title: str
    path: str
    fragment: str
    depth: int


@dataclass(frozen=True, slots=True)
class Contents:
    """`terms` says what pages are called by landmarks or the guide: by path."""

    entries: tuple[Entry, ...]
    terms: dict[str, frozenset[str]]
    warnings: tuple[str, ...] = ()


def read_contents(archive: Archive, package: Package) -> Contents:
    """The nav's entries, or those of the NCX where it has more than one more to say. A broken one is a warning, not the end."""
    warnings: list[str] = []
    entries: list[Entry] = []
    terms: dict[str, set[str]] = {}
    for term, path in package.guide:
        terms.setdefault(path, set()).add(term.removeprefix("other."))
    if package.nav:
        try:
            nav, _ = parse_page(archive.read(package.nav), package.nav)
            entries = _nav_entries(nav, package.nav, archive)
            for term, path in _landmarks(nav, package.nav, archive):
                terms.setdefault(path, set()).add(term)
        except BookUnreadable as error:
            warnings.append(f"The table of contents can't be read: {error.message}")
    if package.ncx and len({(entry.path, entry.fragment) for entry in entries}) <= 1:
        try:
            ncx_entries = _ncx_entries(parse_xml(archive.read(package.ncx), package.ncx), package.ncx, archive)
            entries = ncx_entries if len(ncx_entries) > len(entries) else entries
        except BookUnreadable as error:
            warnings.append(f"The table of contents can't be read: {error.message}")
    if len(entries) > CHAPTERS:
        raise BookUnreadable(f"The table of contents has {len(entries)} lines; {CHAPTERS} are the most that a book may have.",
                             package.nav or package.ncx)
    return Contents(tuple(entries), {path: frozenset(found - _BODY_TERMS) for path, found in terms.items()}, tuple(warnings))


def _nav_entries(root: etree._Element, base: str, archive: Archive) -> list[Entry]:
    navs = [element for element in root.iter() if local_name(element) == "nav"]
    tocs = [nav for nav in navs if "toc" in attribute(nav, "type").split() or "doc-toc" in attribute(nav, "role").split()]
    toc = next(iter(tocs or [nav for nav in navs if not attribute(nav, "type")]), None)
    entries = []
    for element in toc.iter() if toc is not None else ():
        if local_name(element) in ("a", "span") and _stands_in_item(element):
            depth = sum(local_name(above) == "ol" for above in _above(element))
            entries.append(_entry(_label(element), attribute(element, "href"), base, archive, depth))
    return [entry for entry in entries if entry.title or entry.path]


def _stands_in_item(element: etree._Element) -> bool:
    """Whether it is a line's own label: not a span within the link."""
    return all(local_name(above) not in ("a", "span", "h1", "h2", "h3") for above in _above(element))


def _above(element: etree._Element) -> list[etree._Element]:
    found = []
    for above in element.iterancestors():
        found.append(above)
        if local_name(above) == "nav" or len(found) > DEPTH:
            break
    return found


def _landmarks(root: etree._Element, base: str, archive: Archive) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for nav in root.iter():
        if local_name(nav) == "nav" and "landmarks" in attribute(nav, "type").split():
            for link in nav.iter():
                path, fragment = resolved(attribute(link, "href"), base, base) if local_name(link) == "a" else ("", "")
                if path and not fragment and archive.find(path):
                    found.extend((term, archive.find(path) or "") for term in attribute(link, "type").lower().split())
    return found


def _ncx_entries(root: etree._Element, base: str, archive: Archive) -> list[Entry]:
    entries = []
    for point in root.iter():
        if local_name(point) != "navpoint":
            continue
        children = {local_name(child): child for child in reversed(point)}
        label, content = children.get("navlabel"), children.get("content")
        depth = sum(local_name(above) == "navpoint" for above in point.iterancestors()) + 1
        entries.append(_entry(_label(label) if label is not None else "", attribute(content, "src") if content is not None
                              else "",
                              base, archive, depth))
    return [entry for entry in entries if entry.title or entry.path]


def _entry(title: str, href: str, base: str, archive: Archive, depth: int) -> Entry:
    path, fragment = resolved(href, base, base) if href else ("", "")
    return Entry(title, archive.find(path) or path, fragment, depth)


def _label(element: etree._Element) -> str:
    return one_line("".join(map(str, element.itertext())))[:TITLE_CHARACTERS]
