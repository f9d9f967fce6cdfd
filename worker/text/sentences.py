"""Sentences, by the rules of their language (sentencex), in time linear in the text."""

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries  # type: ignore[import-untyped]

from worker.text.graphemes import cuts_within, may_cut

_WINDOW = 2_000
"""Characters that sentencex sees at once. Its time grows with the square of what it is given (40,000 characters of Chinese
dialogue take 0.26 s, the same in windows 0.02 s), and past some 10,000 characters its spans have gaps."""

_SAME_RULES = {"cmn": "zh", "yue": "zh", "wuu": "zh", "nb": "no", "nn": "no"}
_QUOTES = str.maketrans(dict.fromkeys("\"“”„‟«»‹›「」『』《》〈〉()（）[]【】", " "))
_CLOSERS = frozenset("\"'“”’»›」』》〉)）]】 ")
_CALLS_FOR_A_NUMBER = re.compile(r"(?<!\w)(?:[Nn]os?|[Vv]ols?|[Ff]igs?|[Cc]h|pp?|approx|ca)\.\s*\Z")
_LONGEST_CALL = 12


def sentence_spans(text: str, language: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whole) of each sentence of `text`, in order and without gaps. A sentence of more than a window comes in
    parts, of which only the last is `whole`, which says that a sentence ends here. Never cuts a grapheme cluster of less
    than a window."""
    start = 0
    while start < len(text):
        window = text[start:start + _WINDOW]
        ends = _ends(window, language)
        whole = True
        if start + len(window) < len(text):
            ends.pop()  # where the window ends, not a sentence
            if not ends:
                ends, whole = [_cut_at_space(window)], False
        begin = start
        for end in ends:
            yield begin, start + end, whole
            begin = start + end
        start = begin


def calls_for_a_number(text: str, end: int) -> bool:
    """Whether text[:end] ends with "No." or the like, and a digit follows: sentencex takes some of them for a sentence's end."""
    return text[end:end + 1].isdecimal() and _CALLS_FOR_A_NUMBER.search(text[max(0, end - _LONGEST_CALL):end]) is not None


def ends_inside_quotes(sentence: str, language: str) -> list[int]:
    """Where sentences end inside a sentence that quotes several: “One. Two!” he said."""
    ends = []
    for end in _ends(sentence.translate(_QUOTES), language):
        while end < len(sentence) and sentence[end] in _CLOSERS:
            end += 1
        ends.append(end)
    return ends


def _ends(window: str, language: str) -> list[int]:
    primary = language.lower().partition("-")[0]
    spans = get_sentence_boundaries(_SAME_RULES.get(primary, primary), window)
    ends = {span["end_index"] for span in spans}
    return [*sorted(end for end in ends if 0 < end < len(window) and may_cut(window, end)), len(window)]


def _cut_at_space(window: str) -> int:
    space = window.rfind(" ", len(window) // 2, len(window) - 1) + 1
    if space and may_cut(window, space):
        return space
    return max(cuts_within(window, 0, len(window) - 1), default=len(window))
