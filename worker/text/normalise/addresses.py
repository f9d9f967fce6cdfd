"""URLs and e-mail addresses, read sign by sign: info@example.com → info at example dot com."""

import re
from collections.abc import Callable, Mapping

from worker.text.normalise.edit import Rule

_ENDINGS = "com|org|net|edu|gov|info|io|ai|dev|app|co|uk|de|fr|es|it|nl|eu|ch|at|jp|cn|tw|hk|kr|ru|in|au|ca|us|br|me|tv"
_HOST = rf"(?:[A-Za-z0-9-]+\.)+(?:{_ENDINGS})(?![A-Za-z0-9-])"
_PATH = r"(?:[/?#][A-Za-z0-9/?#&=%._~+:@,;!*()-]*)?"
_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![A-Za-z0-9-])")
_URL = re.compile(rf"(?:https?|ftp)://[A-Za-z0-9/?#&=%._~+:@,;!*()-]*[A-Za-z0-9/=]|(?<![A-Za-z0-9.@-]){_HOST}(?::\d+)?{_PATH}")
_SCHEME = re.compile(r"^(?:https?|ftp)://")
_PART = re.compile(r"[A-Za-z]+|\d|.")
_TRAILING = ".,;:!?)"


def addresses(signs: Mapping[str, str], digit: Callable[[int], str], glue: str = " ") -> tuple[Rule, Rule]:
    """`signs` says what . / @ - and the others are called, `digit` a digit; `glue` stands between two parts. A sign without a
    name stays as it is. The scheme (https://) is not read."""
    def spelled(address: str) -> str:
        return glue.join(signs.get(part, digit(int(part)) if part.isdecimal() else part) for part in _PART.findall(address))

    def url(match: re.Match[str]) -> str | None:
        address = _SCHEME.sub("", match[0])
        bare = address.rstrip(_TRAILING)
        if not bare:
            return None
        return spelled(bare.rstrip("/") or bare) + address[len(bare):]

    return Rule(_EMAIL, lambda match: spelled(match[0])), Rule(_URL, url)
