"""A chapter as segments: cut by speaker and by sentence, with the book's lexicon; and how each of them is to be spoken."""

import hashlib
import json

from speechmill.blobs.seam import Blobs
from speechmill.book import ChapterSpec, Order
from speechmill.lexicon.entry import Entry
from speechmill.lexicon.parse import parse_lexicon
from speechmill.request import SpeechSpec
from worker.book.chapter_text import ChapterText
from worker.inputs import PlannedSegment
from worker.text.cut import cut
from worker.text.lexicon.lexicon import Lexicon
from worker.text.piece import Piece
from worker.text.reading import Reading


def chapter_pieces(text: ChapterText, spec: SpeechSpec, lexicon: Lexicon) -> list[Piece]:
    """In order; their spans tile the text."""
    return cut(text.text, spec.language, Reading(normalise=spec.normalize, lexicon=lexicon), text.castings)


def lexicon_of(order: Order) -> tuple[Entry, ...]:
    """The one that a client gave with a book. Raises InvalidRequest that names the entry."""
    return parse_lexicon(order.lexicon_file or json.dumps(order.lexicon or {}))


def stored_lexicon(blobs: Blobs, spec: ChapterSpec) -> Lexicon:
    """Raises BlobMissing, BlobsUnavailable."""
    if not spec.lexicon_key:
        return Lexicon()
    with blobs.open(spec.lexicon_key) as stream:
        return Lexicon(parse_lexicon(stream.read()))


def spoken_as(spec: ChapterSpec, segment: PlannedSegment) -> SpeechSpec:
    """What a segment of a chapter is spoken with: its speaker's voice, and a seed of its own where it was asked to sound
    otherwise. A speaker that the cast does not have is the narrator."""
    changes: dict[str, object] = {}
    if voice := spec.cast.get(segment.speaker.casefold()):
        changes |= {"voice": voice.voice, "instructions": voice.instructions, "reference": voice.reference}
    if segment.again:
        changes["seed"] = int.from_bytes(hashlib.sha256(f"{spec.seed}/{segment.again}".encode()).digest()[:7], "big")
    return spec.model_copy(update=changes)
