"""The speech role's two steps: a whole short job, and one segment of a long one."""

from speechmill.blobs.seam import segment_key
from speechmill.errors import Unspeakable
from speechmill.store import verbs
from worker.encode import lossless_bytes
from worker.inputs import job_text, planned_segment, spec_of
from worker.leases import Lease
from worker.publish import publish
from worker.station import Station
from worker.synthesize import Take, silent_take, synthesize


def speak_whole(station: Station, lease: Lease) -> None:
    """Speak, store the take, encode, upload, publish: all of a job in one claim."""
    unit = lease.unit
    spec = spec_of(unit)
    take = synthesize(station, lease, spec, job_text(station, unit).strip())
    _keep(station, lease, take)
    output = publish(station, lease, spec, iter([take.pcm]), len(take.pcm))
    verdict = station.commit(lease, verbs.completed(unit, output, take=take.record(), speak_ms=take.speak_ms))
    station.ring(verdict.bells)


def speak_segment(station: Station, lease: Lease) -> None:
    """Speak one segment and store it losslessly under its content key; joining is the finish step's."""
    unit = lease.unit
    text = planned_segment(station, unit).text
    try:
        take = synthesize(station, lease, spec_of(unit), text)
    except Unspeakable:
        # "☺" in Mandarin, say: a book is not worth less for it, and its list of segments tells.
        take = silent_take(text)
    _keep(station, lease, take)
    verdict = station.commit(lease, verbs.spoken(unit, take.record()))
    station.ring(verdict.bells)


def _keep(station: Station, lease: Lease, take: Take) -> None:
    """Store a passing take at once: no crash or retry from here on speaks it again."""
    if not take.cached:
        key = segment_key(lease.unit.tenant, take.content_key)
        station.upload(lease, key, lossless_bytes(take.pcm), "audio/flac")
