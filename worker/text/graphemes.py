"""Where a text may be cut without tearing a character that people see as one (UAX #29 grapheme clusters)."""

import regex  # type: ignore[import-untyped]

# \X alone takes time that grows with the square of a row of flags, each of which is two regional indicators.
_CLUSTER = regex.compile(r"\p{RI}{2}[\p{GCB=Extend}\p{GCB=SpacingMark}\u200d]*+|\X")


def may_cut(text: str, at: int) -> bool:
    """Whether a cluster starts at `at`, 0 < at < len(text), which follows a space or the end of a sentence. Looks at two
    characters only: enough there, and quick where ends are many."""
    cluster = _CLUSTER.match(text, at - 1, at + 1)
    return cluster is not None and bool(cluster.end() == at)


def cuts_within(text: str, start: int, high: int) -> set[int]:
    """Every place in start < place <= high where a cluster starts, given that one starts at `start`."""
    return {cluster.start() for cluster in _CLUSTER.finditer(text, start, high + 1)} - {start}
