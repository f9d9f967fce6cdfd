"""The plan step of a chapter."""

from speechmill.book import ChapterSpec
from worker.book.chapter_text import ChapterText
from worker.book.segments import chapter_pieces, stored_lexicon
from worker.leases import Lease
from worker.plan import commit_plan
from worker.station import Station


def plan_chapter(station: Station, lease: Lease) -> None:
    spec = ChapterSpec.model_validate(lease.unit.spec)
    text = ChapterText.read(station.blobs, lease.unit.input_key)
    commit_plan(station, lease, chapter_pieces(text, spec, stored_lexicon(station.blobs, spec)))
