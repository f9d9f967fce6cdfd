"""Roman numerals, where they are surely numbers: Chapter IV, Louis XIV, Part II. Never the pronoun, and no word such as MIX."""

import re

from worker.text.normalise.edit import Rule
from worker.text.normalise.english.numbers import cardinal, ordinal
from worker.text.normalise.numerals import roman

_PARTS = ("chapter|part|book|act|scene|volume|vol\\.|section|canto|article|phase|"
          "psalm|stave|episode|season|war|bowl|olympiad|sonnet")
# What is numbered with letters as often: a Class C, a Type X.
_KINDS = "appendix|type|class|level|stage|grade|figure|table|plate|title|mark|unit|division|corps"
_REIGNING = ("king|queen|pope|emperor|empress|tsar|tsarina|czar|kaiser|sultan|prince|princess|duke|duchess|count|shah|pharaoh|"
             "patriarch|saint|st\\.")
_REGNAL = (
    "Abdulhamid|Adrian|Alexander|Alexios|Alfonso|Amenhotep|Antiochus|Artaxerxes|Baldwin|Basil|Benedict|Boniface|Carl|Carol|"
    "Casimir|Catherine|Celestine|Charles|Christian|Clement|Cleopatra|Conrad|Constantine|Cyrus|Darius|David|Edward|Elizabeth|"
    "Eric|Ferdinand|Francis|Franz|Frederick|Friedrich|George|Gregory|Gustav|Gustavus|Haakon|Harald|Henri|Henry|Honorius|Innocent|"
    "Isabella|Ivan|James|Joseph|Juan|Julius|Karl|Leo|Leopold|Louis|Ludwig|Manuel|Margaret|Mary|Maximilian|Mehmed|Michael|Murad|"
    "Napoleon|Nicholas|Olaf|Olav|Otto|Paul|Pedro|Peter|Philip|Pius|Ptolemy|Ramesses|Ramses|Richard|Robert|Rudolf|Selim|Sigismund|"
    "Sixtus|Stephen|Suleiman|Theodosius|Thutmose|Umberto|Urban|Valentinian|Victor|Wilhelm|William|Xerxes|Emmanuel")
_NUMERAL = r"([IVXLC]{2,}|[IVX])"
_LONG_NUMERAL = "([IVXLC]{2,}|I)"
_BARE = r"(?![\w’'-])"
_MAY_OWN = r"(?!\w|-|[’'](?!s\b))"
_MOST = 100
"""MIX and CD are no numerals for us, nor is the C of a Class C."""

_PRONOUN_ENDS = re.compile(r"\s+of\b|[’']s\b|\s*[.;:)!?\n]|\s*[—–]|\s+-\s|\s*\Z")
_HEADING_GOES_ON = re.compile(r"\s+[A-Z]|,\s+(?i:scene|chapter|part|book|section|canto)\b")
_INITIAL = re.compile(r"\.\s+[A-Z]")


def rules() -> tuple[Rule, ...]:
    return (
        Rule(re.compile(r"\b([IVX]+)(?:th|st|nd|rd)?(?=\s+[Cc]entur(?:y|ies)\b)"), _century),
        Rule(re.compile(r"\b[Ww]orld\s+[Ww]ar\s+(I{1,3})" + _MAY_OWN), _numbered, group=1),
        Rule(re.compile(rf"\b(?i:{_PARTS})\s+{_NUMERAL}{_BARE}"), _part, group=1),
        Rule(re.compile(rf"\b(?i:{_KINDS})\s+{_LONG_NUMERAL}{_BARE}"), _part, group=1),
        Rule(re.compile(rf"\b(?i:{_REIGNING})\s+[A-Z]\w+\s+{_NUMERAL}{_MAY_OWN}"), _reign, group=1),
        Rule(re.compile(rf"\b(?:{_REGNAL})\s+{_NUMERAL}{_MAY_OWN}"), _king, group=1),
        Rule(re.compile(rf"\b[A-Z][a-z]+\s+([IVX]{{2,}}){_MAY_OWN}"), _numbered, group=1),
        Rule(re.compile(r"\A\W*([IVXL]{2,})\W*\Z"), _numbered, group=1),
    )


def _number(numeral: str) -> int | None:
    n = roman(numeral)
    return n if n and n < _MOST else None


def _numbered(match: re.Match[str]) -> str | None:
    n = _number(match[1])
    return cardinal(n) if n else None


def _century(match: re.Match[str]) -> str | None:
    n = _number(match[1])
    return ordinal(n) if n else None


def _part(match: re.Match[str]) -> str | None:
    """I may be the pronoun: "the book I read". In a heading it is not."""
    is_heading = match.start() == 0 and match[0][0].isupper() and _HEADING_GOES_ON.match(match.string, match.end())
    if match[1] == "I" and not is_heading and not _PRONOUN_ENDS.match(match.string, match.end()):
        return None
    return _numbered(match)


def _reign(match: re.Match[str]) -> str | None:
    """The fourteenth; but the V of Robert V. Smith is an initial."""
    n = _number(match[1])
    if not n or (len(match[1]) == 1 and _INITIAL.match(match.string, match.end())):
        return None
    return f"the {ordinal(n)}"


def _king(match: re.Match[str]) -> str | None:
    """Without a title before it, I may be the pronoun: "Elizabeth I know well"."""
    if match[1] == "I" and not _PRONOUN_ENDS.match(match.string, match.end()):
        return None
    return _reign(match)
