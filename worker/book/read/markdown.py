"""Markdown → a book: CommonMark, tables, footnotes, and the front matter that Pandoc and Jekyll know.

https://spec.commonmark.org/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import PurePath

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from worker.book.content import Book, Metadata
from worker.book.errors import BookUnreadable
from worker.book.read.blocks import Block, compose
from worker.book.read.casting import literal, without_tags
from worker.book.read.characters import clean, one_line
from worker.book.read.draft import Draft, cast_drafts
from worker.book.read.flow import CELL, LINE, flowed
from worker.book.read.front_matter import split_front_matter
from worker.book.read.headings import chapter_level
from worker.book.read.limits import CHAPTERS, TITLE_CHARACTERS
from worker.book.read.matter import is_matter, judged

SUFFIXES = (".md", ".markdown", ".mdown", ".mkd")

_TAG = re.compile(r"<[^<>]*>")
_UNSPOKEN_HTML = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w{1,40};?")   # of thousands of digits, none: Python refuses to read those
_BR = re.compile(r"<br\s*/?>", re.IGNORECASE)
_RULE = re.compile(r"(?:[*·•~_=#\-–—]\s*){3,}|⁂")
_DEPTH = 60                 # of lists and quotes in each other


@dataclass(frozen=True, slots=True)
class _Line:
    """A block, and the line of the file where it begins."""

    block: Block
    line: int


def looks_like_markdown(text: str) -> bool:
    """For a file whose name says nothing: it has ATX headings."""
    return len(re.findall(r"^#{1,6} +\S", text, re.MULTILINE)) >= 2


def read_markdown(text: str, name: str, warnings: list[str]) -> Book:
    """`text` as it was decoded. The highest level of headings that occurs twice gives the chapters; a single one above is the
    title. Raises BookUnreadable where there is no text, or for a malformed casting tag."""
    metadata, body, skipped = split_front_matter(clean(text))
    tokens = _parser().parse(body)
    _refuse_depth(tokens)
    lines = list(_blocks(tokens, skipped))
    topmost = [line.block.text for line in lines if line.block.level == 1]
    title = topmost[0] if len(topmost) == 1 else ""
    drafts = _drafts(lines, skipped + body.count("\n") + 1, metadata.title or without_tags(title) or PurePath(name).stem)
    if len(drafts) > CHAPTERS:
        raise BookUnreadable(f"The text has {len(drafts)} headings of its chapters' level; {CHAPTERS} are the most.")
    known = Metadata(metadata.title or without_tags(title) or one_line(PurePath(name).stem), metadata.authors, metadata.language)
    return Book(known, judged(cast_drafts(drafts), known.title), warnings=tuple(warnings))


def _parser() -> MarkdownIt:
    """What is escaped keeps a token of its own: text_join would make it one with the text beside it."""
    parser = MarkdownIt("commonmark", {"maxNesting": _DEPTH}).enable(["table", "strikethrough"]).disable("text_join")
    return parser.use(footnote_plugin)


def _drafts(lines: list[_Line], last: int, book_title: str) -> list[Draft]:
    headings = [(line.block.level, without_tags(line.block.text)) for line in lines if line.block.level]
    level = chapter_level([(at, text) for at, text in headings if not is_matter(text)])
    starts = [at for at, line in enumerate(lines) if 0 < line.block.level <= level and line.block.text]
    drafts = []
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        here = lines[start:end]
        text = compose(line.block for line in here)
        if text:
            is_named = bool(starts) and start in starts
            title = without_tags(here[0].block.text) if is_named else _title(here) or book_title
            until = lines[end].line - 1 if end < len(lines) else last
            drafts.append(Draft(title[:TITLE_CHARACTERS], text, f"lines {here[0].line}-{until}", named=is_named))
    return drafts


def _title(lines: list[_Line]) -> str:
    return next((without_tags(line.block.text) for line in lines if line.block.level), "")


def _blocks(tokens: list[Token], skipped: int) -> Iterator[_Line]:
    """`skipped` lines of front matter stand before the text that was parsed. Notes, which come last, are passed over."""
    level, line, cells = 0, skipped + 1, list[str]()
    in_table = False
    for token in tokens:
        line = token.map[0] + skipped + 1 if token.map else line
        match token.type:
            case "footnote_block_open":
                return
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = 0
            case "table_open" | "table_close":
                in_table = token.nesting > 0
            case "tr_close":
                yield _Line(Block(flowed(CELL.join(cells))), line)
                cells = []
            case "hr":
                yield _Line(Block("", sets_apart=True), line)
            case "fence":
                yield from _paragraphs(literal(token.content), line)
            case "code_block":      # in a book, paragraphs that are set in: tags in them are meant
                yield from _paragraphs(token.content, line)
            case "html_block":
                yield from _paragraphs(_of_html(token.content), line)
            case "inline" if in_table:
                cells.append(_spoken(token.children or []))
            case "inline":
                text = flowed(_spoken(token.children or []))
                yield _Line(Block("", sets_apart=True) if _RULE.fullmatch(text)
                            else Block(one_line(text) if level else text, level), line)


def _spoken(inline: list[Token]) -> str:
    """What is said of a line's tokens: no pictures, no marks of notes, no tags of HTML."""
    said = ""
    for token in inline:
        match token.type:
            case "text":
                said += token.content
            case "text_special" | "code_inline":
                said += literal(token.content)
            case "softbreak":
                said += "\n"
            case "hardbreak":
                said += LINE
            case "html_inline" if _BR.fullmatch(token.content):
                said += LINE
    return said


def _of_html(block: str) -> str:
    """Without its tags and with its entities read; a bracket that is written as one is text, as it is elsewhere."""
    return _ENTITY.sub(lambda entity: literal(unescape(entity[0])), _TAG.sub(" ", _UNSPOKEN_HTML.sub(" ", block)))


def _paragraphs(text: str, line: int) -> Iterator[_Line]:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        said = "\n".join(filter(None, map(one_line, paragraph.split("\n"))))
        if said:
            yield _Line(Block(said), line)


def _refuse_depth(tokens: list[Token]) -> None:
    """The parser passes over what is nested deeper, without a word."""
    for token in tokens:
        if token.level >= _DEPTH - 1:
            raise BookUnreadable(f"Lists and quotes are nested more than {_DEPTH} deep.",
                                 f"line {token.map[0] + 1 if token.map else 1}")
