"""From joined sound to the object that clients download."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechmill.blobs.seam import result_key
from speechmill.job import Output
from speechmill.request import CONTENT_TYPES, SpeechSpec
from worker.encode import encode
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station
from worker.times.clock import FileClock
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


@dataclass(frozen=True)
class Published:
    """A result in storage, and when what is heard in it."""

    output: Output
    clock: FileClock


def publish(station: Station, lease: Lease, spec: SpeechSpec, sound: Iterator[Pcm], n_samples: int) -> Published:
    """Encode into a file, upload it under a key that only this attempt has, and say what it is. It counts once COMPLETED
    commits. Raises Stopped, EncodingFailed, BlobsUnavailable."""
    unit = lease.unit
    key = result_key(unit.tenant, unit.job_id, unit.token, spec.response_format)
    with making(station.scratch) as folder:
        path = Path(folder) / f"speech.{spec.response_format}"
        with station.tracer.span("encode", "internal", lease.span.traceparent, format=spec.response_format):
            encoded = encode(_until_stopped(lease, sound), path, spec.response_format, spec.speed, n_samples)
        sha256 = station.upload(lease, key, path, CONTENT_TYPES[spec.response_format])
        size = path.stat().st_size
    output = Output(key=key, bytes=size, sha256=sha256, content_type=CONTENT_TYPES[spec.response_format],
                    duration_seconds=round(encoded.duration_s, 3), sample_rate=SAMPLE_RATE_HZ)
    return Published(output, encoded.clock)


def publish_lossless(station: Station, lease: Lease, flac: bytes, duration_s: float) -> Published:
    """As `publish`, of sound that is encoded already."""
    unit, content_type = lease.unit, CONTENT_TYPES["flac"]
    key = result_key(unit.tenant, unit.job_id, unit.token, "flac")
    sha256 = station.upload(lease, key, flac, content_type)
    output = Output(key=key, bytes=len(flac), sha256=sha256, content_type=content_type, duration_seconds=round(duration_s, 3),
                    sample_rate=SAMPLE_RATE_HZ)
    return Published(output, FileClock(duration_s=duration_s))


def _until_stopped(lease: Lease, sound: Iterator[Pcm]) -> Iterator[Pcm]:
    for piece in sound:
        lease.check()
        yield piece
