"""Whether a full stop ends a sentence: captions break behind those that do, and a sentence has others inside it.

Times of jobs come sentence by sentence, and books segment by segment, with several sentences in one. No list of abbreviations is
complete: where a full stop may as well belong to one, it counts as none, and a comma is a better place to break.
"""

import re

from speechmill.captions.columns import CLOSING, SENTENCE_ENDS

_OPENING = "\"'“‘„‚«‹([¿¡"
_LAST_WORD = re.compile(r"(\w\S*)\.\Z")
_INITIALS = re.compile(r"(?:[^\W\d]\.)*[^\W\d]")       # J. R. R., z. B., U.S., e.g.
_ORDINAL = re.compile(r"\d\d?")                        # am 3. Mai
_NUMBERED = re.compile(r"[^\W\d]{1,4}")                # where a number follows: No. 7, Fig. 2, Jan. 3, Abs. 1
_WITHOUT_VOWELS = re.compile(r"[b-df-hj-np-tv-xz]+", re.IGNORECASE)   # Dr., Mrs., St., Nr., bzw.
_BEFORE_NAMES = frozenset(("capt", "co", "col", "cpl", "dra", "fra", "gen", "gov", "hon", "inc", "ing", "insp", "maj", "messrs",
                           "mlle", "mme", "prof", "rep", "rev", "sen", "sra", "supt"))


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence seems to end at text[:place], what closes a quotation and the space behind it included."""
    before = text[:place].rstrip().rstrip(CLOSING)
    if not before or before[-1] not in SENTENCE_ENDS:
        return False
    if not before.endswith(".") or before.endswith(".."):
        return True
    after = text[place:].lstrip().lstrip(_OPENING)
    if after[:1].islower():
        return False
    last = _LAST_WORD.search(before)
    return last is None or not _is_short_for_more(last[1], after)


def _is_short_for_more(word: str, after: str) -> bool:
    return (word.lower() in _BEFORE_NAMES
            or any(short.fullmatch(word) is not None for short in (_INITIALS, _ORDINAL, _WITHOUT_VOWELS))
            or (after[:1].isdecimal() and _NUMBERED.fullmatch(word) is not None))
