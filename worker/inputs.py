"""Reading what a unit works on: its job's text, its segment of the plan, and takes that were spoken before."""

import json
from dataclasses import dataclass, field
from typing import Any

from speechmill.job import Unit
from speechmill.request import SpeechSpec
from worker.station import Station
from worker.text.reading import Reading
from worker.text.written import Written


@dataclass(frozen=True)
class PlannedSegment:
    """A line of the plan: the span of the source it comes from, the text to speak as it is said (numbers in words), what follows
    it, who speaks it, the narrator where that is empty, how it was written, and what makes it sound otherwise, where that is
    wanted."""

    start: int
    end: int
    text: str
    boundary: str
    speaker: str = ""
    written: Written = field(default=Written())
    again: int = 0

    def line(self) -> bytes:
        fields: dict[str, Any] = {"start": self.start, "end": self.end, "text": self.text, "boundary": self.boundary}
        if self.speaker:
            fields["speaker"] = self.speaker
        if self.written != Written(self.start):
            fields["written"] = self.written.fields()
        if self.again:
            fields["again"] = self.again
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "PlannedSegment":
        fields = json.loads(line)
        written = Written.of_fields(fields.pop("written")) if "written" in fields else Written(fields["start"])
        return cls(**fields, written=written)


def spec_of(unit: Unit) -> SpeechSpec:
    return SpeechSpec.model_validate(unit.spec)


def reading_of(station: Station, unit: Unit, spec: SpeechSpec) -> Reading:
    """How the job's text is to be read. Raises LexiconMissing, StoreUnavailable."""
    return Reading(normalise=spec.normalize, lexicon=station.lexicons.of(unit, spec))


def job_text(station: Station, unit: Unit) -> str:
    """The whole input. Raises BlobMissing, BlobsUnavailable."""
    if not unit.input_key:
        return unit.text
    with station.blobs.open(unit.input_key) as stream:
        return stream.read().decode()


def planned_segment(station: Station, unit: Unit) -> PlannedSegment:
    with station.blobs.open(unit.plan_key, unit.plan_offset, unit.plan_bytes) as stream:
        return PlannedSegment.read(stream.read())
