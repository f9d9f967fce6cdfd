"""Tables that hold data, and those that only lay out a page."""

from lxml import etree

from worker.book.read.epub.xml import local_name

_LONG_CELL = 400            # characters: prose, no cell of a table
_INNER = frozenset(["table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol"])


def is_row(row: etree._Element) -> bool:
    """Whether a <tr> is read as one line, cell after cell, rather than as the blocks that it holds."""
    for inside in row.iterdescendants():
        name = local_name(inside)
        if name in _INNER:
            return False
        if name in ("td", "th") and (sum(local_name(child) in ("p", "div") for child in inside) > 1 or _is_long(inside)):
            return False
    return True


def _is_long(cell: etree._Element) -> bool:
    length = 0
    for piece in cell.itertext():
        length += len(str(piece).strip())
        if length > _LONG_CELL:
            return True
    return False
