"""Flags: what a check noticed about a take."""

from collections.abc import Sequence
from enum import StrEnum


class Flag(StrEnum):
    """The gravest first. Their values are public: GET …/segments lists them."""

    UNSPEAKABLE = "unspeakable"        # the voice has no sound for the text; a moment of silence stands for it
    TOO_LONG = "too_long"              # longer than its text can take, or still going when it was stopped
    TOO_SHORT = "too_short"            # so short that words must be missing
    LOOPING = "looping"                # it says the same over and over
    CUT_OFF = "cut_off"                # it ends in the middle of a sound
    INNER_SILENCE = "inner_silence"    # a hole between words
    CLIPPING = "clipping"              # peaks cut off at full scale
    TOO_QUIET = "too_quiet"


_ORDER = tuple(Flag)


def gravity(flags: Sequence[Flag]) -> tuple[int, int]:
    """The least of these is the take to keep: it is the one whose gravest flag is the least grave, and among equals the one
    with fewer flags."""
    return max((len(_ORDER) - _ORDER.index(flag) for flag in flags), default=0), len(flags)
