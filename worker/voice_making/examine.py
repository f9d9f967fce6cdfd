"""The first step of a voice that was uploaded, on a cpu worker: decode the recording in a process of its own, and measure it."""

from hashlib import sha256

from speechmill.store.voices import recorded
from speechmill.voice import VoiceSpec
from worker.leases import Lease
from worker.reference_audio import decode_reference
from worker.station import Station
from worker.voice_making.recording import check_recording, measure

FIELD = "audio_sample"


def examine(station: Station, lease: Lease) -> None:
    """Raises BadReference, which ends the voice as failed; BlobMissing, BlobsUnavailable, Stopped."""
    unit = lease.unit
    spec = VoiceSpec.model_validate(unit.spec)
    content = station.blobs.read(unit.input_key).data
    pcm = decode_reference(content, FIELD)
    check_recording(pcm, station.settings.voices, FIELD)
    recording = measure(pcm, sha256(content).hexdigest(), len(content))
    station.ring(station.commit(lease, recorded(unit, recording, unit.input_key, model=spec.for_model)).bells)
