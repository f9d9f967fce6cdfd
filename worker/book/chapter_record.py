"""What is kept of a chapter that was made, beside its files: enough to bind books with it, and to know it again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from speechmill.book import ChapterSpec
from worker.accepted import Accepted
from worker.book.make.chapter import MadeChapter
from worker.book.make.parts import Part

VERSION = 1
"""Of how chapters are joined and encoded: with another one, nothing that was made before is used again."""


@dataclass(frozen=True)
class ChapterRecord:
    """`key` stands for everything that the chapter's files are made from. `parts`: name of the file of each."""

    key: str
    n_samples: int
    parts: Mapping[str, Part]
    loudness: Mapping[str, Any]

    @classmethod
    def of(cls, key: str, made: MadeChapter) -> "ChapterRecord":
        loudness = {"heard": asdict(made.heard), "gain_db": made.gain.gain_db, "note": made.gain.note,
                    "delivered": asdict(made.delivered), "limited_samples": made.n_limited,
                    "acx": None if made.acx is None else {"passed": made.acx.passed, "limits": [
                        {**asdict(limit), "passed": limit.passed} for limit in made.acx.limits]}}
        return cls(key, made.n_samples, {f"part.{part.format}": part for part in made.parts}, loudness)

    def content(self) -> bytes:
        parts = {name: {**asdict(part), "path": ""} for name, part in self.parts.items()}
        return json.dumps({"key": self.key, "n_samples": self.n_samples, "parts": parts, "loudness": self.loudness}).encode()

    @classmethod
    def read(cls, content: bytes, folder: Path) -> "ChapterRecord":
        """With its parts' files in `folder`, under the names that they have in storage."""
        told = json.loads(content)
        parts = {name: Part(**{**part, "path": folder / name}) for name, part in told["parts"].items()}
        return cls(told["key"], told["n_samples"], parts, told["loudness"])


def chapter_key(spec: ChapterSpec, segments: Sequence[Accepted], cover: bytes) -> str:
    """SHA-256 over what a chapter is made from: its takes and pauses, what its files say of it, and how they are made."""
    about = [VERSION, spec.title, spec.track, spec.tracks, spec.book_title, spec.book_author, spec.voice, spec.language,
             sorted(spec.formats), spec.loudness, hashlib.sha256(cover).hexdigest()]
    takes = [[segment.take["key"], segment.take["samples"], segment.segment.boundary] for segment in segments]
    return hashlib.sha256(json.dumps([about, takes], ensure_ascii=True).encode()).hexdigest()
