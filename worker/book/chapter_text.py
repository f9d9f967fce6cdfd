"""The object in which a chapter's text waits: plain text, and who speaks where."""

import json
from dataclasses import asdict, dataclass

from speechmill.blobs.seam import Blobs
from worker.book.content import Casting


@dataclass(frozen=True)
class ChapterText:
    text: str
    castings: tuple[Casting, ...] = ()

    def content(self) -> bytes:
        told = {"text": self.text, "castings": [asdict(casting) for casting in self.castings]}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def read(cls, blobs: Blobs, key: str) -> "ChapterText":
        """Raises BlobMissing, BlobsUnavailable."""
        with blobs.open(key) as stream:
            told = json.loads(stream.read())
        return cls(told["text"], tuple(Casting(**casting) for casting in told["castings"]))
