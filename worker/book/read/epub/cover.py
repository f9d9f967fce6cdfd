"""The picture on the cover, by whatever names it: EPUB 3's property, EPUB 2's meta, the guide's page, or its file's name.

https://www.w3.org/TR/epub-33/#sec-cover-image
"""

from worker.book.content import Cover
from worker.book.errors import BookUnreadable
from worker.book.read.epub.archive import Archive, resolved
from worker.book.read.epub.package import Package
from worker.book.read.epub.xml import attribute, local_name, parse_page
from worker.book.read.limits import COVER_BYTES

_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def read_cover(archive: Archive, package: Package, warnings: list[str]) -> Cover | None:
    """A JPEG or PNG. What else it is, or what is wrong with it, becomes a warning: a book can do without."""
    path = _path(archive, package, warnings)
    if path is None:
        return None
    try:
        image = archive.read(path, COVER_BYTES)
    except BookUnreadable as error:
        warnings.append(f"The cover is left out: {error.message}")
        return None
    content_type = next((kind for magic, kind in _KINDS if image.startswith(magic)), None)
    if content_type is None:
        warnings.append(f"The cover {path} is neither JPEG nor PNG: it is left out.")
        return None
    return Cover(image, content_type)


def _path(archive: Archive, package: Package, warnings: list[str]) -> str | None:
    images = [item for item in package.items.values() if item.path and item.media_type.startswith("image/")]
    for item in images:
        if "cover-image" in item.properties:
            return item.path
    named = package.items.get(package.cover_id)
    if named is not None and named in images:
        return named.path
    by_href = next((item.path for item in images if package.cover_id and item.href == package.cover_id), None)
    pages = [path for kind, path in package.guide if kind == "cover"]
    if named is not None and named.path:
        pages.append(named.path)
    return by_href or next(filter(None, (_first_image(archive, page, warnings) for page in pages)), None) or next(
        (item.path for item in images if "cover" in f"{item.id} {item.href}".lower() and item.media_type != "image/svg+xml"),
        None)


def _first_image(archive: Archive, page: str, warnings: list[str]) -> str | None:
    """Of the page that shows the cover."""
    try:
        root, _ = parse_page(archive.read(page), page)
        for element in root.iter():
            if local_name(element) in ("img", "image"):
                href = attribute(element, "src") or attribute(element, "href")
                path = archive.find(resolved(href, page, page)[0])
                if path is not None:
                    return path
    except BookUnreadable as error:
        warnings.append(f"The cover's page is left out: {error.message}")
    return None
