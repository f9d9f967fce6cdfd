"""The plan step: cut a long text into segments and write down how."""

from speechmill.blobs.seam import plan_key
from speechmill.store import verbs
from speechmill.store.verbs import Place
from worker.inputs import PlannedSegment, job_text, spec_of
from worker.leases import Lease
from worker.station import Station
from worker.text.cut import cut


def plan(station: Station, lease: Lease) -> None:
    unit = lease.unit
    text = job_text(station, unit)
    lines = bytearray()
    places = []
    for piece in cut(text, spec_of(unit).language):
        lease.check()
        line = PlannedSegment(piece.start, piece.end, piece.spoken, piece.boundary).line()
        places.append(Place(len(lines), len(line), len(piece.spoken)))
        lines += line
    key = plan_key(unit.tenant, unit.job_id, unit.token)
    station.upload(lease, key, bytes(lines), "application/jsonl")
    verdict = station.commit(lease, verbs.planned(unit, key, places))
    station.ring(verdict.bells)
