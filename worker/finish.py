"""The finish step: join a job's segments in order, encode once, publish."""

import json
from pathlib import Path

from speechmill.blobs.seam import result_key
from speechmill.store import verbs
from worker.accepted import Accepted, accepted_segments, n_samples_of, sounds
from worker.inputs import spec_of
from worker.join import Joiner
from worker.leases import Lease
from worker.publish import publish
from worker.scratch import making
from worker.station import Station


def finish(station: Station, lease: Lease) -> None:
    """Memory holds one segment's sound at a time, however long the job."""
    unit = lease.unit
    spec = spec_of(unit)
    parts = accepted_segments(station, lease)
    joiner = Joiner()
    output = publish(station, lease, spec, joiner.join(sounds(station, lease, parts)), n_samples_of(parts))
    manifest_key = _upload_manifest(station, lease, parts, joiner, spec.speed)
    speak_ms = sum(part.take["speak_ms"] for part in parts)
    output = output.model_copy(update={"manifest_key": manifest_key})
    station.ring(station.commit(lease, verbs.completed(unit, output, take=None, speak_ms=speak_ms)).bells)


def _upload_manifest(station: Station, lease: Lease, parts: list[Accepted], joiner: Joiner, speed: float) -> str:
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
