"""The speech role's two steps: a whole short job, and one segment of a long one. Each gives what is left to do once the sound is
there (worker/wrap_ups.py)."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from speechmill.blobs.seam import segment_key
from speechmill.book import ChapterSpec
from speechmill.errors import Unspeakable
from speechmill.job import Unit
from speechmill.request import SpeechSpec
from speechmill.store import verbs
from worker.book.segments import spoken_as
from worker.encode import lossless_bytes
from worker.heard import heard, said_of, word_times, words_record
from worker.inputs import PlannedSegment, job_text, planned_segment, reading_of, spec_of
from worker.join import Joiner
from worker.leases import Lease
from worker.publish import Published, publish, publish_lossless
from worker.station import Station
from worker.streams.speak import speak_streamed
from worker.synthesize import Take, joined_take, known_take, silent_take, synthesize
from worker.take_note import Note, with_note
from worker.text.piece import Piece
from worker.text.whole import whole
from worker.times.timeline import Heard, sentences


def speak_whole(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak; then store the take, encode, upload, publish: all of a job in one claim."""
    spec = spec_of(lease.unit)
    if spec.streamed:
        return speak_streamed(station, lease)
    pieces = whole(job_text(station, lease.unit), spec.language, reading_of(station, lease.unit, spec))
    if len(pieces) == 1:
        return partial(_publish, station, lease, spec, pieces[0], synthesize(station, lease, spec, pieces[0].spoken))
    takes = [_take_or_silence(station, lease, spec, piece.spoken) for piece in pieces]
    return partial(_publish_joined, station, lease, spec, pieces, takes)


def speak_segment(station: Station, lease: Lease) -> Callable[[], None]:
    """Speak one segment; then store it losslessly under its content key. Joining is the finish step's."""
    unit = lease.unit
    segment = planned_segment(station, unit)
    spec = _segment_spec(unit, segment)
    # When words are heard can only be told from the sound.
    if spec.timestamps != "word" and (record := known_take(station, lease, spec, segment.text)):
        return partial(_commit_record, station, lease, record)
    take = _take_or_silence(station, lease, spec, segment.text)
    return partial(_commit_segment, station, lease, spec, segment.text, take)


def _segment_spec(unit: Unit, segment: PlannedSegment) -> SpeechSpec:
    return spoken_as(ChapterSpec.model_validate(unit.spec), segment) if unit.kind == "chapter" else spec_of(unit)


def _take_or_silence(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    try:
        return synthesize(station, lease, spec, text)
    except Unspeakable:
        # "☺" in Mandarin, say: a book is not worth less for it, and its list of segments tells.
        return silent_take(text)


def _publish(station: Station, lease: Lease, spec: SpeechSpec, piece: Piece, take: Take) -> None:
    published = _published(station, lease, spec, take)
    segment = heard(said_of(piece), take.pcm, word_times(station, spec, piece.spoken, take.pcm), 0.0)
    _commit(station, lease, published, [segment], take)


def _publish_joined(station: Station, lease: Lease, spec: SpeechSpec, pieces: Sequence[Piece], takes: Sequence[Take]) -> None:
    """Each take is kept by itself, as a segment's is; the client gets them joined, and the job's one record tells of all."""
    for take in takes:
        _keep(station, lease, take)
    joiner = Joiner()
    sounds = [(take.pcm, piece.boundary) for take, piece in zip(takes, pieces, strict=True)]
    pcm = np.concatenate(list(joiner.join(sounds)))
    published = publish(station, lease, spec, iter([pcm]), len(pcm))
    segments = [heard(said_of(piece), take.pcm, word_times(station, spec, piece.spoken, take.pcm), span.start_s)
                for piece, take, span in zip(pieces, takes, joiner.spans, strict=True)]
    _commit(station, lease, published, segments, joined_take(takes, pcm))


def _commit(station: Station, lease: Lease, published: Published, segments: Sequence[Heard], take: Take) -> None:
    times = list(sentences(segments, published.clock))
    verdict = station.commit(lease, verbs.completed(lease.unit, published.output, take=take.record(), speak_ms=take.speak_ms,
                                                    times=times))
    station.ring(verdict.bells)


def _published(station: Station, lease: Lease, spec: SpeechSpec, take: Take) -> Published:
    kept = _keep(station, lease, take)
    if kept is not None and spec.response_format == "flac" and spec.speed == 1:
        # What the client asked for is what was kept: encoding is most of what serving costs.
        return publish_lossless(station, lease, kept, take.duration_s)
    return publish(station, lease, spec, iter([take.pcm]), len(take.pcm))


def _commit_segment(station: Station, lease: Lease, spec: SpeechSpec, text: str, take: Take) -> None:
    _keep(station, lease, take)
    _commit_record(station, lease, take.record() | words_record(word_times(station, spec, text, take.pcm)))


def _commit_record(station: Station, lease: Lease, record: dict[str, object]) -> None:
    verdict = station.commit(lease, verbs.spoken(lease.unit, record))
    station.ring(verdict.bells)


def _keep(station: Station, lease: Lease, take: Take) -> bytes | None:
    """Store a passing take at once: no crash or retry from here on speaks it again. As FLAC; None where it is kept already."""
    if take.cached:
        return None
    kept = with_note(lossless_bytes(take.pcm), Note(len(take.pcm), take.flags))
    station.upload(lease, segment_key(lease.unit.tenant, take.content_key), kept, "audio/flac")
    return kept
