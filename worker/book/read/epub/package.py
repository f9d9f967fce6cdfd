"""The package document: metadata, what the book consists of, and in which order it is read.

https://www.w3.org/TR/epub-33/#sec-package-doc, https://idpf.org/epub/20/spec/OPF_2.0.1_draft.htm
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from worker.book.content import Metadata
from worker.book.errors import BookUnreadable
from worker.book.read.epub.archive import Archive, resolved
from worker.book.read.epub.metadata import read_metadata
from worker.book.read.epub.xml import attribute, local_name, parse_xml

_NOT_A_PAGE = ("image/", "font/", "audio/", "video/")


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the manifest. `path` is that of the zip's entry; empty where it is missing."""

    id: str
    href: str
    path: str
    media_type: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the reading order."""

    path: str
    linear: bool


@dataclass(frozen=True, slots=True)
class Package:
    path: str
    metadata: Metadata
    items: dict[str, Item]              # by id
    spine: tuple[Place, ...]
    ncx: str = ""                       # entries; empty where there is none
    nav: str = ""
    cover_id: str = ""                  # EPUB 2's <meta name="cover">
    guide: tuple[tuple[str, str], ...] = ()  # type, path
    warnings: list[str] = field(default_factory=list)


def read_package(archive: Archive, path: str) -> Package:
    """Raises BookUnreadable where there is no reading order, or nothing of it in the zip."""
    root = parse_xml(archive.read(path), path)
    sections = {local_name(child): child for child in reversed(root)}
    items, spine = sections.get("manifest"), sections.get("spine")
    if items is None or spine is None:
        raise BookUnreadable(f"{path} has no {'manifest' if items is None else 'spine'}, so nothing says what is to be read.",
                             path)
    warnings: list[str] = []
    manifest = _manifest(items, archive, path)
    places = _spine(spine, manifest, path, warnings)
    if not places:
        first = warnings[0] if warnings else "Its spine is empty."
        raise BookUnreadable(f"{path} lists no page that is in the zip, so there is nothing to read. {first}", path)
    metadata = sections.get("metadata")
    ncx = _first(manifest, lambda item: item.id == attribute(spine, "toc")) or _first(
        manifest, lambda item: item.media_type == "application/x-dtbncx+xml")
    nav = _first(manifest, lambda item: "nav" in item.properties)
    return Package(
        path=path,
        metadata=read_metadata(metadata, attribute(root, "unique-identifier")) if metadata is not None else Metadata(),
        items=manifest,
        spine=tuple(places),
        ncx=ncx.path if ncx else "",
        nav=nav.path if nav else "",
        cover_id=_cover_id(metadata),
        guide=_guide(sections.get("guide"), archive, path, warnings),
        warnings=warnings,
    )


def _manifest(manifest: etree._Element, archive: Archive, part: str) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for element in manifest.iter():
        if local_name(element) == "item" and attribute(element, "href"):
            wanted, _ = resolved(attribute(element, "href"), part, part)
            item = Item(attribute(element, "id"), attribute(element, "href"), archive.find(wanted) or "",
                        attribute(element, "media-type").lower(), frozenset(attribute(element, "properties").split()))
            items.setdefault(item.id, item)
    return items


def _spine(spine: etree._Element, items: dict[str, Item], part: str, warnings: list[str]) -> list[Place]:
    places: dict[str, Place] = {}
    for element in spine.iter():
        if local_name(element) != "itemref":
            continue
        id_ = attribute(element, "idref")
        item = items.get(id_)
        if item is None:
            warnings.append(f"{part} wants {id_!r} to be read, which its manifest does not list.")
        elif not item.path:
            warnings.append(f"{item.href} is missing from the zip: whatever it said is left out.")
        elif item.media_type.startswith(_NOT_A_PAGE) and item.media_type != "image/svg+xml":
            warnings.append(f"{item.href} is {item.media_type}, not text: it is left out.")
        else:
            places.setdefault(item.path, Place(item.path, attribute(element, "linear").lower() != "no"))
    return list(places.values())


def _guide(guide: etree._Element | None, archive: Archive, part: str, warnings: list[str]) -> tuple[tuple[str, str], ...]:
    """Nothing in it is needed to read the book: what is wrong with it is a warning."""
    found = []
    for element in guide if guide is not None else ():
        if local_name(element) == "reference":
            try:
                path, fragment = resolved(attribute(element, "href"), part, part)
            except BookUnreadable as error:
                warnings.append(f"A reference of the guide is left out: {error.message}")
                continue
            if archive.find(path) and not fragment:
                found.append((attribute(element, "type").lower(), archive.find(path) or ""))
    return tuple(found)


def _cover_id(metadata: etree._Element | None) -> str:
    for element in metadata.iter() if metadata is not None else ():
        if local_name(element) == "meta" and attribute(element, "name") == "cover":
            return attribute(element, "content")
    return ""


def _first(items: dict[str, Item], fits: Callable[[Item], bool]) -> Item | None:
    return next((item for item in items.values() if item.path and fits(item)), None)
