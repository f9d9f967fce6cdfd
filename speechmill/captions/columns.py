"""How wide a text is on a screen, and where a line of it may end."""

import unicodedata

SENTENCE_ENDS = ".!?…。！？"
PAUSES = ",;:—–、，；："
CLOSING = "\"'”’»)]」』）"
_ZERO_WIDTH_JOINER = "\u200d"


def columns(text: str) -> int:
    """A Chinese or Japanese character, or an emoji, takes two."""
    return sum(0 if unicodedata.combining(character) else 2 if _wide(character) else 1 for character in text)


def n_fitting(text: str, most_columns: int) -> int:
    """How many characters of `text` fill so many columns, one at least; those that people see as one stay together."""
    taken = 0
    for n_characters, character in enumerate(text):
        taken += columns(character)
        if taken > most_columns:
            return _apart(text, max(1, n_characters))
    return len(text)


def may_cut(text: str, place: int) -> bool:
    """Between words: at a space, or next to a wide character that does not open or end anything."""
    before, after = text[place - 1], text[place:place + 1]
    if not after or after.isspace():
        return True
    if after in SENTENCE_ENDS + PAUSES + CLOSING or _are_one(before, after):
        return False
    if unicodedata.category(before) in ("Ps", "Pi"):  # it opens something
        return False
    return before.isspace() or (_wide(before) and (_wide(after) or before in SENTENCE_ENDS + PAUSES))


def _apart(text: str, place: int) -> int:
    """The last place up to here that parts no two characters that are one to the eye; `place` where there is none."""
    for earlier in range(place, 0, -1):
        if not _are_one(text[earlier - 1], text[earlier]):
            return earlier
    return place


def _are_one(before: str, after: str) -> bool:
    """Marks, joined emoji and their skin tones, flags: what UAX #29 keeps together and is likely to be met here."""
    return (unicodedata.category(after)[0] == "M" or _ZERO_WIDTH_JOINER in (before, after)
            or "\U0001f3fb" <= after <= "\U0001f3ff"
            or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff"))


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
