"""Which drafts are the book, and which are its title page, its index, its advertisements."""

import re
from dataclasses import dataclass

from worker.book.content import Chapter, Matter
from worker.book.read.casting import CastText
from worker.book.read.draft import Draft
from worker.book.read.headings import is_chapter, is_part
from worker.book.read.matter_kinds import KINDS, Kind

_OPENING_WORDS = 12         # a longer title than this is an old novel's, whatever it begins with
_SHORT = 80                 # words: what a title page or a dedication may have
_COPYRIGHT_WORDS = 1500
_LINKED = 0.5               # of a table of contents are links
_INDEX_ROWS = 20
_LONGEST_ROW = 300          # characters
_INDEXED = 0.6              # of its lines end with page numbers

_NO_WORD = re.compile(r"[\W\d_]+")
_RIGHTS = re.compile(
    r"all rights reserved|\bISBN\b|copyright\s*(?:©|\(c\)|\d{4})|©\s*\d{4}|first published|printed in|tous droits réservés"
    r"|dépôt légal"
    r"|alle rechte vorbehalten|erstausgabe|todos los derechos|depósito legal|todos os direitos|tutti i diritti|版权所有"
    r"|版權所有|著作権|無断転載"
    r"|无断转载|все права защищены|library of congress|project gutenberg", re.IGNORECASE)
_SENTENCE = re.compile(r"^(?:\S+[ \n]){5,}\S*[.!?…][\"'”’»)]*$|[。！？]", re.MULTILINE)
_PAGES = re.compile(r".*\D[,\s]\s*\d+(?:[-–]\d+)?(?:,\s*\d+(?:[-–]\d+)?)*\.?")


@dataclass(frozen=True, slots=True)
class Verdict:
    matter: Matter
    include: bool
    reason: str = ""


_BODY = Verdict(Matter.BODY, True)


def judged(takes: list[tuple[Draft, CastText]], book_title: str = "") -> tuple[Chapter, ...]:
    """Each draft, and what is left of its text without casting tags, as a chapter. What is left out says why. Where all would
be left
    out, all stays: something must be meant to be read."""
    drafts = [draft for draft, _ in takes]
    verdicts = [_verdict(draft) for draft in drafts]
    _judge_by_place(drafts, verdicts, book_title)
    if not any(verdict.include for verdict in verdicts):
        verdicts = [_BODY] * len(drafts)
    return tuple(Chapter(draft.title, cast.text, draft.source, verdict.matter, verdict.include, verdict.reason, cast.castings)
                 for (draft, cast), verdict in zip(takes, verdicts, strict=True))


def is_matter(title: str) -> bool:
    """Whether a title by itself says that what follows is not read out."""
    kind = _kind_of_title(title)
    return kind is not None and not kind.include


def is_left_out(draft: Draft) -> bool:
    """Whether a draft by itself, wherever it stands, is not read out."""
    return bool(draft.text) and not _verdict(draft).include


def is_front(draft: Draft) -> bool:
    """Whether it is a cover, a title page, a table of contents …: front matter that is not read out."""
    verdict = _verdict(draft)
    return verdict.matter is Matter.FRONT and not verdict.include


def _verdict(draft: Draft) -> Verdict:
    """By what the book calls it, by its title, by its text: the first that knows."""
    by_markup = [kind for kind in KINDS if not draft.kinds.isdisjoint(kind.terms)]
    for kind in by_markup:
        if kind.matter is not Matter.BODY:
            return Verdict(kind.matter, kind.include, f"marked as {kind.name}")
    if draft.aside:
        return Verdict(Matter.BACK, False, "not in the book's reading order")
    by_title = _kind_of_title(draft.title)
    if by_title is not None and not by_markup:
        return _BODY if by_title.matter is Matter.BODY else Verdict(by_title.matter, by_title.include,
                                                                    f"titled as {by_title.name}")
    if by_markup or is_chapter(draft.title) or is_part(draft.title):
        return _BODY
    return _by_text(draft)


def _kind_of_title(title: str) -> Kind | None:
    words = _NO_WORD.sub(" ", title.casefold()).strip()
    for kind in KINDS:
        if words in kind.titles:
            return kind
        if len(words.split()) <= _OPENING_WORDS and any(title.casefold().startswith(opening) for opening in kind.openings):
            return kind
    return None


def _by_text(draft: Draft) -> Verdict:
    if draft.words <= _COPYRIGHT_WORDS and len({match.casefold() for match in _RIGHTS.findall(draft.text)}) >= 2:
        return Verdict(Matter.FRONT, False, "reads like a copyright page")
    if draft.linked >= _LINKED:
        return Verdict(Matter.FRONT, False, "a list of links, like a table of contents")
    lines = [line for line in draft.text.split("\n") if line]
    rows = sum(len(line) <= _LONGEST_ROW and _PAGES.fullmatch(line) is not None for line in lines)
    if len(lines) >= _INDEX_ROWS and rows >= _INDEXED * len(lines):
        return Verdict(Matter.BACK, False, "a list of page numbers, like an index")
    return _BODY


def _judge_by_place(drafts: list[Draft], verdicts: list[Verdict], book_title: str) -> None:
    """A few words without a sentence, before the first chapter, are a title page or a dedication."""
    first = next((at for at, (draft, verdict) in enumerate(zip(drafts, verdicts, strict=True))
                  if verdict.matter is Matter.BODY and (draft.named or draft.words > _SHORT)
                  and not (draft.words <= _SHORT and _same(draft.title, book_title))), len(drafts))
    if first == len(drafts):
        return
    for at in range(first):
        if verdicts[at] == _BODY and drafts[at].words <= _SHORT and not _SENTENCE.search(drafts[at].text):
            verdicts[at] = Verdict(Matter.FRONT, False, "a few words before the first chapter, like a title page")


def _same(one: str, other: str) -> bool:
    return bool(one) and _NO_WORD.sub("", one.casefold()) == _NO_WORD.sub("", other.casefold())
