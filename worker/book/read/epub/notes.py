"""Footnotes that no markup calls footnotes: a mark in the text links to a paragraph that links back."""

from lxml import etree

from worker.book.read.epub.unspoken import looks_like_reference
from worker.book.read.epub.xml import local_name

_BLOCKS = frozenset(["p", "li", "div", "dd", "dt", "aside", "td"])
_NEAR = 3                   # elements between an id and the link that belongs to it


def mutual_notes(root: etree._Element) -> tuple[set[etree._Element], set[etree._Element]]:
    """The marks in the text, and the paragraphs that are their notes. Both of one page; notes on a page of their own are
    matter."""
    links = [link for link in root.iter() if local_name(link) == "a" and "#" in link.get("href", "")
             and looks_like_reference(link)]
    by_id = {name: link for link in links for name in _ids(link)}
    marks: set[etree._Element] = set()
    notes: set[etree._Element] = set()
    for link in links:
        back = by_id.get(link.get("href", "").rpartition("#")[2])
        if back is None or back is link or back in marks or by_id.get(back.get("href", "").rpartition("#")[2]) is not link:
            continue
        block = _block(back)
        if block is not None and block is not _block(link) and _begins_with(block, back):
            marks.add(link)
            notes.add(block)
    return marks, notes


def _ids(link: etree._Element) -> list[str]:
    """Of the link and of what stands close around it."""
    found = []
    near: etree._Element | None = link
    for _ in range(_NEAR):
        if near is None or local_name(near) == "body":
            break
        found += [name for name in (near.get("id"), near.get("name") if local_name(near) == "a" else None) if name]
        near = near.getparent()
    return found


def _block(link: etree._Element) -> etree._Element | None:
    return next((above for above in link.iterancestors() if local_name(above) in _BLOCKS), None)


def _begins_with(block: etree._Element, link: etree._Element) -> bool:
    """Whether no text stands before the link."""
    for event, element in etree.iterwalk(block, events=("start", "end")):
        if event == "start" and element is link:
            return True
        text = element.text if event == "start" else (element.tail if element is not block else None)
        if text and text.strip(" \t\r\n[("):
            return False
    return False
