"""A tenant's own lexicons: named, kept, and asked for in requests as `lexicon_ids`. The one called `default` holds wherever a
request says nothing of lexicons."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from speechmill.errors import InvalidRequest
from speechmill.lexicon.entry import Entry

DEFAULT = "default"
MAX_ENTRIES = 20_000
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class KeptLexicon:
    """What is known of a lexicon without reading it. `sha256` is that of its content, `bytes` long; times are Unix ms."""

    name: str
    sha256: str
    entries: int
    bytes: int
    updated_ms: int


@dataclass(frozen=True)
class LexiconContent:
    """Entries as they are kept: JSON that parse_lexicon reads."""

    text: str
    entries: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def lexicon_name(text: str) -> str:
    """Raises InvalidRequest."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise InvalidRequest(f"A lexicon's name is 1 to 64 of A-Z, a-z, 0-9, - and _, not {text[:80]!r}.", param="name")
    return text


def content_of(entries: Iterable[Entry]) -> LexiconContent:
    """Raises InvalidRequest where there are none, or too many."""
    kept = [{name: value for name, value in asdict(entry).items() if value} for entry in entries]
    if not kept:
        raise InvalidRequest('The lexicon has no entries; send words and how they are said, as in {"Nguyen": "win"}.',
                             param="body")
    if len(kept) > MAX_ENTRIES:
        raise InvalidRequest(f"The lexicon has {len(kept):,} entries; at most {MAX_ENTRIES:,} are taken.", param="body")
    content = LexiconContent(json.dumps(kept, ensure_ascii=False, separators=(",", ":")), len(kept))
    if len(content.text.encode()) > MAX_BYTES:
        raise InvalidRequest(f"The lexicon has more than {MAX_BYTES:,} bytes; make it two.", param="body")
    return content


def lexicon_view(lexicon: KeptLexicon) -> dict[str, Any]:
    """The object of the HTTP contract."""
    return {"id": lexicon.name, "object": "audio.lexicon", "entries": lexicon.entries, "bytes": lexicon.bytes,
            "sha256": lexicon.sha256, "updated_at": lexicon.updated_ms // 1000}
