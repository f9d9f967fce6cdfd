"""What a chapter's or a part's heading looks like, in the languages that we know."""

import re

from worker.book.read.characters import one_line

LONGEST = 100
"""Characters of a line that may be a heading."""

_NUMBER = (r"(?:\d+|[ivxlcdm]+|(?:the\s+)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
           r"|[^\W\d_]+(?:[- ][^\W\d_]+)?(?=\s*(?:[:.—–-]|$)))(?=\W|$)")
_CJK_NUMBER = r"\s*[0-9０-９〇零一二三四五六七八九十百千两兩]+\s*"

_CHAPTER = re.compile(
    rf"(?:chapter|chap\.|chapitre|kapitel|cap[ií]tulo|capitolo|hoofdstuk|rozdział|глава|act|scene|letter|stave|canto"
    rf"|adventure)\s+"
    rf"{_NUMBER}.*"
    r"|(?:erstes|zweites|drittes|viertes|fünftes|sechstes|siebtes|siebentes|achtes|neuntes|zehntes|[^\W\d_]+(?:zehntes"
    r"|stes))\s+kapitel\b.*"
    rf"|第{_CJK_NUMBER}[章回節节話话幕].*|제\s*\d+\s*[장화].*", re.IGNORECASE)
_BARE = re.compile(r"(?:\d{1,3}|[ivxlc]+)\.?|(?:\d{1,3}|[ivxlc]+)[.:]\s+\S.*|[一二三四五六七八九十]+", re.IGNORECASE)
_PART = re.compile(
    rf"(?:part|book|volume|vol\.|partie|livre|tome|teil|buch|band|parte|libro|tomo|deel|część|часть|том)\s+{_NUMBER}.*"
    r"|(?:first|second|third|fourth|fifth|erster|zweiter|dritter|première|deuxième|troisième|primera|segunda|tercera)\s+"
    r"(?:part|book|teil|partie|parte)\b.*"
    rf"|第{_CJK_NUMBER}[部卷編编巻].*|제\s*\d+\s*부.*|[上中下][巻卷篇]", re.IGNORECASE)


def is_chapter(line: str) -> bool:
    """"Chapter 3: The Sea", "Kapitel IV", "第十二回"."""
    return len(line) <= LONGEST and _CHAPTER.fullmatch(line.strip()) is not None


def is_part(line: str) -> bool:
    """"Part One", "Zweiter Teil", "第一部": what holds chapters."""
    return len(line) <= LONGEST and _PART.fullmatch(line.strip()) is not None


def is_numbered(title: str) -> bool:
    """Of something that is known to be a title: "IV", "12. The Sea", "三" will do."""
    return is_chapter(title) or (len(title) <= LONGEST and _BARE.fullmatch(title.strip()) is not None)


def joined(lines: list[str]) -> str:
    """A heading of several lines as one: "CHAPTER I", "Down the Hole" → "CHAPTER I. Down the Hole"."""
    whole = ""
    for line in filter(None, map(one_line, lines)):
        if not whole:
            whole = line
            continue
        ends = whole[-1] in ".:;!?—–-。：！？" or not (is_numbered(whole) or is_part(whole))
        whole += f" {line}" if ends else f". {line}"
    return whole


def chapter_level(headings: list[tuple[int, str]]) -> int:
    """The level, 1 to 6, down to which headings begin chapters, given the level and text of each: the highest that occurs
    twice, or the next where these are all parts. 0 where none occurs twice."""
    for level in range(1, 7):
        here = [text for at, text in headings if at == level]
        below = sum(at == level + 1 for at, _ in headings)
        if len(here) > 1:
            return level + 1 if below >= len(here) and all(map(is_part, here)) else level
    return 0
