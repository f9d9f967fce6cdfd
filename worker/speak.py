"""The speech role's two steps: a whole short job, and one segment of a long one. Each gives what is left to do once the sound is
there (worker/wrap_ups.py)."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from speechmill.blobs.seam import segment_key
from speechmill.book import ChapterSpec
from speechmill.errors import Unspeakable
from speechmill.job import Output, Unit
from speechmill.request import SpeechSpec
from speechmill.store import verbs
from worker.book.segments import spoken_as
from worker.encode import lossless_bytes
from worker.inputs import PlannedSegment, job_text, planned_segment, reading_of, spec_of
from worker.join import Joiner
from worker.leases import Lease
from worker.publish import publish, publish_lossless
from worker.station import Station
from worker.synthesize import Take, joined_take, silent_take, synthesize
from worker.text.piece import Boundary
from worker.text.whole import whole


def speak_whole(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak; then store the take, encode, upload, publish: all of a job in one claim."""
    spec = spec_of(lease.unit)
    pieces = whole(job_text(station, lease.unit), spec.language, reading_of(spec))
    if len(pieces) == 1:
        return partial(_publish, station, lease, spec, synthesize(station, lease, spec, pieces[0].spoken))
    parts = [(_take_or_silence(station, lease, spec, piece.spoken), piece.boundary) for piece in pieces]
    return partial(_publish_joined, station, lease, spec, parts)


def speak_segment(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak one segment; then store it losslessly under its content key. Joining is the finish step's."""
    unit = lease.unit
    segment = planned_segment(station, unit)
    take = _take_or_silence(station, lease, _segment_spec(unit, segment), segment.text)
    return partial(_commit_segment, station, lease, take)


def _segment_spec(unit: Unit, segment: PlannedSegment) -> SpeechSpec:
    if unit.kind != "chapter":
        return spec_of(unit)
    assert unit.segment is not None
    return spoken_as(ChapterSpec.model_validate(unit.spec), segment, unit.segment)


def _take_or_silence(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    try:
        return synthesize(station, lease, spec, text)
    except Unspeakable:
        # "☺" in Mandarin, say: a book is not worth less for it, and its list of segments tells.
        return silent_take(text)


def _publish(station: Station, lease: Lease, spec: SpeechSpec, take: Take) -> None:
    output = _output(station, lease, spec, take)
    verdict = station.commit(lease, verbs.completed(lease.unit, output, take=take.record(), speak_ms=take.speak_ms))
    station.ring(verdict.bells)


def _publish_joined(station: Station, lease: Lease, spec: SpeechSpec, parts: Sequence[tuple[Take, Boundary]]) -> None:
    """Each take is kept by itself, as a segment's is; the client gets them joined, and the job's one record tells of all."""
    for take, _ in parts:
        _keep(station, lease, take)
    pcm = np.concatenate(list(Joiner().join((take.pcm, boundary) for take, boundary in parts)))
    output = publish(station, lease, spec, iter([pcm]), len(pcm))
    take = joined_take([take for take, _ in parts], pcm)
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
