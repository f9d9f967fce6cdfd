"""Reading what a unit works on: its job's text, its segment of the plan, and takes that were spoken before."""

import json
from dataclasses import dataclass

from speechmill.job import Unit
from speechmill.request import SpeechSpec
from worker.station import Station
from worker.text.reading import Reading


@dataclass(frozen=True)
class PlannedSegment:
    """A line of the plan: the span of the source it comes from, the text to speak as it is said (numbers in words), what follows
    it, and who speaks it, the narrator where that is empty."""

    start: int
    end: int
    text: str
    boundary: str
    speaker: str = ""

    def line(self) -> bytes:
        fields = {name: value for name, value in self.__dict__.items() if name != "speaker" or value}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "PlannedSegment":
        return cls(**json.loads(line))


def spec_of(unit: Unit) -> SpeechSpec:
    return SpeechSpec.model_validate(unit.spec)


def reading_of(spec: SpeechSpec) -> Reading:
    """How the job's text is to be read."""
    return Reading(normalise=spec.normalize)


def job_text(station: Station, unit: Unit) -> str:
    """The whole input. Raises BlobMissing, BlobsUnavailable."""
    if not unit.input_key:
        return unit.text
    with station.blobs.open(unit.input_key) as stream:
        return stream.read().decode()


def planned_segment(station: Station, unit: Unit) -> PlannedSegment:
    with station.blobs.open(unit.plan_key, unit.plan_offset, unit.plan_bytes) as stream:
        return PlannedSegment.read(stream.read())
