"""The plan step: cut a long text into segments and write down how."""

from collections.abc import Iterable

from speechmill.blobs.seam import plan_key
from speechmill.store import verbs
from speechmill.store.verbs import Place
from worker.inputs import PlannedSegment, job_text, reading_of, spec_of
from worker.leases import Lease
from worker.station import Station
from worker.text.cut import cut
from worker.text.piece import Piece


def plan(station: Station, lease: Lease) -> None:
    spec = spec_of(lease.unit)
    pieces = cut(job_text(station, lease.unit), spec.language, reading_of(station, lease.unit, spec))
    commit_plan(station, lease, map(planned, pieces))


def planned(piece: Piece, again: int = 0) -> PlannedSegment:
    return PlannedSegment(piece.start, piece.end, piece.spoken, piece.boundary, piece.speaker, piece.written, again)


def commit_plan(station: Station, lease: Lease, segments: Iterable[PlannedSegment]) -> None:
    """These may be spoken."""
    unit = lease.unit
    lines = bytearray()
    places = []
    for segment in segments:
        lease.check()
        line = segment.line()
        places.append(Place(len(lines), len(line), len(segment.text)))
        lines += line
    key = plan_key(unit.tenant, unit.job_id, unit.token)
    station.upload(lease, key, bytes(lines), "application/jsonl")
    verdict = station.commit(lease, verbs.planned(unit, key, places))
    station.ring(verdict.bells)
