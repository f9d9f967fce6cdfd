"""The names of a batch's files in its archive: those of the lines' custom_ids, made safe for every file system."""

import hashlib
import re
import unicodedata

_UNSAFE = re.compile(r"[^\w.+=@ -]+")
_MOST_BYTES = 120
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10))}
"""What Windows takes for devices, with whatever ending."""


def safe_name(custom_id: str) -> str:
    """Letters, digits and a few signs stay; all else becomes "_". Never empty, hidden, a device, or longer than 120 bytes."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", custom_id))
    name = name.encode()[:_MOST_BYTES].decode("utf-8", "ignore").strip(". ")
    if not name or name.partition(".")[0].lower() in _RESERVED:
        name = f"_{name}"
    return name


class MemberNames:
    """One name for each line, unique also where neither case nor composition counts. 16 bytes of each are remembered."""

    def __init__(self) -> None:
        self._taken: set[bytes] = set()

    def name(self, custom_id: str, number: int) -> str:
        """`number`: of the line; behind a "~", which no safe name has, it tells apart what would be called the same."""
        name = safe_name(custom_id)
        folded = unicodedata.normalize("NFKC", name).casefold()
        known = hashlib.blake2b(folded.encode(), digest_size=16).digest()
        if known in self._taken:
            return f"{name}~{number}"
        self._taken.add(known)
        return name
