"""Edits: which spans of a text are said otherwise than they are written. What no edit covers comes through as it stands."""

import re
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from speechmill.request import has_cjk

TAKEN = "\ufffc"
"""Stands in for what an edit covers already, so that no later rule finds it: no pattern may match it."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """text[start:end], which is not empty, is said as `spoken`."""

    start: int
    end: int
    spoken: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What `pattern` finds is said as `say` has it; None or nothing: not by this rule. With `group` only that part of what was
    found is replaced; the rest is what must stand beside it."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]
    group: int = 0


def find_edits(text: str, rules: Iterable[Rule], taken: Sequence[Edit] = ()) -> list[Edit]:
    """The edits of `rules` and those `taken` before, in order; none overlap. The first rule that finds something has it."""
    edits = list(taken)
    left = _without(text, taken)
    for rule in rules:
        found = [Edit(*match.span(rule.group), spoken) for match in rule.pattern.finditer(left)
                 if match[rule.group] and (spoken := rule.say(match))]
        if found:
            left = _without(left, found)
            for edit in found:
                insort(edits, edit)
    return edits


def applied(text: str, edits: Iterable[Edit]) -> str:
    """`text` as it is said."""
    return "".join(spoken for _, _, spoken in parts(text, edits))


def parts(text: str, edits: Iterable[Edit]) -> Iterable[tuple[int, int, str]]:
    """(start, end, what is said of text[start:end]), in order and without gaps; edits are parts of their own. A space keeps
    words apart that an edit would glue together: 5km → five kilometers, B12 → B twelve."""
    at, before = 0, ""
    for edit in edits:
        if at < edit.start:
            yield at, edit.start, _apart(before, text[at:edit.start])
            before = text[edit.start - 1]
        yield edit.start, edit.end, _apart(before, edit.spoken)
        at, before = edit.end, edit.spoken[-1]
    if at < len(text):
        yield at, len(text), _apart(before, text[at:]) if at else text


def _apart(before: str, spoken: str) -> str:
    glued = before.isalnum() and spoken[0].isalnum() and not has_cjk(before) and not has_cjk(spoken[0])
    return f" {spoken}" if glued else spoken


def _without(text: str, edits: Sequence[Edit]) -> str:
    if not edits:
        return text
    kept = []
    at = 0
    for edit in edits:
        kept += [text[at:edit.start], TAKEN * (edit.end - edit.start)]
        at = edit.end
    return "".join([*kept, text[at:]])
