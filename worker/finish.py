"""The finish step: join a job's segments in order, encode once, publish."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from speechmill.blobs.seam import result_key
from speechmill.store import verbs
from speechmill.timestamps import TIMES_FIELD, SentenceTime
from worker.accepted import Accepted, accepted_segments, n_samples_of, sounds
from worker.heard import said_of, words_of_record
from worker.inputs import spec_of
from worker.join import Joiner, Span
from worker.leases import Lease
from worker.publish import publish
from worker.scratch import making
from worker.station import Station
from worker.text.piece import Boundary
from worker.times.clock import FileClock
from worker.times.segment import Cut, cuts_of, written_words
from worker.times.timeline import Heard, sentences
from worker.voices.seam import Pcm


def finish(station: Station, lease: Lease) -> None:
    """Memory holds one segment's sound at a time, however long the job."""
    unit = lease.unit
    spec = spec_of(unit)
    parts = accepted_segments(station, lease)
    joiner = Joiner()
    cuts: list[list[Cut]] = []
    passing = _cutting(sounds(station, lease, parts), parts, cuts)
    published = publish(station, lease, spec, joiner.join(passing), n_samples_of(parts))
    times = sentences(_heard(parts, joiner.spans, cuts), published.clock)
    manifest_key = _upload_manifest(station, lease, _lines(parts, joiner.spans, published.clock, times))
    speak_ms = sum(part.take["speak_ms"] for part in parts)
    output = published.output.model_copy(update={"manifest_key": manifest_key})
    station.ring(station.commit(lease, verbs.completed(unit, output, take=None, speak_ms=speak_ms)).bells)


def _cutting(passing: Iterable[tuple[Pcm, Boundary]], parts: Iterable[Accepted],
             cuts: list[list[Cut]]) -> Iterator[tuple[Pcm, Boundary]]:
    """The sound, as it is; `cuts` grows by where sentences end in each take."""
    for (pcm, boundary), part in zip(passing, parts, strict=True):
        cuts.append(cuts_of(said_of(part.segment), pcm, words_of_record(part.take)))
        yield pcm, boundary


def _heard(parts: Iterable[Accepted], spans: Iterable[Span], cuts: Iterable[list[Cut]]) -> Iterator[Heard]:
    for part, span, ends in zip(parts, spans, cuts, strict=True):
        said, words = said_of(part.segment), words_of_record(part.take)
        yield Heard(said, span.start_s, span.end_s, ends,
                    None if words is None else written_words(said, words, span.end_s - span.start_s))


def _lines(parts: Iterable[Accepted], spans: Iterable[Span], clock: FileClock,
           times: Iterator[SentenceTime]) -> Iterator[dict[str, Any]]:
    """One of each segment: span, text, where in the finished audio it lies, and the sentences that begin in it."""
    following = next(times, None)
    for part, span in zip(parts, spans, strict=True):
        begun = []
        while following and following.first < part.segment.end:
            begun.append(following.record())
            following = next(times, None)
        yield {"start": part.segment.start, "end": part.segment.end, "text": part.segment.text,
               "start_seconds": round(clock.at(span.start_s), 3), "end_seconds": round(clock.at(span.end_s), 3),
               TIMES_FIELD: begun}


def _upload_manifest(station: Station, lease: Lease, lines: Iterable[dict[str, Any]]) -> str:
    """As JSON lines."""
    unit = lease.unit
    key = result_key(unit.tenant, unit.job_id, unit.token, "segments.jsonl")
    with making(station.scratch) as folder:
        path = Path(folder) / "segments.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        station.upload(lease, key, path, "application/jsonl")
    return key
