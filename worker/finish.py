"""The finish step: join a job's segments in order, encode once, publish."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechmill.blobs.seam import result_key, segment_key
from speechmill.errors import BlobMissing, EncodingFailed, SegmentMissing
from speechmill.store import verbs
from worker.encode import read_lossless
from worker.inputs import PlannedSegment, spec_of
from worker.join import Joiner, n_pause_samples
from worker.leases import Lease
from worker.publish import publish
from worker.scratch import making
from worker.station import Station
from worker.text.piece import Boundary
from worker.voices.seam import Pcm


@dataclass(frozen=True)
class Part:
    """A planned segment and the record of its accepted take."""

    segment: PlannedSegment
    take: dict[str, Any]

    @property
    def boundary(self) -> Boundary:
        return Boundary(self.segment.boundary)


def finish(station: Station, lease: Lease) -> None:
    """Memory holds one segment's sound at a time, however long the job."""
    unit = lease.unit
    spec = spec_of(unit)
    parts = _parts(station, lease)
    joiner = Joiner()
    n_samples = sum(part.take["samples"] + n_pause_samples(part.boundary) for part in parts)
    output = publish(station, lease, spec, joiner.join(_sounds(station, lease, parts)), n_samples)
    manifest_key = _upload_manifest(station, lease, parts, joiner, spec.speed)
    speak_ms = sum(part.take["speak_ms"] for part in parts)
    output = output.model_copy(update={"manifest_key": manifest_key})
    station.ring(station.commit(lease, verbs.completed(unit, output, take=None, speak_ms=speak_ms)).bells)


def _parts(station: Station, lease: Lease) -> list[Part]:
    """All segments in order; a few hundred bytes each."""
    unit = lease.unit
    takes = dict(station.store.takes(unit.job_id))
    with station.blobs.open(unit.plan_key) as plan:
        return [Part(PlannedSegment.read(line), takes[n]) for n, line in enumerate(plan)]


def _sounds(station: Station, lease: Lease, parts: list[Part]) -> Iterator[tuple[Pcm, Boundary]]:
    for n, part in enumerate(parts):
        lease.check()
        try:
            with station.blobs.open(segment_key(lease.unit.tenant, part.take["key"])) as stream:
                yield read_lossless(stream), part.boundary
        except (BlobMissing, EncodingFailed):
            raise SegmentMissing(f"The stored sound of segment {n} is gone; retry the job to have it spoken again.") from None


def _upload_manifest(station: Station, lease: Lease, parts: list[Part], joiner: Joiner, speed: float) -> str:
    """One JSON line a segment: span, text, and where in the finished audio it lies."""
    unit = lease.unit
    key = result_key(unit.tenant, unit.job_id, unit.token, "segments.jsonl")
    with making(station.scratch) as folder:
        path = Path(folder) / "segments.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for part, span in zip(parts, joiner.spans, strict=True):
                there = span.at_speed(speed)
                line = {"start": part.segment.start, "end": part.segment.end, "text": part.segment.text,
                        "start_seconds": round(there.start_s, 3), "end_seconds": round(there.end_s, 3)}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        station.upload(lease, key, path, "application/jsonl")
    return key
