"""Bytes of XML or XHTML → a tree. No entity is ever resolved: the parser does not get to see one."""

import re
from html.entities import html5

from lxml import etree

from worker.book.errors import BookUnreadable
from worker.book.read.decode import decode

_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(r"\s*<\?xml\b[^>]*encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_WIDE = re.compile(r"(?:iso-10646-)?u(?:tf|cs)[-_]?(?:16|32|2|4)", re.IGNORECASE)
"""What was found in ASCII bytes is none of these, though it may say so: .NET's StringWriter declares utf-16, whatever is made of
its text."""
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_ENTITIES = re.compile(r"<!ENTITY", re.IGNORECASE)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,40});")
_OF_XML = frozenset(["amp", "lt", "gt", "quot", "apos"])
_PROLOG_CHARACTERS = 20_000


def parse_xml(data: bytes, part: str) -> etree._Element:
    """A package document, a table of contents: what must be well-formed. Raises BookUnreadable that says where it is not."""
    text, _ = _plain(data, part)
    try:
        return _root(etree.fromstring(text.encode(), _xml_parser()), part)
    except etree.XMLSyntaxError as error:
        raise BookUnreadable(f"{part} is no well-formed XML: {error.msg}.", part) from error


def parse_page(data: bytes, part: str) -> tuple[etree._Element, list[str]]:
    """A page of the book, and warnings. What is not well-formed is read as a browser would read HTML."""
    text, warnings = _plain(data, part)
    encoded = text.encode()
    if not encoded.strip():
        return etree.Element("html"), [*warnings, f"{part} is empty."]
    try:
        return _root(etree.fromstring(encoded, _xml_parser()), part), warnings
    except etree.XMLSyntaxError as error:
        _refuse_depth(error, part)
        warnings.append(f"{part} is no well-formed XHTML ({error.msg}); it was read as HTML.")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(encoded, parser)
    except etree.XMLSyntaxError as error:
        _refuse_depth(error, part)
        raise BookUnreadable(f"{part} can't be read as XHTML nor as HTML: {error.msg}.", part) from error
    return _root(root, part), warnings


def local_name(element: etree._Element | None) -> str:
    """"p" of "{http://www.w3.org/1999/xhtml}p"; empty for what is no element."""
    return element.tag.rpartition("}")[2].lower() if element is not None and isinstance(element.tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """The value of `name`, or of `any:name`, whether the document knew its namespaces or not."""
    value = element.get(name)
    if value is not None:
        return str(value)
    for key, other in element.attrib.items():
        if re.split("[}:]", str(key))[-1] == name:
            return str(other)
    return ""


def _plain(data: bytes, part: str) -> tuple[str, list[str]]:
    """The document as characters, without declaration, DOCTYPE and named entities."""
    named = _ENCODING.match(data[:200].decode("ascii", errors="ignore"))
    text, warnings = decode(data, part, declared=named[1] if named and not _WIDE.match(named[1]) else "")
    prolog = text[:_PROLOG_CHARACTERS]
    if _ENTITIES.search(prolog):
        raise BookUnreadable(f"{part} declares entities of its own, which no page of a book needs and which can make it grow "
                             f"without end. "
                             "Characters written out would be right.", part)
    prolog = _DOCTYPE.sub("", _DECLARATION.sub("", prolog, count=1), count=1)
    return _NAMED.sub(_character, prolog + text[_PROLOG_CHARACTERS:]), warnings


def _character(entity: re.Match[str]) -> str:
    if entity[1] in _OF_XML:
        return entity[0]
    return html5.get(f"{entity[1]};") or f"&amp;{entity[1]};"


def _xml_parser() -> etree.XMLParser:
    # huge_tree lifts libxml2's limit of 10 MB a text; ours are checked before
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
                           huge_tree=True)


def _root(root: etree._Element | None, part: str) -> etree._Element:
    if root is None:
        raise BookUnreadable(f"{part} holds nothing.", part)
    return root


def _refuse_depth(error: etree.XMLSyntaxError, part: str) -> None:
    if "depth" in str(error.msg).lower():
        raise BookUnreadable(f"{part} is nested too deep: {error.msg}.", part) from error
