"""Abbreviations that are words when they are read: Mr., St., e.g., No. 5."""

import re

from worker.text.normalise.edit import TAKEN, Rule

_TITLES = {  # before a name
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "St": "Saint", "Prof": "Professor", "Rev": "Reverend",
    "Hon": "Honorable", "Gen": "General", "Col": "Colonel", "Capt": "Captain", "Lt": "Lieutenant", "Sgt": "Sergeant",
    "Maj": "Major", "Cmdr": "Commander", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Pres": "President",
    "Messrs": "Messieurs", "Mt": "Mount", "Ft": "Fort",
}
_AFTER_NAMES = {
    "Jr": "Junior", "Sr": "Senior", "Esq": "Esquire", "Inc": "Incorporated", "Ltd": "Limited", "Co": "Company",
    "Corp": "Corporation", "Bros": "Brothers", "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road",
    "Hwy": "Highway", "Sq": "Square",
}
_ANYWHERE = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "approx.": "approximately",
    "viz.": "namely", "cf.": "compare", "et al.": "et al", "dept.": "department", "govt.": "government", "misc.": "miscellaneous",
}
_BEFORE_NUMBERS = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "№": "number", "Vol.": "volume",
    "vol.": "volume", "vols.": "volumes", "p.": "page", "pp.": "pages", "ch.": "chapter", "Ch.": "chapter",
    "chap.": "chapter", "fig.": "figure", "Fig.": "figure", "figs.": "figures", "sec.": "section", "Sec.": "section",
    "art.": "article", "Art.": "article", "par.": "paragraph", "ed.": "edition", "ca.": "circa", "c.": "circa",
    "Op.": "opus", "op.": "opus", "approx.": "approximately", "§": "section", "§§": "sections", "#": "number", "~": "about",
    "≈": "about",
}
_MONTHS = {  # May and March are words of their own
    "Jan": "January", "Feb": "February", "Apr": "April", "Aug": "August", "Sept": "September",
    "Sep": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}
_SLASHED = {"w/": "with", "w/o": "without"}
_END_OF_SENTENCE = re.compile(r"[\"'”’)\]]*\s*\Z|[\"'”’)\]]*\s+[\"“‘(]?[A-Z]")
_END_OF_TEXT = re.compile(r"[\"'”’)\]]*\s*\Z")


def rules() -> tuple[Rule, ...]:
    """A dot that ends the sentence as well stays."""
    dotted = "|".join(re.escape(name) for name in sorted(_ANYWHERE, key=len, reverse=True))
    return (
        Rule(re.compile(rf"(?<!\w)(?:{_any_of(_BEFORE_NUMBERS)})(?=\s?\d)"), lambda match: _BEFORE_NUMBERS[match[0]]),
        Rule(re.compile(rf"\b({_any_of(_TITLES)})\.(?=\s?[A-ZÀ-Þ{TAKEN}])"), lambda match: _TITLES[match[1]]),
        Rule(re.compile(r"\b(Mr|Mrs|Ms|Messrs)\."), lambda match: _TITLES[match[1]]),
        Rule(re.compile(rf"\b(Mr|Mrs|Dr|Prof)(?=\s[A-ZÀ-Þ{TAKEN}])"), lambda match: _TITLES[match[1]]),
        Rule(re.compile(rf"(?<=[\w,&’']\s)({_any_of(_AFTER_NAMES)})\."),
             lambda match: _AFTER_NAMES[match[1]] + _kept_dot(match, _END_OF_TEXT)),
        Rule(re.compile(rf"(?<![\w.])(?:{dotted})", re.IGNORECASE), _anywhere),
        Rule(re.compile(rf"\b({_any_of(_MONTHS)})\."), lambda match: _MONTHS[match[1]] + _kept_dot(match, _END_OF_TEXT)),
        Rule(re.compile(rf"(?<!\w)({_any_of(_SLASHED)})(?!\w)"), lambda match: _SLASHED[match[1]]),
    )


def _any_of(names: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _anywhere(match: re.Match[str]) -> str | None:
    """None for what is like an abbreviation only to a pattern that ignores case: to one, ı and İ are i, and ſ is s."""
    spoken = _ANYWHERE.get(match[0].lower())
    if spoken is None:
        return None
    if match[0][0].isupper():
        spoken = spoken[0].upper() + spoken[1:]
    return spoken + _kept_dot(match, _END_OF_SENTENCE if match[0].lower() == "etc." else _END_OF_TEXT)


def _kept_dot(match: re.Match[str], end: re.Pattern[str]) -> str:
    return "." if end.match(match.string, match.end()) else ""
