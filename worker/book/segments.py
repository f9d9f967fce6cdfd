"""A chapter as segments: cut by speaker and by sentence, with the book's lexicon; and how each of them is to be spoken."""

import hashlib
import json

from speechmill.blobs.seam import Blobs
from speechmill.book import ChapterSpec, Order
from speechmill.request import SpeechSpec
from worker.book.chapter_text import ChapterText
from worker.inputs import PlannedSegment
from worker.text.cut import cut
from worker.text.lexicon.lexicon import Lexicon
from worker.text.lexicon.parse import parse_lexicon
from worker.text.piece import Piece
from worker.text.reading import Reading


def chapter_pieces(text: ChapterText, spec: SpeechSpec, lexicon: Lexicon) -> list[Piece]:
    """In order; their spans tile the text."""
    return cut(text.text, spec.language, Reading(normalise=spec.normalize, lexicon=lexicon), text.castings)


def lexicon_file(order: Order) -> str:
    """The lexicon that a client gave with a book, as a file; empty where there is none."""
    return order.lexicon_file or (json.dumps(order.lexicon, ensure_ascii=False) if order.lexicon else "")


def lexicon_of(order: Order) -> Lexicon:
    """Raises InvalidRequest that names the entry."""
    return parse_lexicon(lexicon_file(order)) if lexicon_file(order) else Lexicon()


def stored_lexicon(blobs: Blobs, spec: ChapterSpec) -> Lexicon:
    """Raises BlobMissing, BlobsUnavailable."""
    if not spec.lexicon_key:
        return Lexicon()
    with blobs.open(spec.lexicon_key) as stream:
        return parse_lexicon(stream.read())


def spoken_as(spec: ChapterSpec, segment: PlannedSegment, n: int) -> SpeechSpec:
    """What segment `n` of a chapter is spoken with: its speaker's voice, and a seed of its own where it was asked to sound
    otherwise. A speaker that the cast does not have is the narrator."""
    changes: dict[str, object] = {}
    if voice := spec.cast.get(segment.speaker.casefold()):
        changes |= {"voice": voice.voice, "instructions": voice.instructions, "reference": voice.reference}
    if n in spec.again:
        changes["seed"] = int.from_bytes(hashlib.sha256(f"{spec.seed}/{spec.again[n]}".encode()).digest()[:7], "big")
    return spec.model_copy(update=changes)
