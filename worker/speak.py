"""The speech role's two steps: a whole short job, and one segment of a long one. Each gives what is left to do once the sound is
there (worker/wrap_ups.py)."""

from collections.abc import Callable
from functools import partial

from speechmill.blobs.seam import segment_key
from speechmill.errors import Unspeakable
from speechmill.job import Output
from speechmill.request import SpeechSpec
from speechmill.store import verbs
from worker.encode import lossless_bytes
from worker.inputs import job_text, planned_segment, spec_of
from worker.leases import Lease
from worker.publish import publish, publish_lossless
from worker.station import Station
from worker.synthesize import Take, silent_take, synthesize


def speak_whole(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak; then store the take, encode, upload, publish: all of a job in one claim."""
    spec = spec_of(lease.unit)
    take = synthesize(station, lease, spec, job_text(station, lease.unit).strip())
    return partial(_publish, station, lease, spec, take)


def speak_segment(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak one segment; then store it losslessly under its content key. Joining is the finish step's."""
    unit = lease.unit
    text = planned_segment(station, unit).text
    try:
        take = synthesize(station, lease, spec_of(unit), text)
    except Unspeakable:
        # "☺" in Mandarin, say: a book is not worth less for it, and its list of segments tells.
        take = silent_take(text)
    return partial(_commit_segment, station, lease, take)


def _publish(station: Station, lease: Lease, spec: SpeechSpec, take: Take) -> None:
    output = _output(station, lease, spec, take)
    verdict = station.commit(lease, verbs.completed(lease.unit, output, take=take.record(), speak_ms=take.speak_ms))
    station.ring(verdict.bells)


def _output(station: Station, lease: Lease, spec: SpeechSpec, take: Take) -> Output:
    kept = _keep(station, lease, take)
    if kept is not None and spec.response_format == "flac" and spec.speed == 1:
        # What the client asked for is what was kept: encoding is most of what serving costs.
        return publish_lossless(station, lease, kept, take.duration_s)
    return publish(station, lease, spec, iter([take.pcm]), len(take.pcm))


def _commit_segment(station: Station, lease: Lease, take: Take) -> None:
    _keep(station, lease, take)
    verdict = station.commit(lease, verbs.spoken(lease.unit, take.record()))
    station.ring(verdict.bells)


def _keep(station: Station, lease: Lease, take: Take) -> bytes | None:
    """Store a passing take at once: no crash or retry from here on speaks it again. As FLAC; None where it is kept already."""
    if take.cached:
        return None
    kept = lossless_bytes(take.pcm)
    station.upload(lease, segment_key(lease.unit.tenant, take.content_key), kept, "audio/flac")
    return kept
