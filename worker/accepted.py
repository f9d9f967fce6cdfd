"""A job's segments with the takes that were accepted for them, and their sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speechmill.blobs.seam import segment_key
from speechmill.errors import BlobMissing, EncodingFailed, SegmentMissing
from worker.encode import read_lossless
from worker.inputs import PlannedSegment
from worker.join import n_pause_samples
from worker.leases import Lease
from worker.station import Station
from worker.text.piece import Boundary
from worker.voices.seam import Pcm


@dataclass(frozen=True)
class Accepted:
    """A planned segment and the record of its take. Where that has no key, a moment of silence stands for the segment."""

    segment: PlannedSegment
    take: dict[str, Any]

    @property
    def boundary(self) -> Boundary:
        return Boundary(self.segment.boundary)


def accepted_segments(station: Station, lease: Lease) -> list[Accepted]:
    """All of a job that was spoken, in order; a few hundred bytes each."""
    unit = lease.unit
    takes = dict(station.store.takes(unit.job_id))
    with station.blobs.open(unit.plan_key) as plan:
        return [Accepted(PlannedSegment.read(line), takes[n]) for n, line in enumerate(plan)]


def n_samples_of(segments: Sequence[Accepted]) -> int:
    """Of all of them joined, with the pauses between them (and the one after the last)."""
    return sum(segment.take["samples"] + n_pause_samples(segment.boundary) for segment in segments)


def sounds(station: Station, lease: Lease, segments: Sequence[Accepted]) -> Iterator[tuple[Pcm, Boundary]]:
    """One after the other, for a Joiner. Raises SegmentMissing, Stopped, BlobsUnavailable."""
    for n, segment in enumerate(segments):
        lease.check()
        yield _sound(station, lease.unit.tenant, n, segment.take), segment.boundary


def _sound(station: Station, tenant: str, n: int, take: dict[str, Any]) -> Pcm:
    if not take["key"]:
        return np.zeros(take["samples"], np.float32)
    try:
        with station.blobs.open(segment_key(tenant, take["key"])) as stream:
            return read_lossless(stream)
    except (BlobMissing, EncodingFailed):
        raise SegmentMissing(f"The stored sound of segment {n} is gone; retry the job to have it spoken again.") from None
