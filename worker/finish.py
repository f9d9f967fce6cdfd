"""The finish step: join a job's segments in order, encode once, publish."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from speechmill.blobs.seam import result_key, segment_key
from speechmill.store import verbs
from worker.encode import read_lossless
from worker.inputs import PlannedSegment, spec_of
from worker.join import Joiner
from worker.leases import Lease
from worker.publish import publish
from worker.station import Station
from worker.voices.seam import Pcm


def finish(station: Station, lease: Lease) -> None:
    """Memory holds one segment's sound at a time, however long the job."""
    unit = lease.unit
    spec = spec_of(unit)
    takes = dict(station.store.takes(unit.job_id))
    joiner = Joiner()
    sound = joiner.join(_segments(station, lease, takes))
    output = publish(station, lease, spec, sound, _n_samples(station, lease, takes))
    manifest = _write_manifest(station, lease, joiner, takes, spec.speed)
    output = output.model_copy(update={"manifest_key": manifest})
    speak_ms = sum(take["speak_ms"] for take in takes.values())
    verdict = station.commit(lease, verbs.completed(unit, output, take=None, speak_ms=speak_ms))
    station.ring(verdict.bells)
