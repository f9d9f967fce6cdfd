"""A page's elements → its blocks in reading order. Every visible word comes out once; what is not read out does not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from worker.book.errors import BookUnreadable
from worker.book.read.blocks import Block
from worker.book.read.epub.initials import is_initial, pictured, rejoined
from worker.book.read.epub.notes import mutual_notes
from worker.book.read.epub.rows import is_row
from worker.book.read.epub.unspoken import classes_of, is_unspoken, terms_of
from worker.book.read.epub.xml import local_name
from worker.book.read.flow import CELL, LINE, flowed
from worker.book.read.headings import joined
from worker.book.read.limits import DEPTH

_BLOCKS = frozenset([
    "html", "body", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hgroup", "ul", "ol", "li", "dl", "dt", "dd", "blockquote",
    "section",
    "article", "aside", "header", "footer", "main", "figure", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption",
    "pre",
    "address", "center", "form", "fieldset", "legend", "details", "summary", "search", "svg", "text"])
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_APART = re.compile(r"(?:scene|section|thought|context|space|ornament(?:al)?|text)[-_]?break|asterism|dinkus|tb|ornament")
_RULE = re.compile(r"(?:[*·•~_=#\-–—◇◆○●※＊☆★❦❧]\s*){3,}|⁂|✱|[*#~❦❧]", re.DOTALL)
_LINES_OF = frozenset(["line-block", "stanza", "poem", "verse", "linegroup", "lg"])


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an element with a wanted id begins."""

    id: str


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    title: str                              # of its <head>
    items: tuple[Block | Mark, ...]
    language: str = ""

    @property
    def blocks(self) -> list[Block]:
        return [item for item in self.items if isinstance(item, Block)]


@dataclass(slots=True)
class _Paragraph:
    """What was gathered since the last block ended."""

    pieces: list[str] = field(default_factory=list)
    linked: int = 0


def read_page(root: etree._Element, path: str, wanted: frozenset[str]) -> Page:
    """`wanted` are the ids at which chapters begin. A page that holds nothing but notes is read with them. Raises BookUnreadable
    where it is nested too deep."""
    items = _Reading(root, path, wanted, notes_too=False).items()
    if not any(item.text for item in items if isinstance(item, Block) and not item.level):
        items = _Reading(root, path, wanted, notes_too=True).items()
    head = next((element for element in root if local_name(element) == "head"), None)
    title = next(("".join(map(str, child.itertext())) for child in (head if head is not None else ())
                  if local_name(child) == "title"), "")
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("lang") or ""
    return Page(path, flowed(title).replace("\n", " "), tuple(items), language)


class _Reading:
    """One walk over a page, without recursion: pages are nested as deep as whoever made them likes."""

    def __init__(self, root: etree._Element, path: str, wanted: frozenset[str], *, notes_too: bool) -> None:
        self._root, self._path, self._wanted, self._notes_too = root, path, wanted, notes_too
        self._marks, self._notes = (set(), set()) if notes_too else mutual_notes(root)
        self._items: list[Block | Mark] = []
        self._paragraph = _Paragraph()
        self._level = self._depth = self._links = self._pre = self._rows = 0
        self._kinds: list[frozenset[str]] = [frozenset()]

    def items(self) -> list[Block | Mark]:
        walk = etree.iterwalk(self._root, events=("start", "end"))
        skipped: etree._Element | None = None
        for event, element in walk:
            if event == "start":
                if element in self._marks or element in self._notes or is_unspoken(element, notes_too=self._notes_too):
                    skipped = element
                    walk.skip_subtree()
                    self._skip(element)
                else:
                    self._open(element)
            elif element is skipped:
                skipped = None
                self._say(element.tail)
            else:
                self._close(element)
        self._flush()
        return self._items

    def _open(self, element: etree._Element) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise BookUnreadable(f"{self._path} nests more than {DEPTH} elements in each other. No page of a book needs that.",
                                 self._path)
        name, classes = local_name(element), classes_of(element)
        if _is_block(element, name, classes):
            self._break(element, name)
        self._kinds.append(self._kinds[-1] | terms_of(element) if element.attrib else self._kinds[-1])
        self._note_id(element)
        self._level = _HEADINGS.get(name, self._level)
        self._rows += name == "tr" and is_row(element)
        self._pre += name == "pre"
        self._links += name == "a" and element.get("href") is not None
        if name == "hr" or (classes and any(_APART.fullmatch(each) for each in classes)):
            self._flush()
            self._items.append(Block("", sets_apart=True))
        elif name == "br":
            self._paragraph.pieces.append(LINE)
        elif name == "img":
            self._say(pictured(element))
        self._say(element.text)

    def _close(self, element: etree._Element) -> None:
        name, classes = local_name(element), classes_of(element)
        if _is_block(element, name, classes):
            self._break(element, name)
        if name in _HEADINGS:
            self._level = 0
        self._rows -= name == "tr" and self._rows > 0 and is_row(element)
        self._pre -= name == "pre"
        self._links -= name == "a" and element.get("href") is not None
        self._kinds.pop()
        self._depth -= 1
        if element is not self._root:
            self._say(rejoined(element, classes))

    def _break(self, element: etree._Element, name: str) -> None:
        """A block begins or ends: a paragraph does, unless it is a cell of a row, a line of a poem, or stands within a
        heading."""
        if self._rows and name != "tr":
            self._paragraph.pieces.append(CELL if name in ("td", "th") else " ")
        elif (self._level and name not in _HEADINGS) or _is_line_of_poem(element):
            self._paragraph.pieces.append(LINE)
        else:
            self._flush()

    def _say(self, text: str | None) -> None:
        if not text:
            return
        self._paragraph.pieces.append(text.replace("\n", LINE) if self._pre else text)
        if self._links:
            self._paragraph.linked += len(text.strip())

    def _flush(self) -> None:
        gathered, self._paragraph = self._paragraph, _Paragraph()
        for text in flowed("".join(gathered.pieces)).split("\n\n"):
            if _RULE.fullmatch(text):
                self._items.append(Block("", sets_apart=True))
            elif text:
                said = joined(text.split("\n")) if self._level else text
                self._items.append(Block(said, self._level, kinds=self._kinds[-1], linked=min(gathered.linked, len(said))))

    def _skip(self, element: etree._Element) -> None:
        if local_name(element) in _BLOCKS and local_name(_parent(element)) in _BLOCKS - {"p"}:
            self._break(element, local_name(element))
        if self._wanted:
            for inside in element.iter():
                self._note_id(inside)

    def _note_id(self, element: etree._Element) -> None:
        for name in self._names(element):
            if self._level and self._paragraph.pieces:
                self._items.append(Mark(name))      # within a heading: the chapter begins before it
                continue
            self._flush()
            self._items.append(Mark(name))

    def _names(self, element: etree._Element) -> Iterator[str]:
        names = {element.get("id"), element.get("name") if local_name(element) == "a" else None}
        return (name for name in names if name is not None and name in self._wanted)


def _is_block(element: etree._Element, name: str, classes: frozenset[str]) -> bool:
    """Whether paragraphs end where it begins and ends. The box around an initial is none."""
    return name in _BLOCKS and not is_initial(element, classes)


def _is_line_of_poem(element: etree._Element) -> bool:
    return "line" in classes_of(element) and not classes_of(_parent(element)).isdisjoint(_LINES_OF)


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    return element if parent is None else parent
