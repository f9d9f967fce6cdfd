"""What stands on a page but is not read out: markup's own parts, notes and what refers to them, page numbers, captions, what is
hidden.

https://www.w3.org/TR/epub-ssv-11/, https://www.w3.org/TR/dpub-aria-1.1/ """

import re

from lxml import etree

from worker.book.read.epub.xml import attribute, local_name

_TAGS = frozenset([
    "script", "style", "head", "template", "nav", "rt", "rp", "figcaption", "audio", "video", "object", "iframe", "canvas",
    "map", "noscript",
    "annotation", "annotation-xml", "metadata", "defs", "desc", "textarea", "select", "button", "input", "datalist"])
_TERMS = frozenset(["pagebreak", "page-list", "pagelist", "noteref", "caption"])
_NOTES = frozenset(["footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes"])
_CLASSES = frozenset(["x-ebookmaker-drop", "caption", "figcaption", "figure-caption", "fig-caption",
                      "image-caption", "imagecaption", "img-caption", "wp-caption-text"])
_NOTE_CLASSES = frozenset(["footnote", "footnotes", "endnote", "endnotes", "footnotetext", "footnote-text", "footnote-content",
                           "fnote"])
_REFERENCE_CLASSES = frozenset(["noteref", "footnote-ref", "footnoteref", "fnanchor", "fnref", "footnote-reference",
                                "footnote-anchor",
                                "endnote-ref", "msofootnotereference", "footnote-back", "footnotebacklink"])
_PAGE_CLASSES = frozenset(["pagenum", "pageno", "page-number", "pagenumber", "page-num", "folio"])
_BREAK_CLASSES = frozenset(["pagebreak", "page-break", "pn", "pb"])
"""Of a page's number, where they stand on something inline; else of what begins on a new page, such as a heading "II"."""

_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PAGE = re.compile(r"[\[{(|]?\s*(?:(?:pg|page|p|s|seite|pág|стр)\.?\s*)?(?:\d{1,5}|[ivxlc]{1,8})\s*[\]})|]?", re.IGNORECASE)
_BRACKETED_PAGE = re.compile(r"[\[{]\s*(?:(?:pg|page|p|s|seite|pág|стр)\.?\s*)?\d{1,5}\s*[\]}]", re.IGNORECASE)
_REFERENCE = re.compile(r"[\[({]?\s*(?:\d{1,4}|[a-z]|[ivxl]{1,6}|[*†‡§¶※]{1,4}|注\d*|註\d*)\s*[\])}]?", re.IGNORECASE)
_REFERENCE_BRACKETED = re.compile(r"[\[({]\s*[^\s\])}]{1,6}\s*[\])}]|[*†‡§※]{1,4}|\d{1,4}[)\]]")
_SHORT = 24                 # characters: what is longer is no number of a page or a note


def is_unspoken(element: etree._Element, *, notes_too: bool) -> bool:
    """Whether the element with all that it holds is passed over. With `notes_too`, footnotes are spoken: the page has nothing
    else."""
    name = local_name(element)
    if not name or name in _TAGS or (name == "title" and local_name(element.getparent()) in ("svg", "head", "g")):
        return True
    if not element.attrib:
        return _is_page_number(element, name, frozenset()) or _is_reference(element, name, frozenset())
    terms = terms_of(element)
    if not terms.isdisjoint(_TERMS) and not (name == "body" or "figure" in terms):
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true" or _HIDING.search(element.get("style", "")):
        return True
    classes = classes_of(element)
    if not classes.isdisjoint(_CLASSES):
        return True
    if not notes_too and name != "body" and not (terms.isdisjoint(_NOTES) and classes.isdisjoint(_NOTE_CLASSES)):
        return True
    return _is_page_number(element, name, classes) or _is_reference(element, name, classes)


def terms_of(element: etree._Element) -> frozenset[str]:
    """epub:type and role, in lower case and without doc-."""
    value = f"{attribute(element, 'type') if local_name(element) not in _TYPED else ''} {element.get('role', '')}"
    return frozenset(term.removeprefix("doc-") for term in value.lower().split())


def classes_of(element: etree._Element) -> frozenset[str]:
    return frozenset(element.get("class", "").lower().split())


def looks_like_reference(element: etree._Element) -> bool:
    """Whether a link's text could be the mark of a note: "12", "[3]", "*"."""
    return _REFERENCE.fullmatch(_short_text(element)) is not None


def _is_page_number(element: etree._Element, name: str, classes: frozenset[str]) -> bool:
    if name not in ("span", "a", "div", "p", "small", "i", "b", "em", "strong"):
        return False
    is_marked = not classes.isdisjoint(_PAGE_CLASSES) or (name in ("span", "a") and not classes.isdisjoint(_BREAK_CLASSES))
    return (_PAGE if is_marked else _BRACKETED_PAGE).fullmatch(_short_text(element)) is not None and not (
        not is_marked and element.get("href"))


def _is_reference(element: etree._Element, name: str, classes: frozenset[str]) -> bool:
    if name == "sup":
        links = [child for child in element if local_name(child) == "a" and "#" in child.get("href", "")]
        return len(links) > 0 and looks_like_reference(element)
    if name != "a" or "#" not in element.get("href", ""):
        return not classes.isdisjoint(_REFERENCE_CLASSES) and looks_like_reference(element)
    text = _short_text(element)
    if not classes.isdisjoint(_REFERENCE_CLASSES) or any("note" in each for each in classes):
        return _REFERENCE.fullmatch(text) is not None or text in "↩↩︎^↑"
    in_sup = any(local_name(child) == "sup" for child in element) or local_name(element.getparent()) == "sup"
    return (in_sup and _REFERENCE.fullmatch(text) is not None) or _REFERENCE_BRACKETED.fullmatch(text) is not None


def _short_text(element: etree._Element) -> str:
    """What it says, or a line too long to be a number: long texts are not read to their end."""
    text = ""
    for piece in element.itertext():
        text += str(piece)
        if len(text) > 8 * _SHORT:
            break
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else "…" * _SHORT


_TYPED = frozenset(["ol", "ul", "li", "input", "button", "script", "style", "link", "object", "embed", "source"])
"""Elements of HTML whose own `type` means something else."""
