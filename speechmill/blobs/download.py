"""What a download URL gives: an object, under which name a browser saves it, and of which type it is."""

import re
from dataclasses import dataclass

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Download:
    """Raises ValueError for a filename outside letters, digits, `.`, `_` and `-`: names are ours, made from job ids, and
    such a one needs no escaping in a header (RFC 6266 §4.3) or a URL."""

    key: str
    filename: str
    content_type: str

    def __post_init__(self) -> None:
        if not _SAFE_NAME.fullmatch(self.filename):
            raise ValueError(f"filename must be letters, digits, '.', '_' and '-', not {self.filename!r}")

    @property
    def content_disposition(self) -> str:
        """The Content-Disposition header that makes a browser save the object instead of showing it."""
        return f'attachment; filename="{self.filename}"'
