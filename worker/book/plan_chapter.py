"""The plan step of a chapter."""

from speechmill.book import ChapterSpec
from speechmill.segment_names import segment_names
from worker.book.chapter_text import ChapterText
from worker.book.segments import chapter_pieces, stored_lexicon
from worker.leases import Lease
from worker.plan import commit_plan, planned
from worker.station import Station


def plan_chapter(station: Station, lease: Lease) -> None:
    spec = ChapterSpec.model_validate(lease.unit.spec)
    text = ChapterText.read(station.blobs, lease.unit.input_key)
    pieces = chapter_pieces(text, spec, stored_lexicon(station.blobs, spec))
    names = segment_names((piece.speaker, piece.spoken) for piece in pieces)
    commit_plan(station, lease, (planned(piece, spec.again.get(name, 0)) for piece, name in zip(pieces, names, strict=True)))
