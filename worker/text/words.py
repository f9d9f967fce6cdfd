"""The words of a text that have times of their own."""

import re

from speechmill.request import is_speakable

_NO_SPACES = (r"\u2e80-\u2fdf\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
              r"\U00020000-\U0003ffff")
"""Han and kana, but not what lengthens the kana before it."""
_DASHES = "—–…"
_WORD = re.compile(rf"[{_NO_SPACES}][ー\u3099\u309a\ufe00-\ufe0f]*|[^\s{_DASHES}{_NO_SPACES}]+")
_AROUND = "\"'“”„‟‘’‚«»‹›()[]{}<>*_.,;:!?¡¿¡、。，；：！？（）「」『』《》【】·~|\\/"


def words_in(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word, in order: what stands between spaces or dashes, without the marks around it; in Chinese and
    Japanese each character. What has nothing to speak is none."""
    found = []
    for word in _WORD.finditer(text):
        start, end = word.span()
        start += len(word[0]) - len(word[0].lstrip(_AROUND))
        end -= len(word[0]) - len(word[0].rstrip(_AROUND))
        if start < end and any(map(is_speakable, text[start:end])):
            found.append((start, end))
    return found
