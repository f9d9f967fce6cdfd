"""Reading what a unit works on: its job's text, its segment of the plan, and takes that were spoken before."""

import json
from dataclasses import dataclass

from speechmill.blobs.seam import segment_key
from speechmill.errors import BlobMissing, BlobsUnavailable, EncodingFailed
from speechmill.job import Unit
from speechmill.request import SpeechSpec
from worker.encode import read_lossless
from worker.station import Station
from worker.voices.seam import Pcm


@dataclass(frozen=True)
class PlannedSegment:
    """A line of the plan: the span of the source it comes from, the text to speak, and what follows it."""

    start: int
    end: int
    text: str
    boundary: str

    def line(self) -> bytes:
        return json.dumps(self.__dict__, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "PlannedSegment":
        return cls(**json.loads(line))


def spec_of(unit: Unit) -> SpeechSpec:
    return SpeechSpec.model_validate(unit.spec)


def job_text(station: Station, unit: Unit) -> str:
    """The whole input. Raises BlobMissing, BlobsUnavailable."""
    if not unit.input_key:
        return unit.text
    with station.blobs.open(unit.input_key) as stream:
        return stream.read().decode()


def planned_segment(station: Station, unit: Unit) -> PlannedSegment:
    with station.blobs.open(unit.plan_key, unit.plan_offset, unit.plan_bytes) as stream:
        return PlannedSegment.read(stream.read())


def stored_take(station: Station, tenant: str, content_key: str) -> Pcm | None:
    """The sound stored under a content key, float32 [n_samples]; None where there is none that can be read."""
    try:
        with station.blobs.open(segment_key(tenant, content_key)) as stream:
            return read_lossless(stream)
    except (BlobMissing, BlobsUnavailable, EncodingFailed):
        return None
