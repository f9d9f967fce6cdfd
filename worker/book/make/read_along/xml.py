"""Text on its way into XML."""

import html
import re

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold (§2.2), however it is written."""


def escaped(text: str) -> str:
    """For content and for attributes in double quotes. What XML can't hold is left out."""
    return html.escape(_ILLEGAL.sub("", text))
