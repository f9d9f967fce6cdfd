"""Where a text may be cut without tearing a character that people see as one (UAX #29 grapheme clusters)."""

import regex  # type: ignore[import-untyped]

_EXTENDS = r"[\p{GCB=Extend}\p{GCB=SpacingMark}\u200d]"
_EXTENDING = regex.compile(_EXTENDS)
# \X alone takes time that grows with the square of a row of flags, each of which is two regional indicators.
_CLUSTER = regex.compile(rf"\p{{RI}}{{2}}{_EXTENDS}*+|\X")


def may_cut(text: str, at: int) -> bool:
    """Whether a cluster surely starts at `at`, 0 < at < len(text). Looks at two characters only, and so says no where only
    a longer look could tell: after a combining mark or a joiner, and between the letters of flags."""
    if _EXTENDING.match(text, at - 1):
        return False
    cluster = _CLUSTER.match(text, at - 1, at + 1)
    return cluster is not None and bool(cluster.end() == at)


def cuts_within(text: str, start: int, high: int) -> set[int]:
    """Every place in start < place <= high where a cluster starts, given that one starts at `start`."""
    return {cluster.start() for cluster in _CLUSTER.finditer(text, start, high + 1)} - {start}
